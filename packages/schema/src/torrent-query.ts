import { type Static, Type } from "typebox";
import { document, WholeNumber } from "./common.ts";
import { Torrent } from "./torrent.ts";

/** What of the list of transfers is wanted. */
export const TorrentQuery = Type.Object(
  {
    fields: Type.Optional(
      Type.String({
        maxLength: 2_000,
        description: "only these fields of each, with commas between; all by default",
      }),
    ),
    state: Type.Optional(
      Type.String({ maxLength: 200, description: "one of these states, with commas between" }),
    ),
    label: Type.Optional(Type.String({ maxLength: 2_000, description: "with one of these labels" })),
    ids: Type.Optional(
      Type.String({
        maxLength: 20_000,
        pattern: "^\\d{1,15}(-\\d{1,15})?(,\\d{1,15}(-\\d{1,15})?)*$",
        description: "with these numbers, such as `1,3-5`",
      }),
    ),
    search: Type.Optional(
      Type.String({ maxLength: 500, description: "words of the name, or the beginning of an info-hash" }),
    ),
    active: Type.Optional(Type.Boolean({ description: "those that give or get something, or the others" })),
    sort: Type.Optional(
      Type.String({
        maxLength: 40,
        pattern: "^-?[a-zA-Z0-9]+$",
        description: "a field, backwards with `-` before it; by number by default",
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "at most so many" })),
    offset: Type.Optional(Type.Integer({ minimum: 0, description: "without the first so many" })),
  },
  { additionalProperties: false },
);
export type TorrentQuery = Static<typeof TorrentQuery>;

/** Transfers, each with the fields that were asked for. */
export const TorrentSelection = document({
  /** Give it to `GET /events` as `since` for what changes from now on. */
  revision: WholeNumber,
  /** How many there are without `limit` and `offset`. */
  total: WholeNumber,
  torrents: Type.Array(Type.Partial(Torrent)),
});
export type TorrentSelection = Static<typeof TorrentSelection>;
