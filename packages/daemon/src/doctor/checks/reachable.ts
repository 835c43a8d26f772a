import type { Reachability, WayIn } from "@shoal/engine";
import { formatAgo } from "../format-ago.ts";
import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { hidden, said } from "../said.ts";

export interface ReachableFacts {
  /** Nothing is to leave this computer. */
  readonly isKept: boolean;
  readonly port: number | null;
  /** So long ago somebody from outside connected; null when nobody has. Milliseconds. */
  readonly sinceIncomingMs: number | null;
  /** What routers say. */
  readonly reachability: Reachability;
}

/** So long a connection from outside is evidence. */
const EVIDENCE_MS = 10 * 60_000;
/** With these nobody gets in, whatever was set by hand in the router that is known. */
const CERTAIN: ReadonlySet<string> = new Set(["double-nat", "no-outside", "taken"]);

/** Whether others can connect from outside: evidence, or "unknown"; never a guess. */
export function checkReachable({ isKept, port, sinceIncomingMs, reachability }: ReachableFacts): Finding {
  if (isKept) return finding("reachable", "info", said`from this computer only, as it was told`);
  if (port === null) return finding("reachable", "info", said`no: it does not listen`);
  if (sinceIncomingMs !== null && sinceIncomingMs <= EVIDENCE_MS)
    return finding("reachable", "ok", said`somebody from outside connected ${formatAgo(sinceIncomingMs)}`);
  const ways = [reachability.ipv4, reachability.ipv6];
  const earlier = sinceIncomingMs === null ? said`` : said`; the last one came ${formatAgo(sinceIncomingMs)}`;
  const forward = `forward TCP and UDP ${port} in the router to this computer`;
  const open = ways.find((way) => way.state === "open");
  if (open !== undefined) {
    const how = open.via === null ? "this computer has a public address" : `the router has opened the port`;
    const text = said`unknown: ${how}, and nobody from outside has connected in the last 10 minutes${earlier}`;
    return finding("reachable", "info", text);
  }
  const closed = ways.filter(isClosed).toSorted(byCertainty)[0];
  if (closed === undefined) {
    const asking = ways.some(({ state }) => state === "looking") ? "; the router is being asked" : "";
    const text = said`unknown: nobody from outside has connected in the last 10 minutes${asking}${earlier}`;
    return finding("reachable", "info", text, forward);
  }
  const why = hidden("what the router says", closed.reason);
  if (CERTAIN.has(closed.code) && ways.every((way) => way.state !== "looking"))
    return failure(
      "reachable",
      EXIT.network,
      said`nobody outside can connect to port ${port}: ${why}`,
      closed.code === "double-nat" || closed.code === "no-outside"
        ? "ask the provider for a public address, or use a VPN that forwards a port"
        : "choose another port: shoal config set network.port N",
    );
  return finding(
    "reachable",
    "warn",
    said`unknown: nobody has connected in the last 10 minutes, and ${why}${earlier}`,
    forward,
    "switch on UPnP or NAT-PMP in the router",
  );
}

type Closed = Extract<WayIn, { state: "closed" }>;

function isClosed(way: WayIn): way is Closed {
  return way.state === "closed" && way.code !== "no-router";
}

function byCertainty(a: Closed, b: Closed): number {
  return Number(CERTAIN.has(b.code)) - Number(CERTAIN.has(a.code));
}
