import { REASONS, type ShoalError, type WaitingReason } from "@shoal/engine";
import { plain } from "./values.ts";

const NONE = 0;
const TRACKER_ERROR = 2;
const LOCAL_ERROR = 3;

/**
 * What is wrong with a torrent: Transmission's number for it, and the sentence that all faces show. Many programs show a warning for any sentence: what
 * passes by itself in a moment, and what the user wants so, has none.
 */
export function errorOf(
  error: ShoalError | null,
  waiting: Pick<WaitingReason, "code" | "message"> | null,
): { readonly error: number; readonly errorString: string } {
  if (error !== null) return { error: LOCAL_ERROR, errorString: plain(waiting?.message ?? error.message) };
  if (waiting === null || !REASONS[waiting.code].isTrouble) return { error: NONE, errorString: "" };
  return { error: numberOf(waiting.code), errorString: plain(waiting.message) };
}

/** That nobody is there is no error of the torrent, and neither is a tracker that does not answer. */
function numberOf(code: WaitingReason["code"]): number {
  if (code === "tracker-refused") return TRACKER_ERROR;
  return REASONS[code].area === "disk" ? LOCAL_ERROR : NONE;
}
