import { execFileSync } from "node:child_process";
import { deleteNamespace, forgetNamespace, watchNamespace } from "./reaper.ts";

let count = 0;

/** A network of its own, in which programs run by `wrap`. No packet leaves it. Throws when namespaces are not permitted here (needs root). */
export class Namespace {
  static readonly ADDRESSES = 8;
  readonly name: string;
  readonly #addresses: readonly string[];

  private constructor(name: string, addresses: readonly string[]) {
    this.name = name;
    this.#addresses = addresses;
  }

  /**
   * A namespace whose `lo` has the addresses 10.73.0.1 to 10.73.0.`ADDRESSES`. Needed for clients that refuse 127.0.0.0/8. Connections
   * that don't bind an address leave from 10.73.0.1.
   */
  static open(): Namespace {
    const addresses = Array.from({ length: Namespace.ADDRESSES }, (_, i) => `10.73.0.${i + 1}`);
    return Namespace.make(addresses, (machine) => {
      for (const address of addresses) machine.ip("addr", "add", `${address}/24`, "dev", "lo");
    });
  }

  /**
   * Machines on one Ethernet: each has `eth0` with 10.74.0.N and fd74::N, counted from 1, and no route to anywhere else. The last one of the list
   * is the switch between them, which has no address.
   */
  static openLan(machines: number): Namespace[] {
    const lan: Namespace[] = [];
    try {
      const hub = Namespace.make([], (machine) => {
        machine.ip("link", "add", "switch", "type", "bridge", "mcast_snooping", "0");
        machine.ip("link", "set", "switch", "up");
      });
      lan.push(hub);
      for (let i = 1; i <= machines; i++) {
        const addresses = [`10.74.0.${i}`, `fd74::${i}`];
        const machine = Namespace.make(addresses, (self) => {
          const port = `port${i}`;
          layCable(
            { machine: self, device: "eth0", ipv4: addresses[0]!, ipv6: addresses[1]! },
            { machine: hub, device: port },
          );
          hub.ip("link", "set", port, "master", "switch");
        });
        lan.splice(-1, 0, machine);
      }
      return lan;
    } catch (error) {
      for (const one of lan) one.close();
      throw error;
    }
  }

  /** An empty one, set up by `setUp`; `addresses` are those that it will have. Taken down again when that throws. */
  static make(addresses: readonly string[], setUp: (machine: Namespace) => void): Namespace {
    const name = `shoal-${process.pid}-${++count}`;
    watchNamespace(name);
    const namespace = new Namespace(name, addresses);
    try {
      ip("netns", "add", name);
      namespace.ip("link", "set", "lo", "up");
      setUp(namespace);
      return namespace;
    } catch (error) {
      namespace.close();
      throw error;
    }
  }

  /** Counted from 1. */
  address(index: number): string {
    const address = this.#addresses[index - 1];
    if (address === undefined) throw new Error(`the namespace has no address ${index}`);
    return address;
  }

  /** The command line that runs `words` inside. `ip netns exec` replaces itself, so the process id stays. */
  wrap(words: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.name, ...words];
  }

  /** Runs a command inside to its end and returns what it prints. Throws when it fails. */
  run(words: readonly string[], input: string = ""): string {
    const [command, ...args] = this.wrap(words);
    return execFileSync(command!, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Runs `ip` on it. Throws when it fails. */
  ip(...words: readonly string[]): void {
    ip("-n", this.name, ...words);
  }

  close(): void {
    deleteNamespace(this.name);
    forgetNamespace(this.name);
  }
}

/** What a cable is plugged into; addresses, if any, without the length of their prefixes, which are /24 and /64. */
interface CableEnd {
  readonly machine: Namespace;
  readonly device: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Connects two machines by a cable that is up. Its devices are made, and vanish together. */
export function layCable(one: CableEnd, other: CableEnd): void {
  const peer = ["type", "veth", "peer", "name", other.device, "netns", other.machine.name];
  one.machine.ip("link", "add", one.device, ...peer);
  for (const { machine, device, ipv4, ipv6 } of [one, other]) {
    if (ipv4 !== undefined) machine.ip("addr", "add", `${ipv4}/24`, "dev", device);
    if (ipv6 !== undefined) machine.ip("addr", "add", `${ipv6}/64`, "dev", device, "nodad");
    machine.ip("link", "set", device, "up");
  }
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
