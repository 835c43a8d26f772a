import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";
import { GivenAddress } from "./doctor.ts";

/** Whether others can connect from outside, by IPv4 or IPv6. */
const WayIn = Type.Union([
  /** Nothing was asked: it is switched off, or nobody listens. */
  Type.Object({ state: Type.Literal("off") }),
  Type.Object({ state: Type.Literal("looking") }),
  Type.Object({
    state: Type.Literal("open"),
    /** By what the router was asked; null when none has to be. */
    via: Type.Union([Type.String(), Type.Null()]),
    /** As seen from outside; null where the router does not tell. */
    host: Type.Union([Type.String(), Type.Null()]),
    port: WholeNumber,
    /** When it ends unless it is renewed; null: not by itself. */
    expiresAt: Type.Union([Time, Type.Null()]),
  }),
  Type.Object({
    state: Type.Literal("closed"),
    code: Type.String(),
    /** A clause that can follow "no, because". */
    reason: Type.String(),
  }),
]);
export type WayIn = Static<typeof WayIn>;

export const Reachability = Type.Object({ ipv4: WayIn, ipv6: WayIn }, { $id: "Reachability" });
export type Reachability = Static<typeof Reachability>;

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
  /** What the routers say to that, by family. */
  reachability: Reachability,
  /** Address of the web page. */
  ui: Type.String(),
});
export type NodeInfo = Static<typeof NodeInfo>;
