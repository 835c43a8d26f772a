import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";
import { GivenAddress } from "./doctor.ts";

/** What runs, and where it can be reached. */
export const NodeInfo = document({
  version: Type.String(),
  pid: WholeNumber,
  profile: Type.String(),
  /** The public key of the node, for people: base32 in groups with check digits. */
  peerId: Type.String(),
  startedAt: Time,
  downloadDir: Type.String(),
  /** What the node keeps for itself. */
  stateDir: Type.String(),
  /** Where peers can connect; null when it does not listen. */
  peerPort: Type.Union([WholeNumber, Type.Null()]),
  /** By which address; "0.0.0.0" and "::" are all that it has. */
  peerHost: Type.Union([Type.String(), Type.Null()]),
  /** To be given to others, those first that reach farthest. */
  addresses: Type.Array(GivenAddress),
  /** Whether somebody outside can connect: by evidence, else it is unknown. */
  reachable: Type.Enum(["yes", "no", "unknown"]),
  /** The evidence, or what is against it, in one clause. */
  reachableWhy: Type.String(),
  /** Address of the web page. */
  ui: Type.String(),
});
export type NodeInfo = Static<typeof NodeInfo>;
