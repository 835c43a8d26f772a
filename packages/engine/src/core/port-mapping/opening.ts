import type { Millis } from "../../base/brand.ts";
import type { MappedProtocol, MappingRefusal } from "../../wire/port-mapping.ts";

/** What spoke with the router. */
export type MappingVia = "PCP" | "NAT-PMP" | "UPnP";

/** A port that the router lets through to us. */
export interface Opening {
  readonly via: MappingVia;
  readonly protocol: MappedProtocol;
  /** The router's address on the outside; with IPv6 our own. Null when it tells none. */
  readonly externalHost: string | null;
  readonly externalPort: number;
  /** For how long, unless it is asked for again. */
  readonly lifetimeMs: number;
}

/** Why there is no opening. "silent": nobody answered. */
export type OpeningFailure = MappingRefusal | "silent";

/** Hears what comes of requests: for each protocol one outcome, and another one when the router later says otherwise. */
export interface OpenerHost {
  onOpened(opening: Opening, now: Millis): void;
  onRefused(protocol: MappedProtocol, failure: OpeningFailure, now: Millis): void;
}

/** One way of asking a router to open our port for TCP and UDP. No sockets, no timers. */
export interface Opener {
  /** Asks for everything, or asks again for what is open. */
  open(now: Millis): void;
  /** Gives up what is under way; the outcome is not told any more, and what the router opens nevertheless is taken back. */
  stop(now: Millis): void;
  /** Takes back all that is open. */
  close(now: Millis): void;
  /** Nothing is open or under way, as far as we know. */
  readonly isIdle: boolean;
  onTime(now: Millis): void;
  nextDeadline(): Millis;
}

/** How long a port is asked for: what RFC 6887 and 6886 recommend at most as a matter of course. */
export const LEASE_SECONDS = 3_600;

/** The lifetime that a router grants, within what we believe. */
export function believedLifetimeMs(seconds: number): number {
  return Math.min(Math.max(seconds, 120), 86_400) * 1000;
}
