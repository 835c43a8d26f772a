import type { Reachability as DaemonReachability } from "@shoal/schema";

import type { Reachability, Session, WayIn } from "../../engine.ts";
import { clean } from "../../ui/clean.ts";
import type { Output } from "../../ui/output.ts";

/**
 * Whether people elsewhere can connect to us, once it is known; nothing before. One family that works is enough; of two that don't, IPv4
 * says why. `port` is what a person can forward at the router; null when that would not help.
 */
export function reachabilityLines({ ipv4, ipv6 }: DaemonReachability, port: number | null): string[] {
  if (ipv4.state === "looking") return [];
  const open = [ipv4, ipv6].filter((way) => way.state === "open");
  const by = open.find(({ via }) => via !== null) ?? open[0];
  if (by?.via === null) {
    return [`Reachable from outside: yes, unless a firewall forbids it (public address ${by.host}).`];
  }
  if (by !== undefined) {
    const family = by === ipv6 ? ", over IPv6 only" : "";
    return [`Reachable from outside: yes (router opened port ${by.port}${family}).`];
  }
  if (ipv6.state === "looking") return [];
  const closed = [ipv4, ipv6].find((way) => way.state === "closed");
  return [
    ...(closed === undefined ? [] : [`Reachable from outside: no (${clean(closed.reason)}).`]),
    ...(port === null ? [] : [`From elsewhere the router must forward TCP port ${port}.`]),
  ];
}

/** Tells whether people elsewhere can connect, whenever that becomes otherwise. */
export class ReachabilityNotes {
  readonly #output: Output;
  readonly #port: number | null;
  #lines = "";
  #event = "";

  constructor(output: Output, endpoint: { readonly host: string; readonly port: number }) {
    this.#output = output;
    // Whoever names an address knows who comes by it.
    this.#port = endpoint.host === "::" || endpoint.host === "0.0.0.0" ? endpoint.port : null;
  }

  tell(reachability: DaemonReachability): void {
    const event = JSON.stringify(reachability);
    if (event === this.#event) return;
    this.#event = event;
    this.#output.event("reachability", { ...reachability });
    const lines = reachabilityLines(reachability, this.#port);
    if (lines.join() === this.#lines) return;
    this.#lines = lines.join();
    for (const line of lines) this.#output.note(line);
  }
}

/** Tells of a session now, and whenever it becomes otherwise. */
export function tellReachability(output: Output, session: Session): void {
  if (session.endpoint === null) return;
  const notes = new ReachabilityNotes(output, session.endpoint);
  const tell = ({ ipv4, ipv6 }: Reachability): void => notes.tell({ ipv4: wayIn(ipv4), ipv6: wayIn(ipv6) });
  tell(session.reachability());
  session.on((event) => {
    if (event.type === "reachability") tell(event.reachability);
  });
}

function wayIn(way: WayIn): DaemonReachability["ipv4"] {
  if (way.state !== "open") return way;
  const { expiresAt } = way;
  return { ...way, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
}
