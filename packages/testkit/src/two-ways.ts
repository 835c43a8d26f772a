import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { whyLacking } from "./availability.ts";
import { layCable, Namespace } from "./namespace.ts";
import type { StageContext } from "./stage.ts";

/** What belongs to each way: a digit of its addresses, and the metric of its route. */
const WAYS = { vpn0: { net: 8, metric: "2000" }, lan0: { net: 9, metric: "500" } } as const;
type Way = keyof typeof WAYS;

/** `allow`: packets that are not counted, as nft has it. */
const watch = (allow: string): string => `
table inet watch {
  set seen4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags dynamic; size 100; }
  set seen6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags dynamic; size 100; }
  chain out {
    type filter hook output priority 0;
    oifname "lo" accept
    ${allow} accept
    # What belongs to no socket any more is refused by the kernel itself, which knows of no binding.
    tcp flags & rst == rst accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
    counter
    meta l4proto { tcp, udp } add @seen4 { ip saddr . ip daddr . meta l4proto . th dport }
    meta l4proto { tcp, udp } add @seen6 { ip6 saddr . ip6 daddr . meta l4proto . th dport }
  }
}`;

/**
 * A machine with two ways to everybody else: `vpn0`, and `lan0`, which the routing table prefers. Every packet that leaves by `lan0`
 * is counted, or every one but those that `allow` describes. Everybody else is one other machine at the far end of both; its own
 * addresses are reached either way.
 */
export class TwoWays {
  /** 10.8.0.2 and fd08::2 on vpn0, 10.9.0.2 and fd09::2 on lan0. */
  readonly us: Namespace;
  /** 10.50.0.1 and 10.50.0.2, and fd50::1. */
  readonly far: Namespace;

  private constructor(us: Namespace, far: Namespace) {
    this.us = us;
    this.far = far;
  }

  /** Taken down when the test ends. */
  static open(context: StageContext, options: { readonly allow?: string } = {}): TwoWays {
    const lack = whyLacking(["namespaces", "nft"]);
    if (lack !== null) throw new Error(lack);
    const far = Namespace.make(["10.50.0.1", "10.50.0.2"], (machine) => {
      for (const host of [1, 2]) machine.ip("addr", "add", `10.50.0.${host}/32`, "dev", "lo");
      machine.ip("addr", "add", "fd50::1/128", "dev", "lo");
    });
    context.after(() => far.close());
    const us = Namespace.make(["10.8.0.2", "fd08::2"], () => {});
    context.after(() => us.close());
    const ways = new TwoWays(us, far);
    context.after(() => rmSync(ways.#etc, { recursive: true, force: true }));
    ways.connect("vpn0");
    ways.connect("lan0");
    us.run(["nft", "-f", "-"], watch(options.allow ?? 'oifname != "lan0"'));
    return ways;
  }

  /** Makes one of the ways, anew when it was deleted. */
  connect(way: Way): void {
    const { net } = WAYS[way];
    const end = (machine: Namespace, host: number) =>
      ({ machine, device: way, ipv4: `10.${net}.0.${host}`, ipv6: `fd0${net}::${host}` }) as const;
    layCable(end(this.us, 2), end(this.far, 1));
    this.#route(way);
  }

  remove(way: Way): void {
    this.us.ip("link", "del", way);
  }

  /** Down, its addresses stay. */
  down(way: Way): void {
    this.us.ip("link", "set", way, "down");
  }

  up(way: Way): void {
    this.us.ip("link", "set", way, "up");
    const { net } = WAYS[way];
    this.us.ip("-6", "addr", "replace", `fd0${net}::2/64`, "dev", way, "nodad");
    this.#route(way);
  }

  /** At most so much per second on a way, towards us. */
  slowDown(way: Way, rate: string): void {
    const shape = ["tbf", "rate", rate, "burst", "64kb", "latency", "50ms"];
    this.far.run(["tc", "qdisc", "add", "dev", way, "root", ...shape]);
  }

  /** What the machine's programs take for their name server, those started from now on. */
  useNameServer(address: string): void {
    mkdirSync(this.#etc, { recursive: true });
    writeFileSync(join(this.#etc, "resolv.conf"), `nameserver ${address}\n`);
  }

  /** Where `ip netns exec` looks for files to show to what it runs. */
  get #etc(): string {
    return join("/etc/netns", this.us.name);
  }

  /** Packets that left and should not have, and from where to where; "" when there were none. */
  strays(): string {
    const list = this.us.run(["nft", "list", "table", "inet", "watch"]);
    const packets = Number(/counter packets (\d+)/.exec(list)?.[1] ?? Number.NaN);
    return packets === 0 ? "" : list;
  }

  #route(way: Way): void {
    const { net, metric } = WAYS[way];
    const to = ["dev", way, "metric", metric];
    this.us.ip("route", "replace", "default", "via", `10.${net}.0.1`, ...to);
    this.us.ip("-6", "route", "replace", "default", "via", `fd0${net}::1`, ...to);
  }
}
