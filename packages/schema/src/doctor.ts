import { type Static, Type } from "typebox";
import { document, WholeNumber } from "./common.ts";
import { TorrentState, Waiting } from "./torrent.ts";

/** One thing that was looked at. */
export const DoctorCheck = Type.Object(
  {
    /** "disk", "reachable"…: the same in every version. */
    check: Type.String(),
    status: Type.Enum(["ok", "info", "warn", "fail"]),
    message: Type.String(),
    /** `message` without names, ids and addresses. */
    report: Type.String(),
    /** What to do, what helps most first. */
    tries: Type.Array(Type.String()),
  },
  { $id: "DoctorCheck", additionalProperties: false },
);
export type DoctorCheck = Static<typeof DoctorCheck>;

/** Where others reach this node: HOST:PORT. */
export const GivenAddress = Type.Object(
  {
    address: Type.String(),
    /** Who can use it: programs on this computer, those in the same network, or everybody. */
    reach: Type.Enum(["computer", "network", "everybody"]),
  },
  { $id: "GivenAddress", additionalProperties: false },
);
export type GivenAddress = Static<typeof GivenAddress>;

/** What works, what does not, and what to try, for one transfer or for the whole node. */
export const DoctorReport = document({
  torrent: Type.Union([
    Type.Object(
      {
        id: Type.Integer({ minimum: 1 }),
        name: Type.String(),
        state: TorrentState,
        /** Of what is wanted, 0 to 100; null while that is not known. */
        percent: Type.Union([Type.Integer({ minimum: 0, maximum: 100 }), Type.Null()]),
        waiting: Type.Union([Waiting, Type.Null()]),
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ]),
  /** One sentence. */
  summary: Type.String(),
  checks: Type.Array(DoctorCheck),
  tries: Type.Array(Type.String()),
  /** To be given to others, those first that reach farthest. */
  addresses: Type.Array(GivenAddress),
  /** 0 when nothing fails; else of the first that does: 6 network, 9 no space, 10 file system. */
  exitCode: WholeNumber,
});
export type DoctorReport = Static<typeof DoctorReport>;
