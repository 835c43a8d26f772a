import { setTimeout as delay } from "node:timers/promises";

export interface PollOptions {
  /** Milliseconds after which polling gives up and throws. */
  readonly within?: number;
  /** Milliseconds between two looks. */
  readonly every?: number;
}

/**
 * Looks again and again until `look` yields something other than null, undefined or false, and returns that. For
 * programs that can only be asked; where an event can be awaited, await the event.
 */
export async function poll<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  options: PollOptions = {},
): Promise<T> {
  const within = options.within ?? 45_000;
  const deadline = performance.now() + within;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${within} ms`);
    await delay(options.every ?? 25);
  }
}
