import type { InfoHashes, Magnet, Metainfo } from "../../engine.ts";

/** Lower-case hex. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function hexOrNull(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : hex(bytes);
}

/** `infoHashV1` and `infoHashV2` as in every JSON document. */
export function hashFields(infoHashes: InfoHashes): { infoHashV1: string | null; infoHashV2: string | null } {
  return { infoHashV1: hexOrNull(infoHashes.v1), infoHashV2: hexOrNull(infoHashes.v2) };
}

/** The files of a torrent as people know them: pad files left out, paths as in the torrent, not made safe. */
export function listFiles(metainfo: Metainfo): { path: string; size: number }[] {
  return metainfo.layout.files
    .filter((file) => !file.pad)
    .map((file) => ({ path: file.path.join("/"), size: file.size }));
}

/** The magnet of a torrent, with its trackers and web seeds and the peers given. */
export function magnetOf(metainfo: Metainfo, peers: Magnet["peers"] = []): Magnet {
  return {
    infoHashes: metainfo.infoHashes,
    name: metainfo.name,
    trackers: metainfo.trackers.flat(),
    webSeeds: metainfo.webSeeds,
    peers,
    exactLength: metainfo.layout.contentSize,
    selectOnly: null,
  };
}

/** The document of `torrent info` for a .torrent file; absent is null. */
export function describeTorrent(metainfo: Metainfo, magnet: string): Record<string, unknown> {
  const { layout } = metainfo;
  return {
    name: metainfo.name,
    kind: layout.kind,
    ...hashFields(metainfo.infoHashes),
    pieceLength: layout.pieceLength,
    pieceCount: layout.pieceCount,
    totalSize: layout.contentSize,
    files: listFiles(metainfo),
    trackers: metainfo.trackers,
    webSeeds: metainfo.webSeeds,
    private: metainfo.private,
    source: metainfo.source,
    comment: metainfo.comment,
    createdBy: metainfo.createdBy,
    createdAt: timestamp(metainfo.creationDate),
    magnet,
    warnings: metainfo.warnings,
  };
}

/** The same document for a magnet link, which knows less. */
export function describeMagnet(magnet: Magnet, link: string): Record<string, unknown> {
  const { v1, v2 } = magnet.infoHashes;
  return {
    name: magnet.name,
    kind: v1 === null ? "v2" : v2 === null ? "v1" : "hybrid",
    ...hashFields(magnet.infoHashes),
    pieceLength: null,
    pieceCount: null,
    totalSize: magnet.exactLength,
    files: null,
    trackers: magnet.trackers.map((url) => [url]),
    webSeeds: magnet.webSeeds,
    private: null,
    source: null,
    comment: null,
    createdBy: null,
    createdAt: null,
    magnet: link,
    warnings: [],
  };
}

/** Seconds since 1970 as RFC 3339, or null where there is no such date. */
export function timestamp(seconds: number | null): string | null {
  if (seconds === null || !(Math.abs(seconds) <= 8.64e12)) return null;
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
