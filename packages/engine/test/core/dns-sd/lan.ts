import { silentLog } from "@shoal/sim";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import type { FoundService } from "../../../dist/core/dns-sd/service-browser.js";
import type { ServiceKind } from "../../../dist/core/dns-sd/service.js";
import type { MdnsListener } from "../../../dist/core/dns-sd/mdns-link.js";
import { type LanPeerEvent, LanService } from "../../../dist/session/lan-service.js";
import { MDNS_PORT } from "../../../dist/wire/mdns-message.js";
import type { MdnsMessage } from "../../../dist/wire/mdns-message.js";
import type { Endpoint } from "../../../dist/ports/net.js";

interface Member {
  readonly host: string;
  readonly listener: MdnsListener;
}

/** One local network in virtual time; every message reaches everybody, its sender too, a millisecond later. */
export class Lan {
  now = 1_000;
  readonly said: { readonly at: number; readonly from: string; readonly message: MdnsMessage }[] = [];
  /** What was sent to one address alone. */
  readonly answers: MdnsMessage[] = [];
  readonly #members: Set<Member> = new Set();
  readonly #timers: Set<{ readonly at: number; readonly run: () => void }> = new Set();
  #seed = 1;

  get isQuiet(): boolean {
    return this.#timers.size === 0;
  }

  /** Somebody with one address; `events` get what it is told. */
  async join(
    host: string,
    name: string | null,
    port = 4_000,
  ): Promise<{ service: LanService; events: LanPeerEvent[] }> {
    const events: LanPeerEvent[] = [];
    const service = new LanService(
      {
        clock: {
          now: () => this.now,
          wallTime: () => this.now,
          setTimer: (delayMs, run) => this.#setTimer(delayMs, run),
        },
        log: silentLog,
        addresses: () => [host],
        openMdns: (family, listener) => {
          if (family === 6) return Promise.resolve({ send: () => undefined, close: () => undefined });
          const member = { host, listener };
          this.#members.add(member);
          return Promise.resolve({
            send: (message: MdnsMessage, to?: Endpoint) => {
              if (to === undefined) this.say(host, message);
              else this.answers.push(message);
            },
            close: () => void this.#members.delete(member),
          });
        },
      },
      { name, properties: new Map([["v", "1"]]) },
      new Xoshiro128(this.#seed++),
    );
    await service.open(port, (event) => events.push(event));
    return { service, events };
  }

  /** A message from `host`, as if anybody had sent it. */
  say(host: string, message: MdnsMessage, port: number = MDNS_PORT): void {
    this.said.push({ at: this.now, from: host, message });
    this.#setTimer(1, () => {
      for (const { listener } of this.#members) listener.onMessage(message, { host, port });
    });
  }

  changeNetwork(host: string): void {
    for (const member of this.#members) if (member.host === host) member.listener.onNetworksChanged();
  }

  /** Nothing of it is heard any more. */
  unplug(host: string): void {
    for (const member of this.#members) if (member.host === host) this.#members.delete(member);
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.#timers].toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  #setTimer(delayMs: number, run: () => void): { cancel: () => void } {
    const timer = { at: this.now + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }
}

/** "found node Anna at 10.0.0.1:4000". */
export function textOf(event: LanPeerEvent): string {
  const { kind, name, hosts, port }: FoundService & { readonly kind: ServiceKind } = event.peer;
  return `${event.type.replace("lan-peer-", "")} ${kind} ${name} at ${hosts.join()}:${port}`;
}
