import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";

/** Something that happened while nobody was watching; kept until somebody has seen it. */
export const KeptNotice = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    at: Time,
    kind: Type.Enum(["finished", "failed", "hook-failed", "move-failed", "watch-folder"]),
    /** One sentence. */
    message: Type.String(),
    torrentId: Type.Union([WholeNumber, Type.Null()]),
    /** Null: nobody has seen it yet. */
    seenAt: Type.Union([Time, Type.Null()]),
  },
  { $id: "KeptNotice", additionalProperties: false },
);
export type KeptNotice = Static<typeof KeptNotice>;

export const KeptNoticeList = document({ notices: Type.Array(KeptNotice) });
export type KeptNoticeList = Static<typeof KeptNoticeList>;

/** All notices up to this number were seen. */
export const NoticesSeen = Type.Object(
  { upTo: WholeNumber },
  { $id: "NoticesSeen", additionalProperties: false },
);
export type NoticesSeen = Static<typeof NoticesSeen>;
