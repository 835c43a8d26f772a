import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";

/** One thing that somebody did, or tried to do. */
export const AuditEntry = Type.Object(
  {
    seq: WholeNumber,
    at: Time,
    /** Name of the token; null for the user of this computer. */
    who: Type.Union([Type.String(), Type.Null()]),
    /** Address; null on the socket. */
    client: Type.Union([Type.String(), Type.Null()]),
    /** "token used", "token refused", or method and route. */
    action: Type.String(),
    /** What it was done to. */
    target: Type.String(),
    /** HTTP status of the answer. */
    status: WholeNumber,
  },
  { $id: "AuditEntry", additionalProperties: false },
);
export type AuditEntry = Static<typeof AuditEntry>;

/** The oldest first. */
export const AuditPage = document({ rows: Type.Array(AuditEntry) });
