import type { TorrentKind } from "@shoal/testkit";
import { UsageError } from "../options.ts";
import { note } from "../report.ts";

interface Candidate {
  readonly name: string;
  /** Why it can't run here, or null. */
  lacking(kind: TorrentKind): string | null;
}

/** The named clients (all, if none is named) that can run here; says which can't. */
export function chooseFrom<C extends Candidate>(
  candidates: readonly C[],
  names: readonly string[],
  kind: TorrentKind,
): C[] {
  const unknown = names.find((name) => !candidates.some((candidate) => candidate.name === name));
  if (unknown !== undefined) {
    const known = candidates.map(({ name }) => name).join(", ");
    throw new UsageError(`--only names ${unknown}; known are ${known}`);
  }
  return candidates.filter((candidate) => {
    if (names.length > 0 && !names.includes(candidate.name)) return false;
    const lack = candidate.lacking(kind);
    if (lack !== null) note(`Without ${candidate.name}: ${lack}`);
    return lack === null;
  });
}
