/** Port on which routers take requests of PCP (RFC 6887, 19.1) and NAT-PMP (RFC 6886, 3.1). */
export const GATEWAY_PORT = 5351;

/** Group and port to which routers say that they have begun anew (RFC 6887, 14.1.1; RFC 6886, 3.2.1). */
export const GATEWAY_NEWS = { host: "224.0.0.1", port: 5350 } as const;

/** What a port is mapped for. */
export type MappedProtocol = "tcp" | "udp";

export const MAPPED_PROTOCOLS: readonly MappedProtocol[] = ["tcp", "udp"];
/** IANA numbers. */
export const PROTOCOL_NUMBERS: Readonly<Record<MappedProtocol, number>> = { tcp: 6, udp: 17 };

/** Why a router maps no port, whatever the protocol it speaks. */
export type MappingRefusal =
  /** Its owner or its settings do not permit it. */
  | "forbidden"
  /** It has no room for one more. */
  | "full"
  /** It has no address, or no connection, on the outside. */
  | "no-outside"
  /** It is not the router that has the outside address: another one is between us and it. */
  | "other-address"
  /** The port is taken, and it gives no other. */
  | "taken"
  /** It does not know the request, or failed. */
  | "unable";
