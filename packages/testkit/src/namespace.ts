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
    return Namespace.make(addresses, (name) => {
      for (const address of addresses) ip("-n", name, "addr", "add", `${address}/24`, "dev", "lo");
    });
  }

  /**
   * Machines on one Ethernet: each has `eth0` with 10.74.0.N and fd74::N, counted from 1, and no route to anywhere else. The last one of the list
   * is the switch between them, which has no address.
   */
  static openLan(machines: number): Namespace[] {
    const lan: Namespace[] = [];
    try {
      const hub = Namespace.make([], (name) => {
        ip("-n", name, "link", "add", "switch", "type", "bridge", "mcast_snooping", "0");
        ip("-n", name, "link", "set", "switch", "up");
      });
      lan.push(hub);
      for (let i = 1; i <= machines; i++) {
        const addresses = [`10.74.0.${i}`, `fd74::${i}`];
        const machine = Namespace.make(addresses, (name) => {
          ip(
            "-n",
            name,
            "link",
            "add",
            "eth0",
            "type",
            "veth",
            "peer",
            "name",
            `port${i}`,
            "netns",
            hub.name,
          );
          ip("-n", hub.name, "link", "set", `port${i}`, "master", "switch", "up");
          ip("-n", name, "addr", "add", `${addresses[0]}/24`, "dev", "eth0");
          ip("-n", name, "addr", "add", `${addresses[1]}/64`, "dev", "eth0", "nodad");
          ip("-n", name, "link", "set", "eth0", "up");
        });
        lan.splice(-1, 0, machine);
      }
      return lan;
    } catch (error) {
      for (const one of lan) one.close();
      throw error;
    }
  }

  /** An empty one, set up by `ip` commands; `addresses` are those that it will have. Taken down again when that throws. */
  static make(addresses: readonly string[], setUp: (name: string) => void): Namespace {
    const name = `shoal-${process.pid}-${++count}`;
    watchNamespace(name);
    const namespace = new Namespace(name, addresses);
    try {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
      setUp(name);
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

  /** Runs a command inside to its end. Throws when it fails. */
  run(...words: readonly string[]): void {
    const [command, ...args] = this.wrap(words);
    execFileSync(command!, args, { stdio: ["ignore", "ignore", "pipe"] });
  }

  close(): void {
    deleteNamespace(this.name);
    forgetNamespace(this.name);
  }
}

/** Runs `ip` with these words. Throws when it fails. */
export function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
