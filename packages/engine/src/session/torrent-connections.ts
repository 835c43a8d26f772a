import type { Millis, PeerSlot } from "../base/brand.ts";
import { toHex } from "../base/bytes.ts";
import { endpointKey, familyOf, isPrivate } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import { type DialFate, DialFates } from "../core/swarm/dial-fates.ts";
import { largestCrowd } from "../core/swarm/crowded-out.ts";
import { leastUseful } from "../core/swarm/least-useful.ts";
import { peerKey } from "../core/swarm/peer-key.ts";
import { type DialWay, dialWays, nextWay } from "../core/swarm/dial-way.ts";
import { peerPriority } from "../core/swarm/peer-priority.ts";
import { slotToGiveUp } from "../core/swarm/slot-contest.ts";
import { keepsConnection } from "../core/swarm/tie-break.ts";
import {
  type Candidate,
  isOpenSource,
  type PeerHints,
  PeerList,
  type PeerSource,
} from "../core/swarm/peer-list.ts";
import type { Greeter } from "../core/peer/peer-session.ts";
import type { Endpoint } from "../ports/net.ts";
import type { SessionContext } from "./context.ts";
import { PeerConnection, type PeerOwner } from "./peer-connection.ts";

/** Connection attempts of one torrent that may be under way at once. */
const MAX_HALF_OPEN = 30;
const KEEP_ALIVE_MS = 100_000;
/** Slots of peers are below this number. */
export const SLOT_COUNT = 4096;
/** Addresses of one peer that are remembered while it is connected. */
const MAX_ADDRESSES = 8;
/** Of those with whom nothing is exchanged, more from one address lose their slots to others once all are taken. */
const MOST_OF_ONE_ADDRESS = 4;
/** Banned peers that are counted. */
const MAX_TURNED_AWAY = 1_000;
/** A peer that had nothing to exchange with us is left in peace for so long. */
const REST_MS = 30 * 60_000;

/** In place of the system's code where it would have gone on waiting. */
const SILENCE = "silence";
/** The system's codes for connections that the other side has ended. */
const HUNG_UP: ReadonlySet<string> = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE"]);

/** So long a peer may take to answer an obfuscated handshake when it can be dialled plainly instead. */
const OBFUSCATED_ANSWER_MS = 5_000;

/** What the connections ask and tell the swarm. */
export interface ConnectionsOwner extends Greeter<PeerConnection>, PeerOwner {
  /** The 20-byte name by which a peer is asked for the torrent. */
  dialName(peer: Candidate): Uint8Array;
  readonly isPrivate: boolean;
  /** Peers that the torrent may be connected with. */
  readonly maxConnections: number;
  /** A peer is to be dialled once more, now. */
  onDialDue(): void;
  /** The peer passed the handshake: it has a slot and may be talked to. */
  onAdmitted(peer: PeerConnection): void;
  onPeerGone(peer: PeerConnection, reason: ShoalError | null): void;
  onDialFailed(to: Endpoint, error: ShoalError): void;
  onBanned(remote: Endpoint, reason: string): void;
}

/** The connections of one torrent and the addresses to try: who is connected, who is dialled, who is turned away. */
export class TorrentConnections {
  readonly list: PeerList;
  readonly #context: SessionContext;
  readonly #owner: ConnectionsOwner;
  readonly #slots: Map<PeerSlot, PeerConnection> = new Map();
  #nextSlot: PeerSlot = 0;
  /** Addresses of which a peer was turned away here. */
  readonly #turnedAway: Set<string> = new Set();
  readonly fates: DialFates = new DialFates();
  /** Who held a slot last: blame for a bad piece may come after the peer has left. */
  readonly #lastHosts: Map<PeerSlot, Endpoint> = new Map();
  /** Our addresses when the candidates were ranked. */
  #rankedFor: { readonly v4: string | null; readonly v6: string | null } = { v4: null, v6: null };
  readonly #admitted: Set<PeerConnection> = new Set();
  /** Dialled or accepted, handshake not finished. */
  readonly #pending: Set<PeerConnection> = new Set();
  readonly #byPeerId: Map<string, PeerConnection> = new Map();

