import { isLoopback } from "../base/address.ts";
import type { IpFilter } from "../base/ip-filter.ts";
import { toHex } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { BLOCK_SIZE } from "../meta/layout.ts";
import { type Opinion, type Reputation, Reputations } from "../core/swarm/reputation.ts";
import { decodeReputation, encodeReputation } from "../core/swarm/reputation-record.ts";
import type { BanCause, Deed } from "../core/swarm/standing.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Store } from "../ports/store.ts";

const RECORD = "peers";
/** What is new is written after this time, and at the end. */
const SAVE_MS = 5 * 60_000;
/** Bans by proof of so long ago are in doubt when a fault of ours shows. */
const DOUBT_MS = 10 * 60_000;

/** What a connected peer did, and what is thought of it. */
interface ActivePeer {
  readonly remote: Endpoint;
  /** Since the last `settle`: bytes in pieces that were right (whole blocks), times it did not deliver. */
  verified: number;
  late: number;
  /** Blocks that nobody asked for, in all and as of the last `settle`. */
  readonly unsolicited: number;
  unsolicitedTold: number;
  score: number;
}

export interface StandingsPorts {
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  readonly ipFilter: IpFilter;
}

/** The reputation of peers for all torrents of a session, kept in the state directory beyond it. */
export class PeerStandings {
  readonly #reputations: Reputations = new Reputations();
  /** On loopback, where all have one address: banned peer ids. */
  readonly #bannedIds: Set<string> = new Set();
  readonly #ipFilter: IpFilter;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #log: Log;
  #isNew = false;
  #timer: Timer | null = null;
  #saving: Promise<void> = Promise.resolve();
  #closed = false;

  constructor({ clock, store, log, ipFilter }: StandingsPorts) {
    this.#ipFilter = ipFilter;
    this.#clock = clock;
    this.#store = store;
    this.#log = log;
  }

  /** Takes in what earlier sessions knew. What can't be read is done without. */
  async load(): Promise<void> {
    try {
      const record = await this.#store.readRecord(RECORD);
      if (record !== null) this.#reputations.merge(decodeReputation(record), this.#clock.wallTime());
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.#log.warn("What was known of peers can't be read and is forgotten", { reason: error.message });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isNew) this.#save();
    await this.#saving;
  }

  list(): Reputation[] {
    return this.#reputations.list(this.#clock.wallTime());
  }

  opinion({ host, port }: Endpoint): Opinion {
    return this.#reputations.opinion(host, port, this.#clock.wallTime());
  }

  score({ host, port }: Endpoint): number {
    return this.#reputations.score(host, port, this.#clock.wallTime());
  }

  /** Banned for what it did, or blocked by the user's list. */
  isBanned({ host, port }: Endpoint): boolean {
    return this.isBlocked(host) || this.#reputations.banOf(host, port, this.#clock.wallTime()) !== null;
  }

  isBlocked(host: string): boolean {
    return this.#ipFilter.blocks(host);
  }

  /** Also knows those who come back with another port on loopback. */
  isBannedPeer(remote: Endpoint, peerId: Uint8Array): boolean {
    return this.isBanned(remote) || this.#bannedIds.has(idKey(remote, peerId));
  }

  ban(remote: Endpoint, peerId: Uint8Array | null, cause: BanCause, reason: string): void {
    this.#reputations.ban(remote.host, remote.port, cause, reason, this.#clock.wallTime());
    if (peerId !== null && isLoopback(remote.host)) this.#bannedIds.add(idKey(remote, peerId));
    this.#remember();
  }

  forgive(host: string): boolean {
    const found = this.#reputations.forgive(host, this.#clock.wallTime());
    for (const key of this.#bannedIds) if (key.startsWith(`${host} `)) this.#bannedIds.delete(key);
    if (found) this.#remember();
    return found;
  }

  /** A fault of this computer shows: what was proof lately is none. */
  onLocalFault(): void {
    const now = this.#clock.wallTime();
    const hosts = this.#reputations.pardon(now - DOUBT_MS, now);
    if (hosts.length === 0) return;
    this.#bannedIds.clear();
    this.#log.info("Bans of the last minutes are lifted: this computer may be at fault", { hosts });
    this.#remember();
  }

  /** Strangers that can't be reached leave no trace. */
  onDialFailed(remote: Endpoint): void {
    if (this.#reputations.knows(remote.host, remote.port)) this.#count(remote, "unreachable", 1);
  }

  /** True when the peer has done so too often and is to be banned. */
  onAbuse(remote: Endpoint): boolean {
    return this.#count(remote, "abuse", 1);
  }

  /** Takes over what a connected peer did since the last time. */
  settle(peer: ActivePeer): void {
    const { remote } = peer;
    if (peer.verified > 0) this.#count(remote, "verified", peer.verified);
    if (peer.late > 0) this.#count(remote, "late", peer.late);
    const unasked = peer.unsolicited - peer.unsolicitedTold;
    if (unasked > 0) this.#count(remote, "unasked", unasked * BLOCK_SIZE);
    peer.verified = 0;
    peer.late = 0;
    peer.unsolicitedTold = peer.unsolicited;
    peer.score = this.score(remote);
  }

  #count({ host, port }: Endpoint, deed: Deed, amount: number): boolean {
    const tooMuch = this.#reputations.onDeed(host, port, deed, amount, this.#clock.wallTime());
    this.#remember();
    return tooMuch;
  }

  #remember(): void {
    this.#isNew = true;
    if (this.#closed) return;
    this.#timer ??= this.#clock.setTimer(SAVE_MS, () => {
      this.#timer = null;
      this.#save();
    });
  }

  #save(): void {
    this.#isNew = false;
    this.#saving = this.#saving.then(async () => {
      try {
        await this.#store.updateRecord(RECORD, (before) => this.#mergeWith(before));
      } catch (error) {
        if (!(error instanceof ShoalError)) throw error;
        this.#log.warn("What is known of peers can't be saved", { reason: error.message });
      }
    });
  }

  /** Other processes have peers of their own: nothing of theirs is lost. */
  #mergeWith(before: Uint8Array | null): Uint8Array {
    const now = this.#clock.wallTime();
    try {
      if (before !== null) this.#reputations.merge(decodeReputation(before), now);
    } catch (error) {
      // It is replaced.
      if (!(error instanceof ShoalError)) throw error;
    }
    return encodeReputation(this.#reputations.lasting(now));
  }
}

function idKey({ host }: Endpoint, peerId: Uint8Array): string {
  return `${host} ${toHex(peerId)}`;
}
