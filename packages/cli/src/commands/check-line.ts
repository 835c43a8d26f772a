import type { CheckProgress } from "../engine.ts";
import { progressText } from "../ui/progress.ts";
import type { Style } from "../ui/style.ts";

/** "Checking Holiday  38 %, 2 min left", while data on disk is compared; `pieceCount` stands in until there is progress. */
export function checkLine(
  what: string,
  progress: CheckProgress | null,
  pieceCount: number,
  style: Style,
): string {
  const {
    checkedPieces: done,
    pieceCount: total,
    etaMs,
  } = progress ?? { checkedPieces: 0, pieceCount, etaMs: null };
  return `Checking ${what}  ${progressText({ done, total, rate: null, etaMs }, style)}`;
}
