import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { hidden, type Said, said } from "../said.ts";

/** The way out by one address family: the address that packets would leave from; null when there is no route. */
export type RouteFact = string | null;

export interface NetworkFacts {
  /** Nothing is to leave this computer. */
  readonly isKept: boolean;
  /** Why the engine reaches nothing, in one clause; null when it may. */
  readonly obstacle: string | null;
  /** What all sockets are bound to; null for everything. */
  readonly host: string | null;
  readonly hasProxy: boolean;
  readonly ipv4: RouteFact;
  readonly ipv6: RouteFact;
}

export function checkNetwork(facts: NetworkFacts): Finding {
  const { obstacle, host, hasProxy, ipv4, ipv6 } = facts;
  const bound = host === null ? said`` : said`, bound to ${hidden("address", host)}`;
  if (facts.isKept)
    return finding(
      "network",
      "info",
      said`kept to this computer: nothing leaves it, and nobody outside is met`,
    );
  if (obstacle !== null)
    return failure(
      "network",
      EXIT.network,
      said`${hidden("what is missing", obstacle)}`,
      "bring up the interface or VPN that shoal is bound to",
      "or bind it to nothing: shoal config unset network.host",
    );
  if (ipv4 === null && ipv6 === null)
    return failure(
      "network",
      EXIT.network,
      said`no way out: there is no route by IPv4 or IPv6`,
      "connect this computer to a network",
    );
  const proxy = hasProxy ? said`, everything goes through a proxy` : said``;
  return finding("network", "ok", said`${family(4, ipv4)}, ${family(6, ipv6)}${bound}${proxy}`);
}

function family(version: 4 | 6, route: RouteFact): Said {
  return route === null ? said`no IPv${version}` : said`IPv${version} up`;
}
