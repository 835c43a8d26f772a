import { durationText } from "@shoal/engine";

/** "3 days ago", "just now". */
export function formatAgo(ms: number): string {
  return ms < 1_000 ? "just now" : `${durationText(ms)} ago`;
}
