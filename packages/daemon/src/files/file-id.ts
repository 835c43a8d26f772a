import type { Metainfo } from "@shoal/engine";
import { primaryKey } from "@shoal/engine";

/** Names a file whatever torrent it is in: hex of its v2 pieces root, or, in a v1-only torrent, info-hash and file index. */
export function fileId(metainfo: Metainfo, index: number): string {
  const root = metainfo.layout.files[index]?.piecesRoot ?? null;
  return root === null
    ? `${primaryKey(metainfo.infoHashes)}:${index}`
    : Buffer.from(root.buffer, root.byteOffset, root.byteLength).toString("hex");
}
