import { isLoopback } from "../../base/address.ts";
import { peerKey } from "./peer-key.ts";
import {
  addDeed,
  type Ban,
  type BanCause,
  banNow,
  type Deed,
  deedNow,
  newStanding,
  reasonOf,
  scoreOf,
  type Standing,
} from "./standing.ts";

/** Peers that are remembered. */
export const MAX_STANDINGS = 4_096;
/** Bans make room for others above this number, the oldest first. */
const MAX_BANS = 3_072;
/** Part of the table that is cleared at once when it is full. */
const CLEARED = 1 / 8;

const HOUR = 60 * 60_000;
/** How long bans last, in milliseconds. */
const BAN_TIME: Readonly<Record<BanCause, number>> = { proof: 7 * 24 * HOUR, abuse: 6 * HOUR };
/** Breaches of the protocol that lead to a ban. */
const MOST_ABUSE = 4.5;
const UNKNOWN = "nothing known yet";

/** What is thought of a peer, and why. */
export interface Opinion {
  /** From -100 (banned) by 0 (nothing known) to 100. */
  readonly score: number;
  readonly reason: string;
}

/** A peer that is remembered, for people and programs to look at. */
export interface Reputation extends Opinion {
  readonly host: string;
  /** Bytes of it that were right, fading with time. */
  readonly verified: number;
  readonly ban: Ban | null;
}

/**
 * What peers did, over all torrents and beyond the session. Peers are told apart by their address (see `peerKey`). Only verified
 * bytes speak for a peer; everything fades; bans end. `at` is always milliseconds since the Unix epoch.
 *
 * Bounded: those of whom least is to be said are forgotten first, and a flood of strangers doesn't push out a ban on proof.
 */
export class Reputations {
  readonly #standings: Map<string, Standing> = new Map();
  #bans = 0;

  get size(): number {
    return this.#standings.size;
  }

  opinion(host: string, port: number, at: number): Opinion {
    const standing = this.#standings.get(peerKey(host, port));
    if (standing === undefined) return { score: 0, reason: UNKNOWN };
    return { score: scoreOf(standing, at), reason: reasonOf(standing, at) };
  }

  score(host: string, port: number, at: number): number {
    const standing = this.#standings.get(peerKey(host, port));
    return standing === undefined ? 0 : scoreOf(standing, at);
  }

