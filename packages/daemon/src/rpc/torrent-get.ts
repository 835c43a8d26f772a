import type { Transfer } from "../transfer.ts";
import type { DetailName, Details } from "./torrent-details.ts";
import { TORRENT_FIELDS, type TorrentField } from "./torrent-fields.ts";
import type { TorrentLook } from "./torrent-look.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";

/** Torrents are looked up so many at a time. */
const AT_ONCE = 16;

/** How a transfer is looked at. */
export interface Looker {
  details(transfer: Transfer, needed: ReadonlySet<DetailName>): Promise<Details>;
  look(transfer: Transfer, details: Details): TorrentLook;
}

/** `torrent-get`: the fields that were asked for, as objects or as a table. Unknown ones are left out. */
export async function torrentGet(
  { fields, format }: RpcArguments,
  transfers: readonly Transfer[],
  looker: Looker,
): Promise<unknown[]> {
  const names = Array.isArray(fields) ? fields : [];
  if (names.length === 0) throw new RpcError("no fields specified", { torrents: [] });
  const wanted = new Map<string, TorrentField>();
  for (const name of names) {
    const field = typeof name === "string" ? TORRENT_FIELDS.get(name) : undefined;
    if (field !== undefined) wanted.set(name as string, field);
  }
  const needed = new Set([...wanted.values()].flatMap(({ needs }) => (needs === undefined ? [] : [needs])));
  const rows: unknown[] = format === "table" ? [[...wanted.keys()]] : [];
  for (let at = 0; at < transfers.length; at += AT_ONCE) {
    const some = transfers.slice(at, at + AT_ONCE);
    const details = await Promise.all(some.map((transfer) => looker.details(transfer, needed)));
    for (const [i, transfer] of some.entries()) {
      const look = looker.look(transfer, details[i]!);
      const cells = [...wanted].map(([name, field]) => [name, field.of(look)] as const);
      rows.push(format === "table" ? cells.map(([, value]) => value) : Object.fromEntries(cells));
    }
  }
  return rows;
}
