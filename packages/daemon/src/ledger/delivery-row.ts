import { type Delivery, primaryKey } from "@shoal/engine";
import { fileId } from "../files/file-id.ts";

/** Longest text of a stranger that is kept. */
const MAX_CLIENT = 64;

/** Columns of `deliveries` besides the number, in the order of `INSERT`. */
export type DeliveryRow = readonly [
  at: number,
  up: 0 | 1,
  key: string,
  fileId: string,
  path: string,
  piece: number,
  kind: "peer" | "web-seed" | null,
  peer: string | null,
  client: string | null,
  bytes: number,
];

/** What of each torrent is asked again and again. */
interface Known {
  readonly key: string;
  readonly ids: Map<number, string>;
}

/** Turns what the engine noted into rows of the transfer log. `now`: milliseconds since 1970. */
export function deliveryRows(deliveries: readonly Delivery[], now: number): DeliveryRow[] {
  const known = new Map<Delivery["content"], Known>();
  return deliveries.map(({ direction, content, piece, file, party, bytes, ageMs }) => {
    const { metainfo } = content;
    let torrent = known.get(content);
    if (torrent === undefined)
      known.set(content, (torrent = { key: primaryKey(metainfo.infoHashes), ids: new Map() }));
    let id = torrent.ids.get(file);
    if (id === undefined) torrent.ids.set(file, (id = fileId(metainfo, file)));
    return [
      Math.round(now - ageMs),
      direction === "up" ? 1 : 0,
      torrent.key,
      id,
      content.pathOf(file),
      piece,
      party?.kind ?? null,
      party?.address ?? null,
      party === null || party.client === "" ? null : party.client.slice(0, MAX_CLIENT),
      bytes,
    ];
  });
}
