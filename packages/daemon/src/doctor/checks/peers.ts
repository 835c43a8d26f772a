import { formatAgo } from "../format-ago.ts";
import { type Finding, finding } from "../finding.ts";
import { said } from "../said.ts";

export interface PeersFacts {
  readonly connected: number;
  readonly seeds: number;
  /** Part of all pieces that those have together who are connected, 0 to 1; null while that is not known. */
  readonly together: number | null;
  /** So long ago they had everything; null when that was never seen. Milliseconds. */
  readonly sinceCompleteMs: number | null;
}

export function checkPeers({ connected, seeds, together, sinceCompleteMs }: PeersFacts): Finding {
  const complete =
    sinceCompleteMs === null || seeds > 0 ? said`` : said`; last seen complete ${formatAgo(sinceCompleteMs)}`;
  if (connected === 0) return finding("peers", "info", said`none connected${complete}`);
  const have =
    seeds > 0
      ? said`, ${seeds} with everything`
      : together === null
        ? said``
        : said`, together they have ${Math.floor(together * 100)} %`;
  return finding("peers", "info", said`${connected} connected${have}${complete}`);
}
