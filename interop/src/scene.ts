// What the tests of the matrix have in common: its cells, and the two ways of making a torrent.
import { join } from "node:path";
import {
  Shoal,
  magnetOf,
  oddFolderSpec,
  readTorrent,
  runShoal,
  singleFileSpec,
  writePayload,
} from "@shoal/testkit";
import type { Payload, Stage, TorrentFacts, TorrentKind } from "@shoal/testkit";

export const TIMEOUT_MS = 60_000;

/** One cell of the matrix. */
export interface Cell {
  readonly kind: TorrentKind;
  readonly shape: "file" | "folder";
  readonly pieceLength: number;
  /** What the receiver is given. */
  readonly link: "torrent" | "magnet";
}

export interface Prepared {
  readonly payload: Payload;
  /** The .torrent file. */
  readonly file: string;
  readonly facts: TorrentFacts;
}

export function cells(kinds: readonly TorrentKind[]): Cell[] {
  const all: Cell[] = [];
  for (const kind of kinds) {
    for (const shape of ["file", "folder"] as const) {
      for (const pieceLength of [16_384, 1_048_576]) {
        for (const link of ["torrent", "magnet"] as const) all.push({ kind, shape, pieceLength, link });
      }
    }
  }
  return all;
}

export function nameOf({ kind, shape, pieceLength, link }: Cell): string {
  return `${kind} ${shape}, ${pieceLength / 1024} KiB pieces, by ${link}`;
}

export function writeCellPayload(stage: Stage, cell: Pick<Cell, "shape" | "pieceLength">): Promise<Payload> {
  const spec = cell.shape === "file" ? singleFileSpec(cell.pieceLength) : oddFolderSpec(cell.pieceLength);
  return writePayload(stage.folder("data"), spec);
}

/** The torrent as `shoal torrent create` makes it. */
export async function prepareByShoal(
  stage: Stage,
  cell: Pick<Cell, "kind" | "shape" | "pieceLength">,
): Promise<Prepared> {
  const payload = await writeCellPayload(stage, cell);
  const file = join(stage.dir, "ours.torrent");
  const size = ["--piece-size", String(cell.pieceLength)];
  const args = ["torrent", "create", payload.path, "-o", file, `--${cell.kind}`, ...size];
  await runShoal(args, stage.folder("state"));
  return { payload, file, facts: readTorrent(file) };
}

/** What a foreign client is given: the file, or a magnet. */
export function linkFor(
  cell: Pick<Cell, "link">,
  { file, facts }: Prepared,
  trackers: readonly string[] = [],
): { file: string } | { magnet: string } {
  return cell.link === "torrent" ? { file } : { magnet: magnetOf(facts, trackers) };
}

/** `shoal get` of a cell from one peer, until it ends by itself. Returns what it was started as. */
export async function getOnce(
  stage: Stage,
  cell: Pick<Cell, "link">,
  prepared: Prepared,
  peer: { readonly host: string; readonly port: number },
): Promise<{ shoal: Shoal; dir: string }> {
  const dir = stage.folder("got");
  const what = cell.link === "torrent" ? prepared.file : magnetOf(prepared.facts);
  const shoal = Shoal.get(stage, [what, "-o", dir, "--peer", `${peer.host}:${peer.port}`, "--once"]);
  await shoal.complete();
  await shoal.endsWith(0);
  return { shoal, dir };
}
