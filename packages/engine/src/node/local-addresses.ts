import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { canonicalIp, isLinkLocal } from "../base/address.ts";

/** Longest time for which what was read is believed. */
const REFRESH_MS = 1000;

interface OwnAddress {
  readonly address: string;
  /** Name of the interface, see `deviceOf`. */
  readonly device: string;
  /** Of the loopback interface. */
  readonly internal: boolean;
}

/** The addresses of this machine's interfaces that are up, read again when they are asked for after a second. */
export class LocalAddresses {
  #all: readonly OwnAddress[] = [];
  #internal: ReadonlySet<string> = new Set();
  #readAt: number = Number.NEGATIVE_INFINITY;

  /** Whether the address is one of the loopback interface. */
  isInternal(host: string): boolean {
    if (this.#internal.has(host)) return true;
    this.#refresh();
    return this.#internal.has(host);
  }

  /** The interface that has the address now; null when none has. */
  deviceOf(host: string): string | null {
    this.#refresh();
    return this.#all.find(({ address }) => address === host)?.device ?? null;
  }

  /** The interface's addresses now; none when it is down or absent. Link-local ones come last. */
  of(device: string): readonly string[] {
    this.#refresh();
    const found = this.#all.filter((own) => own.device === device).map((own) => own.address);
    return found.toSorted((a, b) => Number(isLinkLocal(a)) - Number(isLinkLocal(b)));
  }

  #refresh(): void {
    const now = performance.now();
    if (now - this.#readAt < REFRESH_MS) return;
    this.#readAt = now;
    this.#all = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
      (addresses ?? []).map(({ address, internal }) => ({
        address: canonicalIp(address) ?? address,
        device: deviceOf(name),
        internal,
      })),
    );
    this.#internal = new Set(this.#all.filter((own) => own.internal).map((own) => own.address));
  }
}

/** The interface that a name is of: "eth0:1" is eth0. */
export function deviceOf(name: string): string {
  return name.replace(/:.*$/, "");
}

/** Tells an interface from a later one of the same name; "" where the system does not say. */
export function interfaceIndex(device: string): string {
  try {
    return readFileSync(`/sys/class/net/${device}/ifindex`, "utf8").trim();
  } catch {
    return "";
  }
}
