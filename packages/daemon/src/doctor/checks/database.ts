import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { hidden, said } from "../said.ts";

export interface DatabaseFacts {
  /** What it answers to a question that needs no table; null when all is well. */
  readonly error: string | null;
  /** How long that took, ms. */
  readonly tookMs: number;
}

const SLOW_MS = 1_000;

export function checkDatabase({ error, tookMs }: DatabaseFacts): Finding {
  if (error !== null)
    return failure(
      "database",
      EXIT.fileSystem,
      said`does not answer: ${hidden("error", error)}`,
      "look at the disk of the state folder, then: shoal daemon restart",
    );
  if (tookMs > SLOW_MS)
    return finding("database", "warn", said`answers slowly: ${Math.round(tookMs)} ms for a small question`);
  return finding("database", "ok", said`answers`);
}
