import type { Reachability, Session } from "../../engine.ts";
import { clean } from "../../ui/clean.ts";
import type { Output } from "../../ui/output.ts";

/**
 * Whether people elsewhere can connect to us, once it is known; nothing before. One family that works is enough; of two that don't, IPv4
 * says why. `port` is what a person can forward at the router; null when that would not help.
 */
export function reachabilityLines({ ipv4, ipv6 }: Reachability, port: number | null): string[] {
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

/** Tells of it now, and whenever it becomes otherwise. */
export function tellReachability(output: Output, session: Session): void {
  const { endpoint } = session;
  if (endpoint === null) return;
  // Whoever names an address knows who comes by it.
  const port = endpoint.host === "::" || endpoint.host === "0.0.0.0" ? endpoint.port : null;
  let told = "";
  const tell = (reachability: Reachability): void => {
    output.event("reachability", { ...reachability });
    const lines = reachabilityLines(reachability, port);
    if (lines.join() === told) return;
    told = lines.join();
    for (const line of lines) output.note(line);
  };
  tell(session.reachability());
  session.on((event) => {
    if (event.type === "reachability") tell(event.reachability);
  });
}