  constructor(context: SessionContext, owner: ConnectionsOwner) {
    this.#context = context;
    this.#owner = owner;
    this.list = new PeerList(context.rng, {
      repute: context.standings,
      priorityOf: (address) => this.#priorityOf(address),
    });
  }

  /** Peers that finished the handshake. */
  get peers(): ReadonlySet<PeerConnection> {
    return this.#admitted;
  }

  /** Banned peers that this torrent had to do with. */
  get banned(): number {
    return this.#turnedAway.size;
  }

  get connecting(): number {
    return this.#pending.size;
  }

  /** Nobody is connected or being dialled. */
  get isIdle(): boolean {
    return this.#admitted.size === 0 && this.#pending.size === 0;
  }

  inSlot(slot: PeerSlot): PeerConnection | undefined {
    return this.#slots.get(slot);
  }

  addCandidate(endpoint: Endpoint, source: PeerSource, hints: PeerHints, now: Millis): void {
    this.list.add(endpoint, source, now, hints);
  }

  /** When there may be somebody to dial. While nothing can be reached, `onNetwork` is waited for. */
  nextDial(): Millis {
    return this.#context.net.obstacle === null ? this.list.nextDeadline() : Infinity;
  }

  /** The way out is there again. */
  onNetwork(now: Millis): void {
    this.list.retryAll(now);
    this.fates.clear();
  }

