import type { ShoalError, WaitingReason } from "@shoal/engine";
import { plain } from "./values.ts";

const NONE = 0;
const TRACKER_ERROR = 2;
const LOCAL_ERROR = 3;

/**
 * Reasons for waiting that a program should show as a warning: nothing will come unless somebody does something, or others come back. What passes by itself in
 * a moment, and what the user wants so, is no warning.
 */
const WARNINGS: Readonly<Record<string, number>> = {
  "disk-full": LOCAL_ERROR,
  "disk-error": LOCAL_ERROR,
  "files-missing": LOCAL_ERROR,
  "files-changed": LOCAL_ERROR,
  "no-network": LOCAL_ERROR,
  clock: LOCAL_ERROR,
  // Only when none of the trackers has anything for us.
  "tracker-refused": TRACKER_ERROR,
  "tracker-down": TRACKER_ERROR,
  blocked: NONE,
  version: NONE,
  "no-peers": NONE,
  "need-metadata": NONE,
  "need-hashes": NONE,
  "only-peer-banned": NONE,
  "peers-no-data": NONE,
  "peers-plain-only": NONE,
  "peers-silent": NONE,
  "web-server-down": NONE,
};

/** What is wrong with a torrent: Transmission's number for it, and the sentence that all faces show. */
export function errorOf(
  error: ShoalError | null,
  waiting: Pick<WaitingReason, "code" | "message"> | null,
): { readonly error: number; readonly errorString: string } {
  if (error !== null) return { error: LOCAL_ERROR, errorString: plain(waiting?.message ?? error.message) };
  if (waiting === null || !Object.hasOwn(WARNINGS, waiting.code)) return { error: NONE, errorString: "" };
  return { error: WARNINGS[waiting.code]!, errorString: plain(waiting.message) };
}
