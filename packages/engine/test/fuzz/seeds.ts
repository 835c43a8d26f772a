import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { sharedVectors } from "@shoal/testkit";
import { concatBytes, utf8 } from "../../dist/base/bytes.js";
import type { FileIndex } from "../../dist/base/brand.js";
import { buildInfo, comparePaths, planLayout } from "../../dist/meta/create.js";
import type { LayoutEntry, TorrentKind } from "../../dist/meta/layout.js";
import { merkleRoot } from "../../dist/meta/merkle.js";
import { encodeTorrent } from "../../dist/meta/torrent-file.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { BLOCK_SIZE } from "../../dist/meta/layout.js";

/** Longer vectors are left out: what they show, a shorter one shows faster. */
const MAX_VECTOR = 65_536;

export function seedsOf(...texts: readonly string[]): Uint8Array[] {
  return texts.map(utf8);
}

/** .torrent files that other programs made, good and bad; none where the vectors are absent. */
export function torrentVectors(): Uint8Array[] {
  const vectors = sharedVectors();
  if (vectors === null || !existsSync(vectors)) return [];
  const folder = join(vectors, "torrents");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".torrent"))
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(folder, name))))
    .filter((bytes) => bytes.length <= MAX_VECTOR);
}

/** A torrent of files filled with a number, without a disk. */
export interface SmallTorrent {
  readonly infoBytes: Uint8Array;
  readonly torrentBytes: Uint8Array;
}

function smallTorrent(
  kind: TorrentKind,
  sizes: Readonly<Record<string, number>>,
  pieceLength: number,
): SmallTorrent {
  const names = Object.keys(sizes);
  const multiFile = names.length > 1;
  const entries = names
    .map((name): LayoutEntry => entry(name.split("/"), sizes[name]!))
    .sort((a, b) => comparePaths(a.path, b.path));
  const layout = planLayout(kind, pieceLength, multiFile, entries);
  const space = concatBytes(
    ...layout.files.map((file) => new Uint8Array(file.size).fill(file.pad ? 0 : 1 + file.index)),
  );
  const pieces = Array.from({ length: layout.pieceCount }, (_, piece) =>
    space.subarray(piece * pieceLength, piece * pieceLength + layout.pieceSize(piece)),
  );
  const sha256 = (data: Uint8Array): Uint8Array => nodeHasher.sha256(data);
  const root = (bytes: Uint8Array, piece: number): Uint8Array => {
    const leaves = Array.from({ length: layout.blockCount(piece) }, (_, block) =>
      sha256(bytes.subarray(block * BLOCK_SIZE, block * BLOCK_SIZE + layout.blockLength(piece, block))),
    );
    return merkleRoot(sha256, concatBytes(...leaves), layout.leafWidth(piece));
  };
  const built = buildInfo(
    layout,
    {
      sha1: kind === "v2" ? null : concatBytes(...pieces.map((bytes) => nodeHasher.sha1(bytes))),
      roots: kind === "v1" ? null : concatBytes(...pieces.map(root)),
    },
    { name: multiFile ? "folder" : names[0]!, multiFile, private: false, source: "s" },
    sha256,
  );
  const pieceLayers: ReadonlyMap<FileIndex, Uint8Array> = built.pieceLayers;
  const torrentBytes = encodeTorrent({
    ...built,
    pieceLayers,
    trackers: [["http://127.0.0.1:1/a"], ["udp://127.0.0.1:2"]],
    webSeeds: ["http://127.0.0.1/w"],
    comment: "c",
    createdBy: "b",
    creationDate: 1,
  });
  return { infoBytes: built.infoBytes, torrentBytes };
}

/** One torrent of each kind with one file, and one with several. */
export function smallTorrents(): SmallTorrent[] {
  const kinds = ["v1", "v2", "hybrid"] as const;
  return kinds.flatMap((kind) => [
    smallTorrent(kind, { film: 40_000 }, 16_384),
    smallTorrent(kind, { a: 5, "b/c": 40_000, "b/d": 16_384, empty: 0 }, 32_768),
  ]);
}

export function entry(path: readonly string[], size: number): LayoutEntry {
  return { path, size, pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };
}