  /** Dials as many candidates as the budgets allow. */
  dial(now: Millis): void {
    const { net, external } = this.#context;
    if (net.obstacle !== null) return;
    if (external.v4 !== this.#rankedFor.v4 || external.v6 !== this.#rankedFor.v6) {
      this.#rankedFor = { v4: external.v4, v6: external.v6 };
      this.list.rerank();
    }
    while (
      this.#context.hasRoom() &&
      this.#pending.size < MAX_HALF_OPEN &&
      this.#admitted.size + this.#pending.size < this.#owner.maxConnections
    ) {
      const candidate = this.list.next(now);
      if (candidate === null) return;
      if (!this.#context.dialBudget.tryDial(now)) {
        this.list.onPostponed(candidate);
        return;
      }
      const way = nextWay(this.#waysTo(candidate), candidate);
      const plain = net.connect(candidate);
      const dialName = this.#owner.dialName(candidate);
      const connection = way === "plain" ? plain : this.#context.obfuscation.dial(plain, dialName);
      const how = { source: candidate.source, incoming: false, dialName };
      const peer = new PeerConnection(this.#context, connection, how, this.#owner, this.#owner);
      this.#pending.add(peer);
      peer.start();
    }
  }

  /** A connection that came in for this torrent; its handshake has been read. */
  adoptIncoming(peer: PeerConnection): void {
    this.#pending.add(peer);
    peer.setOwner(this.#owner);
  }

  /**
   * Decides whether a peer with a finished handshake may stay. Throws ShoalError when it may not. When there is another
   * connection with the same peer, one of both is closed, the same one on both sides.
   */
  admit(peer: PeerConnection, peerId: Uint8Array): void {
    const { remote } = peer;
    const ownId = this.#context.peerId;
    const id = toHex(peerId);
    // Whoever dialled reads by our id that it was ourselves, or one that is connected, and does not try again.
    if (peer.incoming) peer.flush();
    if (id === toHex(ownId)) {
      if (!peer.incoming) this.list.addSelf(remote);
      peer.isTwin = true;
      throw new ShoalError("ERR_CONNECT", "Connected to ourselves");
    }
    if (this.#context.standings.isBannedPeer(remote, peerId)) {
      this.#turnAway(remote);
      throw new ShoalError("ERR_CONNECT", "The peer is banned");
    }
    const twin = this.#byPeerId.get(id);
    if (twin !== undefined) {
      const duplicate = new ShoalError("ERR_CONNECT", "A second connection to the same peer");
      const keepsNew = keepsConnection(ownId, peerId, !peer.incoming, !twin.incoming);
      const [kept, given] = keepsNew ? [peer, twin] : [twin, peer];
      given.isTwin = true;
      if (!given.incoming) this.#hold(kept, given.remote);
      for (const address of given.addresses) this.#hold(kept, address);
      if (!keepsNew) throw duplicate;
      twin.close(duplicate);
      this.#release(twin, duplicate);
    } else if (this.#admitted.size >= this.#owner.maxConnections || this.#context.isOverfull()) {
      this.#winSlot(peer);
    }
    this.#pending.delete(peer);
    this.#admitted.add(peer);
    this.#byPeerId.set(id, peer);
    peer.slot = this.#takeSlot();
    this.#slots.set(peer.slot, peer);
    this.#lastHosts.set(peer.slot, remote);
    peer.score = this.#context.standings.score(remote);
    if (!peer.incoming) {
      this.#context.dialBudget.onSettled();
      this.#hold(peer, remote);
    }
    this.#owner.onAdmitted(peer);
  }

  /** A peer that came in says on which port it listens; what it said first holds. Returns where it can be dialled. */
  learnPort(peer: PeerConnection, port: number, wantsMore: boolean): Endpoint {
    if (peer.listensAt !== null) return peer.listensAt;
    const endpoint = { host: peer.remote.host, port };
    peer.listensAt = endpoint;
    if (wantsMore) this.list.add(endpoint, "incoming", this.#context.now());
    this.#hold(peer, endpoint);
    return endpoint;
  }

  onClosed(peer: PeerConnection, reason: ShoalError | null): void {
    const now = this.#context.now();
    if (this.#pending.delete(peer)) {
      if (!peer.incoming) this.#onDialFailed(peer, reason, now);
      return;
    }
    this.#release(peer, reason);
  }

  #onDialFailed(peer: PeerConnection, reason: ShoalError | null, now: Millis): void {
    const { remote } = peer;
    const wasTaken = peer.connectedAt !== null && !peer.session.handshaken;
    this.#context.dialBudget.onSettled();
    if (peer.isTwin) return;
    if (wasTaken && this.list.onRefused(remote, wayOf(peer), this.#waysTo(remote), now)) {
      this.#owner.onDialDue();
      return;
    }
    this.#context.standings.onDialFailed(remote);
    this.list.onFailed(remote, now);
    this.fates.set(endpointKey(remote.host, remote.port), this.#fateOf(peer, reason, wasTaken));
    this.#owner.onDialFailed(remote, this.#whyFailed(peer, reason, wasTaken));
  }

  /** `wasTaken`: the peer took the connection, and never shook hands. */
  #fateOf(peer: PeerConnection, reason: ShoalError | null, wasTaken: boolean): DialFate {
    if (this.#isPlainOnly(peer)) return "plain-only";
    if (wasTaken && (reason === null || HUNG_UP.has(String(reason.details["systemCode"])))) return "hung-up";
    const code = reason?.details["systemCode"];
    if (code === "EACCES" || code === "EPERM") return "forbidden";
    return code === SILENCE || code === "ETIMEDOUT" ? "silent" : "refused";
  }

  #isPlainOnly({ isObfuscating }: PeerConnection): boolean {
    return isObfuscating && this.#context.obfuscation.policy === "require";
  }

  #whyFailed(peer: PeerConnection, reason: ShoalError | null, wasTaken: boolean): ShoalError {
    const { remote } = peer;
    const { policy } = this.#context.obfuscation;
    if (reason === null && wasTaken && policy === "off") {
      const guess = "The peer hung up; maybe it takes obfuscated connections only, and these are off here";
      return new ShoalError("ERR_CONNECT", guess);
    }
    if (!this.#isPlainOnly(peer)) return reason ?? new ShoalError("ERR_CONNECT", "The peer hung up");
    const key = endpointKey(remote.host, remote.port);
    const why = `${key} takes no obfuscated connection, and no other kind is allowed here`;
    return new ShoalError("ERR_CONNECT", why, {}, reason ?? undefined);
  }

  #waysTo({ host, wantsObfuscation = false }: Endpoint & PeerHints): readonly DialWay[] {
    return dialWays(this.#context.obfuscation.policy, host, this.#owner.isPrivate, wantsObfuscation);
  }

  /** Bans whoever holds or last held the slot, in all torrents. Returns its address, or null when that was done before. */
  ban(slot: PeerSlot, reason: string): Endpoint | null {
    const remote = this.#lastHosts.get(slot);
    if (remote === undefined || this.#context.standings.isBanned(remote)) return null;
    this.#context.ban(remote, this.#slots.get(slot)?.session.peerId ?? null, "proof", reason);
    return remote;
  }

  /** Somebody was banned: closes connections that must not be any more. */
  expel(reason: string): void {
    const { standings } = this.#context;
    for (const peer of [...this.#pending, ...this.#admitted]) {
      const { peerId } = peer.session;
      if (peerId === null ? !standings.isBanned(peer.remote) : !standings.isBannedPeer(peer.remote, peerId))
        continue;
      this.#turnAway(peer.remote);
      peer.close(new ShoalError("ERR_CONNECT", `Banned: ${reason}`));
    }
  }

  /** Fewer are wanted: closes those that are least missed. */
  shrink(): void {
    for (const peer of leastUseful(this.#admitted, this.#admitted.size - this.#owner.maxConnections))
      peer.close(new ShoalError("ERR_CONNECT", "Fewer connections are wanted now"));
  }

  /** The user's list is another one: closes connections with whom it blocks. */
  expelBlocked(): void {
    const { standings } = this.#context;
    for (const peer of [...this.#pending, ...this.#admitted]) {
      if (standings.isBlocked(peer.remote.host))
        peer.close(new ShoalError("ERR_CONNECT", "Blocked by the IP filter"));
    }
  }

  /** Closes what takes too long to shake hands or says nothing; keeps quiet connections open. */
  onTick(now: Millis): void {
    const { handshakeTimeoutMs, idleTimeoutMs } = this.#context.config;
    const patience =
      this.#context.obfuscation.policy === "require" ? handshakeTimeoutMs : OBFUSCATED_ANSWER_MS;
    for (const peer of this.#pending) {
      if (peer.isObfuscating && now - peer.connectedAt! > patience) {
        peer.close(null);
        continue;
      }
      if (now - peer.openedAt > handshakeTimeoutMs) {
        const who = endpointKey(peer.remote.host, peer.remote.port);
        peer.close(new ShoalError("ERR_CONNECT", `No answer from ${who}`, { systemCode: SILENCE }));
      }
    }
    for (const peer of this.#admitted) {
      if (!peer.isHeld && now - peer.lastReceivedAt > idleTimeoutMs) {
        peer.close(new ShoalError("ERR_CONNECT", "The peer went silent"));
      } else if (now - peer.lastSentAt > KEEP_ALIVE_MS) {
        peer.session.out.keepAlive();
        peer.flush();
      }
    }
  }

  /** The torrent is private: who was not named by its trackers, by a person or by itself has to go (BEP 27). */
  makePrivate(): void {
    this.list.makePrivate();
    for (const peer of [...this.#pending, ...this.#admitted]) {
      if (isOpenSource(peer.source)) peer.close(new ShoalError("ERR_CONNECT", "The torrent is private"));
    }
  }

  closeAll(reason: ShoalError | null): void {
    for (const peer of this.#admitted) this.#context.standings.settle(peer);
    for (const peer of [...this.#pending, ...this.#admitted]) peer.close(reason);
  }

  #release(peer: PeerConnection, reason: ShoalError | null): void {
    if (!this.#admitted.delete(peer)) return;
    const id = toHex(peer.session.peerId!);
    if (this.#byPeerId.get(id) === peer) this.#byPeerId.delete(id);
    this.#owner.onPeerGone(peer, reason);
    const now = this.#context.now();
    const { standings } = this.#context;
    standings.settle(peer);
    if (reason?.code === "ERR_PROTOCOL" && standings.onAbuse(peer.remote)) {
      const why = "breaks the protocol again and again";
      this.#context.ban(peer.remote, peer.session.peerId, "abuse", why);
      this.#owner.onBanned(peer.remote, why);
    }
    // Those of a twin are now the other one's.
    for (const address of peer.isTwin ? [] : peer.addresses) {
      if (peer.hadNothingToDo) this.list.rest(address, now + REST_MS);
      else this.list.onClosed(address, now);
    }
    this.#slots.delete(peer.slot);
    peer.slot = -1;
  }

  /** All slots are taken: throws unless one of them is to be given to this peer. */
  #winSlot(peer: PeerConnection): void {
    const now = this.#context.now();
    const holders = [...this.#admitted].map((peer) => {
      const { isNamed, rate, openedAt } = peer.usefulness();
      return { peer, priority: this.#priorityOf(peer.remote), openedAt, isOfUse: isNamed || rate > 0 };
    });
    const idle = holders.filter(({ isOfUse }) => !isOfUse);
    const crowd = largestCrowd(idle, (holder) => holder.peer.remote);
    const isCrowd = crowd !== null && crowd.count > MOST_OF_ONE_ADDRESS;
    const isOfCrowd = crowd?.key === peerKey(peer.remote.host, peer.remote.port);
    const contested =
      isCrowd && !isOfCrowd ? crowd.first : slotToGiveUp(holders, this.#priorityOf(peer.remote), now);
    const loser = peer.incoming ? contested?.peer : undefined;
    if (loser === undefined) throw new ShoalError("ERR_CONNECT", "The torrent has enough peers");
    const reason = new ShoalError("ERR_CONNECT", "Another peer gets its place");
    loser.close(reason);
    this.#release(loser, reason);
  }

  /** Null in a local network: we don't know as whom we are seen there. */
  #priorityOf(remote: Endpoint): number | null {
    const { external } = this.#context;
    const host = familyOf(remote.host) === 6 ? external.v6 : external.v4;
    if (host === null || isPrivate(remote.host)) return null;
    return peerPriority({ host, port: this.#context.listenPort() }, remote);
  }

  /** The address is not dialled while the peer is connected. */
  #hold(peer: PeerConnection, address: Endpoint): void {
    const known = peer.addresses.some(({ host, port }) => host === address.host && port === address.port);
    if (known) return;
    if (peer.addresses.length >= MAX_ADDRESSES) {
      this.list.rest(address, this.#context.now() + REST_MS);
      return;
    }
    peer.addresses.push(address);
    this.list.onConnected(address, wayOf(peer), this.#context.now());
    this.fates.delete(endpointKey(address.host, address.port));
  }

  #turnAway(remote: Endpoint): void {
    if (this.#turnedAway.size < MAX_TURNED_AWAY) this.#turnedAway.add(peerKey(remote.host, remote.port));
  }

  /** Slots go round, so that a late verdict about a peer that left does not hit the one that came after it. */
  #takeSlot(): PeerSlot {
    while (this.#slots.has(this.#nextSlot)) this.#nextSlot = (this.#nextSlot + 1) % SLOT_COUNT;
    const slot = this.#nextSlot;
    this.#nextSlot = (slot + 1) % SLOT_COUNT;
    return slot;
  }
}

function wayOf(peer: PeerConnection): DialWay {
  return peer.obfuscated ? "obfuscated" : "plain";
}
