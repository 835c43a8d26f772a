import { formatAgo } from "../format-ago.ts";
import { type Finding, finding } from "../finding.ts";
import { hidden, said } from "../said.ts";

export interface LogFacts {
  /** Errors since the start that are remembered. */
  readonly errors: number;
  /** The last one, so many milliseconds ago. */
  readonly last: { readonly message: string; readonly agoMs: number } | null;
}

export function checkLog({ errors, last }: LogFacts): Finding {
  if (last === null) return finding("log", "ok", said`no errors since the start`);
  return finding(
    "log",
    "warn",
    said`${errors} error${errors === 1 ? "" : "s"} since the start, the last one ${formatAgo(last.agoMs)}: ${hidden("error", last.message)}`,
    "look at it: shoal daemon logs",
  );
}
