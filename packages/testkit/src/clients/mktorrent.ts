import { runToEnd } from "../child.ts";
import { readTorrent } from "../torrent-facts.ts";
import type { TorrentFacts } from "../torrent-facts.ts";

export interface MktorrentSpec {
  readonly path: string;
  readonly output: string;
  /** A power of two. */
  readonly pieceLength: number;
  /** mktorrent insists on one. */
  readonly tracker: string;
}

/** Makes a v1 torrent. */
export async function mktorrent(spec: MktorrentSpec): Promise<TorrentFacts> {
  const power = String(Math.log2(spec.pieceLength));
  await runToEnd({
    name: "mktorrent",
    command: "mktorrent",
    args: ["-d", "-l", power, "-a", spec.tracker, "-o", spec.output, spec.path],
  });
  return readTorrent(spec.output);
}