  ban(host: string, port: number, cause: BanCause, reason: string, at: number): void {
    const standing = this.#open(host, port, at);
    if (cause === "proof") addDeed(standing, "lies", 1, at);
    const before = banNow(standing, at);
    const until = at + BAN_TIME[cause];
    if (before !== null && before.until >= until) return;
    if (standing.ban === null) this.#bans++;
    standing.ban = { cause, reason, at, until };
    if (this.#bans > MAX_BANS) this.#forgetBans(at);
  }

  banOf(host: string, port: number, at: number): Ban | null {
    const standing = this.#standings.get(peerKey(host, port));
    return standing === undefined ? null : banNow(standing, at);
  }

  /** Whether anything is remembered of the peer. */
  knows(host: string, port: number): boolean {
    return this.#standings.has(peerKey(host, port));
  }

  /** Counts what a peer did. Returns whether it is to be banned for it. */
  onDeed(host: string, port: number, deed: Deed, amount: number, at: number): boolean {
    const standing = this.#open(host, port, at);
    addDeed(standing, deed, amount, at);
    return deed === "abuse" && standing.deeds.abuse > MOST_ABUSE && banNow(standing, at) === null;
  }

  /** A person takes back all that is held against a host, whatever the port. False when there was nothing. */
  forgive(host: string, at: number): boolean {
    const byAddress = peerKey(host, 0);
    let found = false;
    for (const [key, standing] of this.#standings) {
      if (key !== byAddress && standing.host !== host) continue;
      found ||= banNow(standing, at) !== null || scoreOf(standing, at) < 0;
      const { verified } = standing.deeds;
      Object.assign(standing.deeds, newStanding(host, at).deeds, { verified });
      this.#lift(standing);
      // Also when two things happen in one millisecond.
      standing.forgivenAt = Math.max(at, standing.forgivenAt);
      standing.at = Math.max(at, standing.at);
    }
    return found;
  }

  /** Proof from `since` on is worth nothing: the fault was ours. Returns the hosts that are free again. */
  pardon(since: number, at: number): string[] {
    const hosts: string[] = [];
    for (const standing of this.#standings.values()) {
      const ban = banNow(standing, at);
      if (ban === null || ban.cause !== "proof" || ban.at < since) continue;
      this.#lift(standing);
      standing.deeds.lies = Math.max(0, standing.deeds.lies - 1);
      standing.forgivenAt = Math.max(at, ban.at);
      hosts.push(standing.host);
    }
    return hosts;
  }

  /** All that is remembered, the worst first. */
  list(at: number): Reputation[] {
    return [...this.#standings.values()]
      .map((standing) => ({
        host: standing.host,
        score: scoreOf(standing, at),
        reason: reasonOf(standing, at),
        verified: Math.round(deedNow(standing, "verified", at)),
        ban: banNow(standing, at),
      }))
      .sort((a, b) => a.score - b.score);
  }

  /** What another session may know too. On loopback ports are given to anybody: nothing of it is of use later. */
  lasting(at: number): Standing[] {
    return [...this.#standings.values()].filter(
      (standing) => !isLoopback(standing.host) && weightOf(standing, at) > 0,
    );
  }

  /** Takes in what this or another session wrote: the later deeds and the later ban count, and forgiveness over both. */
  merge(others: Iterable<Standing>, at: number): void {
    for (const other of others) {
      const key = peerKey(other.host, 0);
      const known = this.#standings.get(key);
      // Nothing can have happened later than now: a clock was wrong.
      const theirs = { ...other, at: Math.min(other.at, at), forgivenAt: Math.min(other.forgivenAt, at) };
      const forgivenAt = Math.max(known?.forgivenAt ?? 0, theirs.forgivenAt);
      const ban = laterBan(known?.ban ?? null, cut(theirs.ban, at), forgivenAt);
      const merged = known ?? this.#open(theirs.host, 0, theirs.at);
      if (known === undefined || known.at < theirs.at) {
        Object.assign(merged.deeds, theirs.deeds);
        merged.at = theirs.at;
      }
      if (merged.ban === null && ban !== null) this.#bans++;
      if (merged.ban !== null && ban === null) this.#bans--;
      merged.ban = ban;
      merged.forgivenAt = forgivenAt;
    }
    if (this.#bans > MAX_BANS) this.#forgetBans(at);
  }

  #open(host: string, port: number, at: number): Standing {
    const key = peerKey(host, port);
    let standing = this.#standings.get(key);
    if (standing === undefined) {
      if (this.#standings.size >= MAX_STANDINGS) this.#makeRoom(at);
      standing = newStanding(host, at);
      this.#standings.set(key, standing);
    }
    standing.host = host;
    return standing;
  }

  #lift(standing: Standing): void {
    if (standing.ban !== null) this.#bans--;
    standing.ban = null;
  }

  #makeRoom(at: number): void {
    const weighed = [...this.#standings].map(([key, standing]) => ({ key, weight: weightOf(standing, at) }));
    weighed.sort((a, b) => a.weight - b.weight);
    for (const { key } of weighed.slice(0, MAX_STANDINGS * CLEARED)) {
      if (this.#standings.get(key)!.ban !== null) this.#bans--;
      this.#standings.delete(key);
    }
  }

  /** Bans leave room for other things: those for abuse go first, then the oldest. */
  #forgetBans(at: number): void {
    const banned = [...this.#standings.values()].filter(({ ban }) => ban !== null);
    banned.sort((a, b) => rankOf(a.ban!, at) - rankOf(b.ban!, at));
    for (const standing of banned.slice(0, MAX_STANDINGS * CLEARED)) this.#lift(standing);
  }
}

/** How much there is to be said of a peer; 0: nothing. */
function weightOf(standing: Standing, at: number): number {
  const ban = banNow(standing, at);
  if (ban !== null) return ban.cause === "proof" ? 2_000 : 1_000;
  // Forgiveness has to outlive the ban that another process may still know.
  if (at - standing.forgivenAt < BAN_TIME.proof) return 500;
  return Math.abs(scoreOf(standing, at));
}

function rankOf(ban: Ban, at: number): number {
  if (ban.until <= at) return 0;
  return ban.cause === "proof" ? ban.until : ban.until - 2 * BAN_TIME.proof;
}

/** No ban lasts longer than bans do, whatever was written. */
function cut(ban: Ban | null, at: number): Ban | null {
  if (ban === null || ban.until <= at) return null;
  return { ...ban, at: Math.min(ban.at, at), until: Math.min(ban.until, at + BAN_TIME[ban.cause]) };
}

function laterBan(a: Ban | null, b: Ban | null, forgivenAt: number): Ban | null {
  const later = a === null || (b !== null && b.at > a.at) ? b : a;
  return later === null || later.at <= forgivenAt ? null : later;
}
