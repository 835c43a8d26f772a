import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { whyLacking } from "../availability.ts";
import type { Child } from "../child.ts";
import { Namespace, layCable } from "../namespace.ts";
import { type Stage, type StageContext, openStage } from "../stage.ts";

export interface HomeManners {
  /** It answers PCP and NAT-PMP; true by default. */
  readonly pcp?: boolean;
  /** It answers UPnP; true by default. */
  readonly upnp?: boolean;
  /** Its address outside; one that looks public by default. */
  readonly outside?: string;
}

/** The rules of a home router: who is inside may connect to all, who is outside only by what miniupnpd opens. */
const RULES = `
table inet home {
  chain input {
    type filter hook input priority 0; policy accept;
    iifname "lan" meta l4proto { tcp, udp } counter
    PCP
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
    meta l4proto ipv6-icmp accept
    jump opened
  }
  chain prerouting { type nat hook prerouting priority -100; policy accept; jump mapped; }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    jump remapped
    oifname "wan" ip saddr 192.168.77.0/24 masquerade
  }
  chain opened { }
  chain mapped { }
  chain remapped { }
}
`;

/** A home network with miniupnpd on its router, a machine inside and one outside. */
export class HomeNetwork {
  readonly outsideAddress: string;
  readonly router: Stage;
  readonly inside: Stage;
  readonly outside: Stage;
  readonly #config: string;
  #daemon: Child | null = null;

  private constructor(context: StageContext, manners: HomeManners) {
    this.outsideAddress = manners.outside ?? "80.70.60.1";
    const home = openHome(this.outsideAddress);
    context.after(() => {
      for (const one of Object.values(home)) one.close();
    });
    this.router = openStage(context, { on: home.router });
    this.inside = openStage(context, { on: home.inside });
    this.outside = openStage(context, { on: home.outside });
    const dir = this.router.folder("miniupnpd");
    this.#config = join(dir, "config");
    writeFileSync(this.#config, configText(dir, manners));
    // The switch of miniupnpd does not count for IPv6.
    const pcp = manners.pcp === false ? "udp dport 5351 drop" : "";
    this.#nft(["-f", "-"], RULES.replace("PCP", pcp));
  }

  static async open(context: StageContext, manners: HomeManners = {}): Promise<HomeNetwork> {
    const lack = whyLacking(["namespaces", "nft", "miniupnpd"]);
    if (lack !== null) throw new Error(lack);
    const network = new HomeNetwork(context, manners);
    if (manners.pcp !== false || manners.upnp !== false) await network.#start();
    return network;
  }

  /** Packets that programs inside have sent to the router itself, or to all of their network. */
  asked(): number {
    const rules = this.#nft(["list", "chain", "inet", "home", "input"]);
    return Number(/counter packets (\d+)/.exec(rules)?.[1]);
  }

  /** What is open, as "tcp4 41873" by outside port, in order. */
  openings(): string[] {
    const found: string[] = [];
    for (const [, protocol, port] of this.#nft(["list", "chain", "inet", "home", "mapped"]).matchAll(
      /(0x6|0x11|tcp|udp) .*?dport (\d+) .*?dnat/g,
    )) {
      found.push(`${protocol === "0x6" || protocol === "tcp" ? "tcp" : "udp"}4 ${port}`);
    }
    for (const line of this.#nft(["list", "chain", "inet", "home", "opened"]).split("\n")) {
      const match = /dport (\d+) .*192,128 .* (0x6|0x11) accept/.exec(line);
      if (match !== null) found.push(`${match[2] === "0x6" ? "tcp" : "udp"}6 ${match[1]}`);
    }
    return found.toSorted();
  }

  /** Off and on again: nothing of what was open is left, and its count of seconds begins anew. */
  async reboot(): Promise<void> {
    await this.#daemon?.kill();
    for (const chain of ["opened", "mapped", "remapped"])
      this.#nft(["flush", "chain", "inet", "home", chain]);
    for (const file of ["leases", "leases6"]) rmSync(join(dirname(this.#config), file), { force: true });
    await this.#start([]);
  }

  /** `-U`: it counts the seconds that the machine is up, like a router that is on for long. */
  async #start(options: readonly string[] = ["-U"]): Promise<void> {
    const child = this.router.spawn({
      name: "miniupnpd",
      command: "miniupnpd",
      args: ["-d", "-f", this.#config, "-P", `${this.#config}.pid`, ...options],
    });
    this.#daemon = child;
    await child.says(/HTTP listening|Listening for NAT-PMP/);
  }

  #nft(args: readonly string[], input: string = ""): string {
    return this.router.namespace!.run(["nft", "-n", ...args], input);
  }
}

/**
 * A router, a machine behind it, and one outside. The router leads from `lan` (192.168.77.1 and 2a01:77:1::1) to `wan` (`wanAddress` and
 * 2a01:99::1) and forwards what its own rules allow. Addresses outside look public, for routers refuse to work with others; no packet leaves.
 */
function openHome(wanAddress: string): { router: Namespace; inside: Namespace; outside: Namespace } {
  const made: Namespace[] = [];
  const make = (addresses: readonly string[], setUp: (machine: Namespace) => void): Namespace => {
    const namespace = Namespace.make(addresses, setUp);
    made.push(namespace);
    return namespace;
  };
  const another = wanAddress.replace(/\d+$/, "3");
  const beyond = wanAddress.replace(/\d+$/, "2");
  try {
    const router = make(["192.168.77.1", wanAddress], (machine) => {
      for (const setting of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) {
        machine.run(["sh", "-c", `echo 1 > /proc/sys/net/${setting}`]);
      }
    });
    const inside = make(["192.168.77.5", "192.168.77.6", "2a01:77:1::5"], (machine) => {
      const gateways = ["192.168.77.1", "2a01:77:1::1"] as const;
      layCable(
        { machine: router, device: "lan", ipv4: gateways[0], ipv6: gateways[1] },
        { machine, device: "eth0", ipv4: "192.168.77.5", ipv6: "2a01:77:1::5" },
      );
      machine.ip("addr", "add", "192.168.77.6/24", "dev", "eth0");
      for (const gateway of gateways) machine.ip("route", "add", "default", "via", gateway);
    });
    const outside = make([beyond, another, "2a01:99::2"], (machine) => {
      layCable(
        { machine: router, device: "wan", ipv4: wanAddress, ipv6: "2a01:99::1" },
        { machine, device: "eth0", ipv4: beyond, ipv6: "2a01:99::2" },
      );
      machine.ip("addr", "add", `${another}/24`, "dev", "eth0");
      machine.ip("route", "add", "2a01:77:1::/64", "via", "2a01:99::1");
    });
    return { router, inside, outside };
  } catch (error) {
    for (const one of made) one.close();
    throw error;
  }
}

function configText(dir: string, { pcp = true, upnp = true }: HomeManners): string {
  return `ext_ifname=wan
ext_ifname6=wan
listening_ip=lan
http_port=0
enable_natpmp=${pcp ? "yes" : "no"}
enable_upnp=${upnp ? "yes" : "no"}
secure_mode=yes
uuid=00000000-0000-0000-0000-000000000001
lease_file=${dir}/leases
lease_file6=${dir}/leases6
upnp_table_name=home
upnp_nat_table_name=home
upnp_forward_chain=opened
upnp_nat_chain=mapped
upnp_nat_postrouting_chain=remapped
allow 1024-65535 192.168.77.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`;
}
