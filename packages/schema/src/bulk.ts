import { type Static, Type } from "typebox";
import { document, ErrorBody, WholeNumber } from "./common.ts";
import { LabelNames } from "./label.ts";
import { TorrentChanges } from "./torrent.ts";
import { MoveFiles, QueueMove, TrackerChanges } from "./torrent-actions.ts";

/** One thing that is done to many transfers. */
export const BulkAction = Type.Object(
  {
    ids: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 100_000, uniqueItems: true }),
    action: Type.Enum([
      "pause",
      "resume",
      "recheck",
      "announce",
      "remove",
      "queue",
      "set",
      "label",
      "move",
      "trackers",
    ]),
    /** For `remove`. */
    deleteFiles: Type.Optional(Type.Boolean()),
    /** For `queue`. */
    queue: Type.Optional(QueueMove),
    /** For `set`. */
    changes: Type.Optional(TorrentChanges),
    /** For `label`. */
    labels: Type.Optional(
      Type.Object(
        { add: Type.Optional(LabelNames), remove: Type.Optional(LabelNames) },
        { additionalProperties: false },
      ),
    ),
    /** For `move`. */
    move: Type.Optional(MoveFiles),
    /** For `trackers`. */
    trackers: Type.Optional(TrackerChanges),
  },
  { $id: "BulkAction", additionalProperties: false },
);
export type BulkAction = Static<typeof BulkAction>;

/** What became of each, in the order of the request. */
export const BulkResult = document({
  done: WholeNumber,
  failed: WholeNumber,
  results: Type.Array(
    Type.Object({
      id: WholeNumber,
      ok: Type.Boolean(),
      /** As an answer that is an error has it. */
      error: Type.Optional(ErrorBody.properties.error),
    }),
  ),
});
export type BulkResult = Static<typeof BulkResult>;
