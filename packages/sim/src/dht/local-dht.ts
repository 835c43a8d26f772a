import {
  type DhtConfig,
  DhtNode,
  type Endpoint,
  endpointKey,
  type Millis,
  nodeHasher,
  type Rng,
  ShoalError,
  type Udp,
  type UdpSocket,
  type UdpSpec,
  Xoshiro128,
} from "@shoal/engine/composition";
import { SimulatedClock } from "../clock.ts";
import { EventQueue, type QueuedEvent } from "../event-queue.ts";
import { SimulatedRandom } from "../simulated-random.ts";
import { Liar } from "./liar.ts";

const PORT = 6881;

export interface LocalDhtSpec {
  readonly nodes: number;
  readonly seed: number;
  /** One way, uniformly between these. Default 10 to 100 ms. */
  readonly latencyMs?: readonly [Millis, Millis];
  /** Part of all packets that is lost. Default 0. */
  readonly loss?: number;
  /** Nodes have ids that belong to their addresses (BEP 42). Default true. */
  readonly secureIds?: boolean;
  readonly config?: Partial<DhtConfig>;
  readonly verify?: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
}

/** A node of a local DHT. Dead ones take nothing; liars take everything and answer what they like. */
export interface DhtMember {
  readonly endpoint: Endpoint;
  readonly node: DhtNode;
  state: "honest" | "dead" | "lying";
}

type Receive = (bytes: Uint8Array, from: Endpoint) => void;

/** Who takes packets at an address. */
interface Receiver extends Pick<DhtMember, "endpoint" | "state"> {
  take(bytes: Uint8Array, from: Endpoint): void;
}

export interface DhtGuest {
  readonly host: string;
  readonly clock: SimulatedClock;
  readonly udp: Udp;
}

/** A whole DHT in one process under virtual time: nothing happens outside `until` and `run`. The same seed gives the same run. */
export class LocalDht {
  readonly members: DhtMember[] = [];
  /** Packets that any node sent. */
  packets = 0;
  readonly #spec: LocalDhtSpec;
  readonly #rng: Rng;
  readonly #random: SimulatedRandom;
  readonly #queue = new EventQueue();
  /** Those who lie, by address. */
  readonly #liars: Map<Endpoint, Liar> = new Map();
  readonly #byAddress: Map<string, Receiver> = new Map();

  /** All nodes join one after the other, by the first one, and look around. */
  constructor(spec: LocalDhtSpec) {
    this.#spec = spec;
    this.#rng = new Xoshiro128(spec.seed);
    this.#random = new SimulatedRandom(this.#rng);
    for (let i = 0; i < spec.nodes; i++) {
      this.join();
      this.run(50);
    }
    this.run(60_000);
    // Whose first packet was lost asks again.
    for (let lonely = this.#lonely(); lonely.length > 0; lonely = this.#lonely()) {
      for (const member of lonely) {
        member.node.addNode(this.members[0]!.endpoint);
        this.touch(member);
      }
      this.run(10_000);
    }
  }

  get now(): Millis {
    return this.#queue.now;
  }

