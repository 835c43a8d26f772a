import { execFileSync } from "node:child_process";
import { deleteNamespace, forgetNamespace, watchNamespace } from "./reaper.ts";

let count = 0;

/**
 * A network of its own: a namespace whose `lo` has the addresses 10.73.0.1 to 10.73.0.`ADDRESSES`. No packet leaves
 * it. Needed for clients that refuse 127.0.0.0/8. Connections that don't bind an address leave from 10.73.0.1.
 */
export class Namespace {
  static readonly ADDRESSES = 8;
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** Throws when namespaces are not permitted here (needs root). */
  static open(): Namespace {
    const name = `shoal-${process.pid}-${++count}`;
    watchNamespace(name);
    const ip = (...args: string[]): void => {
      execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
    };
    try {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
      for (let i = 1; i <= Namespace.ADDRESSES; i++) {
        ip("-n", name, "addr", "add", `10.73.0.${i}/24`, "dev", "lo");
      }
    } catch (error) {
      deleteNamespace(name);
      forgetNamespace(name);
      throw error;
    }
    return new Namespace(name);
  }

  address(index: number): string {
    if (index < 1 || index > Namespace.ADDRESSES) throw new Error(`the namespace has no address ${index}`);
    return `10.73.0.${index}`;
  }

  /** The command line that runs `words` inside. `ip netns exec` replaces itself, so the process id stays. */
  wrap(words: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.name, ...words];
  }

  close(): void {
    deleteNamespace(this.name);
    forgetNamespace(this.name);
  }
}
