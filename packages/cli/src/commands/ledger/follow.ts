import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "../../context.ts";
import { stopReason } from "../../context.ts";
import { EXIT_CODES } from "../../exit-codes.ts";

/** New rows are asked for so often. */
const EVERY_MS = 500;

/** Asks for what follows a row, again and again, until the command is ended. `next` shows what is new, and says which row it was last. */
export async function follow(
  { signal }: Context,
  from: number,
  next: (after: number) => Promise<number>,
): Promise<number> {
  let after = from;
  try {
    for (;;) {
      await sleep(EVERY_MS, undefined, { signal });
      after = await next(after);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const reason = stopReason(signal);
  return EXIT_CODES[reason === "terminate" ? "terminated" : reason === "timeout" ? "timeout" : "interrupted"]
    .code;
}

/** "?a=1&b=2" of what is not null. */
export function queryOf(fields: Readonly<Record<string, string | number | null>>): string {
  const query = new URLSearchParams();
  for (const [name, field] of Object.entries(fields)) if (field !== null) query.set(name, String(field));
  return query.size === 0 ? "" : `?${query.toString()}`;
}
