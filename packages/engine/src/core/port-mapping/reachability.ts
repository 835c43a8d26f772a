import { type Family, isBogon, isPrivate } from "../../base/address.ts";
import type { MappingVia, OpeningFailure } from "./opening.ts";
import type { RouteState } from "./route-mapping.ts";

/** Why nobody outside can connect to us by one family. */
export type ClosedCode = OpeningFailure | "no-router" | "double-nat";

/** Whether others can connect to us from outside, by one family. */
export type WayIn =
  /** Nothing was asked: it is switched off, or we don't listen, or are kept to this machine. */
  | { readonly state: "off" }
  | { readonly state: "looking" }
  | {
      readonly state: "open";
      /** Null when this computer has a public address of its own, and no router had to be asked. */
      readonly via: MappingVia | null;
      /** As seen from outside; null when the router does not tell. */
      readonly host: string | null;
      readonly port: number;
      /** Milliseconds since the Unix epoch: when it ends, unless it is renewed, which is done at half of the time. Null: not by itself. */
      readonly expiresAt: number | null;
    }
  | {
      readonly state: "closed";
      readonly code: ClosedCode;
      /** A plain clause that can follow "no, because". */
      readonly reason: string;
    };

/** Whether others can connect to us from outside. */
export interface Reachability {
  readonly ipv4: WayIn;
  readonly ipv6: WayIn;
}

/** While no router is asked. */
export const NOT_ASKED: Reachability = { ipv4: { state: "off" }, ipv6: { state: "off" } };

/** The port that others outside are told: the router may have opened another one than ours. 0 when we don't listen. */
export function announcedPort(listenPort: number, reachability: Reachability, family: Family): number {
  const way = family === 4 ? reachability.ipv4 : reachability.ipv6;
  return listenPort !== 0 && way.state === "open" ? way.port : listenPort;
}

export interface WayInFacts {
  /** Null without a way out by this family. */
  readonly route: RouteState | null;
  readonly port: number;
  /** Our address as most of those see it who are outside; null while unknown. */
  readonly seenAs: string | null;
  /** Milliseconds since the Unix epoch of a moment of the session's clock. */
  readonly toWallTime: (at: number) => number;
}

/** What is known of one family in one answer. */
export function wayIn({ route, port, seenAs, toWallTime }: WayInFacts): WayIn {
  if (route === null) return closed("no-router", "this computer is connected to no router");
  const { local, family } = route.route;
  if (route.tcp === null) {
    // Nothing stands between: unless a firewall does, which nobody tells.
    if (family === 4 && !isPrivate(local))
      return { state: "open", via: null, host: local, port, expiresAt: null };
    // Routers with a private address outside mostly say that they have none.
    if (route.failure === "no-outside" && seenAs !== null) {
      return closed("double-nat", `the router is itself behind another one, and others see us as ${seenAs}`);
    }
    return route.failure === null ? { state: "looking" } : closed(route.failure, REASONS[route.failure]);
  }
  const { via, externalHost, externalPort, until } = route.tcp;
  if (family === 4 && externalHost !== null) {
    if (isPrivate(externalHost) || isBogon(externalHost)) {
      return closed(
        "double-nat",
        `the router is itself behind another one, which knows it as ${externalHost}`,
      );
    }
    if (seenAs !== null && seenAs !== externalHost) {
      return closed("double-nat", `the router says it is ${externalHost}, but others see us as ${seenAs}`);
    }
  }
  return { state: "open", via, host: externalHost, port: externalPort, expiresAt: toWallTime(until) };
}

const REASONS: Readonly<Record<OpeningFailure, string>> = {
  silent: "the router does not answer UPnP, NAT-PMP or PCP",
  forbidden: "the router does not allow programs to open ports",
  full: "the router has no room for another open port",
  "no-outside": "the router has no public address of its own; it may be behind another one",
  "other-address": "another router is between this computer and the one that was asked",
  taken: "the router gives the port to another computer",
  unable: "the router could not open the port",
};

function closed(code: ClosedCode, reason: string): WayIn {
  return { state: "closed", code, reason };
}
