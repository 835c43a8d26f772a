import { EncodedBencode, encodeBencode } from "../wire/bencode.ts";
import type { BencodeInput } from "../wire/bencode.ts";
import type { Endpoint } from "../base/address.ts";
import type { FileIndex } from "../base/brand.ts";
import type { Layout } from "./layout.ts";

/**
 * What a .torrent file is made of. A Metainfo is one, so what was parsed or fetched from peers can be written out.
 */
export interface TorrentParts {
  /** The info dictionary, bencoded; goes in as it is. */
  readonly infoBytes: Uint8Array;
  readonly layout: Layout;
  /** As in Metainfo; layers that are not known are left out. */
  readonly pieceLayers: ReadonlyMap<FileIndex, Uint8Array>;
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  /** DHT nodes to begin with (BEP 5). */
  readonly nodes?: readonly Endpoint[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** Seconds since 1970. */
  readonly creationDate: number | null;
}

/** Bytes of a .torrent file (BEP 3, 12, 19, 52). The same parts give the same bytes. */
export function encodeTorrent(parts: TorrentParts): Uint8Array {
  const tiers = parts.trackers.filter((tier) => tier.length > 0);
  const nodes = parts.nodes ?? [];
  const optional: Record<string, BencodeInput | undefined> = {
    announce: tiers[0]?.[0],
    "announce-list": tiers.flat().length > 1 ? tiers : undefined,
    comment: parts.comment ?? undefined,
    "created by": parts.createdBy ?? undefined,
    "creation date": parts.creationDate ?? undefined,
    nodes: nodes.length > 0 ? nodes.map(({ host, port }) => [host, port]) : undefined,
    "piece layers": parts.layout.kind === "v1" ? undefined : layerDictionary(parts),
    "url-list": parts.webSeeds.length > 0 ? parts.webSeeds : undefined,
  };
  return encodeBencode({ ...optional, info: new EncodedBencode(parts.infoBytes) });
}

function layerDictionary({ layout, pieceLayers }: TorrentParts): BencodeInput {
  // Files with the same content share a root, and so a layer.
  const layers = new Map<string, readonly [root: Uint8Array, layer: Uint8Array]>();
  for (const [index, layer] of pieceLayers) {
    const root = layout.files[index]?.piecesRoot;
    if (root !== null && root !== undefined) layers.set(root.join(), [root, layer]);
  }
  return new Map(layers.values());
}