  /** One more node, which knows one address: that of a living one. */
  join(config: Partial<DhtConfig> = {}): DhtMember {
    const entry = this.members.find(({ state }) => state === "honest");
    const endpoint = { host: this.#freshAddress(), port: PORT };
    const parts = {
      randomBytes: (target: Uint8Array) => this.#random.fill(target),
      sha1: nodeHasher.sha1,
      verify: this.#spec.verify ?? ((): boolean => false),
      send: (bytes: Uint8Array, to: Endpoint) => this.#carry(bytes, endpoint, to),
    };
    const node = new DhtNode({ family: 4, ...this.#spec.config, ...config }, parts, null, this.now);
    if (this.#spec.secureIds !== false) node.setExternalAddress(endpoint.host, this.now);
    if (entry !== undefined) node.addNode(entry.endpoint);
    const member = new Member(endpoint, node, this.#queue);
    this.members.push(member);
    this.#byAddress.set(endpointKey(endpoint.host, endpoint.port), member);
    member.arm();
    return member;
  }

  /** A machine that has none of our nodes: what runs on it opens its one socket by `udp`, and is told the time by `clock`. */
  guest(): DhtGuest {
    const host = this.#freshAddress();
    const clock = new SimulatedClock(this.#queue, () => {});
    const open = ({ family, port }: UdpSpec, onPacket: Receive): Promise<UdpSocket> => {
      if (family === 6) return Promise.reject(new ShoalError("ERR_LISTEN", "There is no IPv6 here"));
      const endpoint = { host, port: port === 0 ? PORT : port };
      const key = endpointKey(host, endpoint.port);
      this.#byAddress.set(key, { endpoint, state: "honest", take: onPacket });
      const send = (bytes: Uint8Array, to: Endpoint): void => this.#carry(bytes, endpoint, to);
      return Promise.resolve({ endpoint, send, close: () => void this.#byAddress.delete(key) });
    };
    return { host, clock, udp: { open } };
  }

  /** Turns so many of the honest nodes, all but the first `spared`, into dead or lying ones. */
  spoil(count: number, state: "dead" | "lying", spared = 1): void {
    const honest = this.members.slice(spared).filter((member) => member.state === "honest");
    this.#rng.shuffle(honest);
    for (const member of honest.slice(0, count)) member.state = state;
    this.#conspire();
  }

  /** To be called after something was begun at a node from outside. */
  touch(member: DhtMember): void {
    (member as Member).arm();
  }

  run(ms: Millis): void {
    this.until(() => false, ms);
  }

  /** Lets time pass until it is so, at most so long. */
  until(isSo: () => boolean, limitMs: Millis): boolean {
    const end = this.now + limitMs;
    while (!isSo()) {
      const event = this.#queue.next(end);
      if (event === null) {
        this.#queue.advance(end);
        return isSo();
      }
      event.happen();
    }
    return true;
  }

  randomId(): Uint8Array {
    return this.#random.fill(new Uint8Array(20));
  }

  #lonely(): DhtMember[] {
    return this.members.slice(1).filter(({ node }) => node.size === 0);
  }

  #carry(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.packets++;
    const [least, most] = this.#spec.latencyMs ?? [10, 100];
    const receiver = this.#byAddress.get(endpointKey(to.host, to.port));
    if (receiver === undefined || this.#rng.below(1e6) < (this.#spec.loss ?? 0) * 1e6) return;
    const delay = least + (this.#rng.below(1_000) / 1_000) * (most - least);
    const happen = (): void => {
      if (receiver.state === "dead") return;
      if (receiver.state === "honest") receiver.take(bytes, from);
      else this.#lie(receiver, bytes, from);
    };
    this.#queue.add({ at: 0, order: 0, happen }, this.now + delay);
  }

  #lie(liar: Receiver, bytes: Uint8Array, from: Endpoint): void {
    const answer = this.#liars.get(liar.endpoint)!.answer(bytes, from);
    if (answer !== null) this.#carry(answer, liar.endpoint, from);
  }

  /** The liars get to know each other. */
  #conspire(): void {
    const of = (state: DhtMember["state"]): DhtMember[] =>
      this.members.filter((member) => member.state === state);
    const liars = of("lying");
    const conspiracy = {
      rng: this.#rng,
      members: liars.map(({ endpoint }) => endpoint),
      victims: of("honest").map(({ endpoint }) => endpoint),
      deadAddress: () => ({ host: this.#freshAddress(), port: PORT }),
    };
    this.#liars.clear();
    for (const [i, { endpoint, node }] of liars.entries())
      this.#liars.set(endpoint, new Liar(i, node.id, conspiracy));
  }

  #freshAddress(): string {
    const part = (): number => this.#rng.below(254) + 1;
    return `${20 + this.#rng.below(60)}.${part()}.${part()}.${part()}`;
  }
}

class Member implements DhtMember {
  readonly endpoint: Endpoint;
  readonly node: DhtNode;
  state: "honest" | "dead" | "lying" = "honest";
  readonly #queue: EventQueue;
  #alarm: Alarm | null = null;

  constructor(endpoint: Endpoint, node: DhtNode, queue: EventQueue) {
    this.endpoint = endpoint;
    this.node = node;
    this.#queue = queue;
  }

  take(bytes: Uint8Array, from: Endpoint): void {
    this.node.onPacket(bytes, from, this.#queue.now);
    this.arm();
  }

  /** Sets the alarm for the node's next deadline; a later one that is set already stays, and finds nothing to do. */
  arm(): void {
    const at = this.node.nextDeadline(this.#queue.now);
    if (at === Number.POSITIVE_INFINITY || (this.#alarm !== null && this.#alarm.at <= at)) return;
    this.#alarm = new Alarm((alarm) => {
      if (alarm !== this.#alarm) return;
      this.#alarm = null;
      if (this.state !== "honest") return;
      this.node.onTime(this.#queue.now);
      this.arm();
    });
    this.#queue.add(this.#alarm, at);
  }
}

class Alarm implements QueuedEvent {
  at: Millis = 0;
  order = 0;
  readonly #ring: (alarm: Alarm) => void;

  constructor(ring: (alarm: Alarm) => void) {
    this.#ring = ring;
  }

  happen(): void {
    this.#ring(this);
  }
}
