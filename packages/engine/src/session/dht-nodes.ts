import { FAMILIES, type Family, familyOf } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { WheelTimer } from "../base/timer-wheel.ts";
import type { ExternalAddress } from "../core/external-address.ts";
import { DhtNode } from "../core/dht/dht-node.ts";
import { decodeDhtState, encodeDhtState } from "../core/dht/dht-state.ts";
import type { DhtStats } from "../core/dht/dht-types.ts";
import { ID_BYTES } from "../wire/krpc-contacts.ts";
import type { Clock } from "../ports/clock.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Random } from "../ports/random.ts";
import type { Signer } from "../ports/signer.ts";
import { Alarms } from "./alarms.ts";
import type { NodeStates } from "./dht-memory.ts";
import type { DatagramProtocol, PeerSockets } from "./peer-sockets.ts";

/** Many torrents at rest are announced in half an hour, in a quarter of these places. */
const MAX_LOOKUPS = 128;
/** "d": all packets of the DHT are bencoded dictionaries. */
const FIRST_BYTE = 0x64;

export interface DhtNodesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly signer: Signer;
  readonly external: ExternalAddress;
  readonly sockets: PeerSockets;
  /** Whether packets may go to an address. */
  readonly mayContact: (endpoint: Endpoint) => boolean;
  /** Somebody told us of a peer of a torrent; `infoHash` must not be kept. */
  readonly onAnnounce: (infoHash: Uint8Array, peer: Endpoint) => void;
  /** A node that knew nobody knows somebody now. Called in the middle of things: lookups may be begun. */
  readonly onReady: () => void;
  /** Somebody takes us for a node. */
  readonly onWanted: () => void;
}

class OwnNode extends WheelTimer {
  readonly family: Family;
  readonly node: DhtNode;
  alarmAt: Millis = Infinity;
  isReady: boolean = false;

  constructor(family: Family, node: DhtNode) {
    super();
    this.family = family;
    this.node = node;
  }
}

/** Our nodes in the DHT, one for each address family that this machine has (BEP 32, 45): joins them with sockets and a timer. */
export class DhtNodes implements DatagramProtocol {
  readonly #parts: DhtNodesParts;
  readonly #alarms: Alarms<OwnNode>;
  readonly #nodes: Map<Family, OwnNode> = new Map();
  readonly #waiting: Set<() => void> = new Set();
  readonly #stopVotes: () => void;

  #sent = 0;

  constructor(parts: DhtNodesParts) {
    this.#parts = parts;
    this.#alarms = new Alarms(parts.clock, (own, now) => {
      own.alarmAt = Infinity;
      own.node.onTime(now);
      this.#after(own);
    });
    this.#stopVotes = parts.external.onChange((ip) => {
      const own = this.#nodes.get(familyOf(ip));
      own?.node.setExternalAddress(ip, parts.clock.now());
    });
    parts.sockets.register(this);
  }

  /** Makes a node for each socket that has none yet; false when none has come. `freshIds`: another process uses those of the saved states. */
  start(saved: NodeStates, freshIds: boolean): boolean {
    const before = this.#nodes.size;
    const now = this.#parts.clock.now();
    for (const family of FAMILIES) {
      if (this.#nodes.has(family) || !this.#parts.sockets.has(family)) continue;
      const node = this.#makeNode(family, family === 4 ? saved.v4 : saved.v6, freshIds, now);
      const own = new OwnNode(family, node);
      this.#nodes.set(family, own);
      this.#after(own);
    }
    const [v4, v6] = FAMILIES.map((family) => this.#nodes.get(family)?.node);
    if (v4 !== undefined && v6 !== undefined) {
      v4.setSibling(v6);
      v6.setSibling(v4);
    }
    return this.#nodes.size > before;
  }

  owns(firstByte: number): boolean {
    return firstByte === FIRST_BYTE;
  }

  onDatagram(bytes: Uint8Array, from: Endpoint): void {
    if (this.#nodes.size === 0) this.#parts.onWanted();
    const own = this.#nodes.get(familyOf(from.host));
    if (own === undefined) return;
    own.node.onPacket(bytes, from, this.#parts.clock.now());
    this.#afterAll();
  }

  addNode(endpoint: Endpoint): void {
    const own = this.#nodes.get(familyOf(endpoint.host));
    if (own === undefined) return;
    own.node.addNode(endpoint);
    this.#after(own);
  }

  /** Something was asked of the nodes themselves: their deadlines may be others. */
  onAsked(): void {
    this.#afterAll();
  }

  /** Nobody has answered lately. */
  get isLonely(): boolean {
    const now = this.#parts.clock.now();
    return ![...this.#nodes.values()].some(({ node }) => node.stats(now).goodNodes > 0);
  }

  /** Those that know others. */
  ready(): readonly { readonly family: Family; readonly node: DhtNode }[] {
    return [...this.#nodes.values()].filter(({ isReady }) => isReady);
  }

  /** Resolves when others are known, or the signal says so. */
  async untilReady(signal: AbortSignal): Promise<void> {
    if (this.ready().length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        this.#waiting.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      this.#waiting.add(end);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  /** Packets that were sent while nobody has answered yet; 0 as soon as somebody is known. */
  get unanswered(): number {
    return this.ready().length > 0 ? 0 : this.#sent;
  }

  states(): NodeStates {
    return {
      v4: this.#nodes.get(4)?.node.state() ?? null,
      v6: this.#nodes.get(6)?.node.state() ?? null,
    };
  }

  stats(family: Family): DhtStats | null {
    return this.#nodes.get(family)?.node.stats(this.#parts.clock.now()) ?? null;
  }

  close(): void {
    this.#stopVotes();
    for (const own of this.#nodes.values()) this.#alarms.cancel(own);
    this.#nodes.clear();
  }

  #makeNode(family: Family, saved: Uint8Array | null, freshId: boolean, now: Millis): DhtNode {
    const { random, hasher, signer, external, sockets, mayContact, onAnnounce } = this.#parts;
    const state = saved === null ? null : decodeDhtState(saved, family);
    const id = freshId || state === null ? random.fill(new Uint8Array(ID_BYTES)) : state.id;
    const node = new DhtNode(
      // Whom nobody reaches can't answer.
      { family, mayContact, maxLookups: MAX_LOOKUPS, readOnly: sockets.port(family) === 0 },
      {
        randomBytes: (target) => random.fill(target),
        sha1: hasher.sha1,
        verify: (publicKey, message, signature) => signer.verify(publicKey, message, signature),
        send: (bytes, to) => {
          this.#sent++;
          sockets.send(bytes, to);
        },
        onAnnounce,
        onExternalAddress: (host, by) => external.vote(host, by.host, "dht"),
      },
      encodeDhtState({ id, nodes: state?.nodes ?? [] }, family),
      now,
    );
    const host = family === 4 ? external.v4 : external.v6;
    if (host !== null) node.setExternalAddress(host, now);
    return node;
  }

  /** One node may have asked something of its sibling. */
  #afterAll(): void {
    for (const own of this.#nodes.values()) this.#after(own);
  }

  #after(own: OwnNode): void {
    const now = this.#parts.clock.now();
    const at = Math.max(own.node.nextDeadline(now), now);
    // An alarm that is early costs one look at the node.
    if (at < own.alarmAt) {
      this.#alarms.set(at, own);
      own.alarmAt = at;
    }
    const knowsSomebody = own.node.size > 0;
    const isNew = knowsSomebody && !own.isReady;
    own.isReady = knowsSomebody;
    if (!isNew) return;
    for (const end of this.#waiting) end();
    this.#parts.onReady();
  }
}
