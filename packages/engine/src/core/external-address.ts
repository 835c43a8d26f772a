import { setLatest } from "../base/set-latest.ts";
import { canonicalIp, type Family, familyOf, isBogon, isLoopback, isPrivate } from "../base/address.ts";
import { peerKey } from "./swarm/peer-key.ts";

/** Who says under which address we are seen: BEP 24, BEP 10 (`yourip`), BEP 42, and the protocols of port mapping. */
export type WitnessKind = "tracker" | "peer" | "dht" | "router";

/** Witnesses of each family that count, the last ones. */
const MAX_WITNESSES = 32;
/** So many more than for the present address are needed for another one. */
const MARGIN = 2;
/** Strangers that have to agree while nothing is known; of those whom we chose to ask, one will do. */
const STRANGERS = 2;

interface Vote {
  readonly ip: string;
  readonly chosen: boolean;
}

/**
 * Our address as the internet sees it, one for each family: what most of those say who have to do with us. Each host has one vote,
 * the last one that it gave, and a small lead changes nothing. Addresses that mean something only in a local network are no candidates.
 */
export class ExternalAddress {
  /** In the order in which they voted. */
  readonly #votes: ReadonlyMap<Family, Map<string, Vote>> = new Map([
    [4, new Map()],
    [6, new Map()],
  ]);
  readonly #chosen: Map<Family, string> = new Map();
  readonly #listeners: Set<(ip: string) => void> = new Set();

  /** Canonical literals; null while it is not known. */
  get v4(): string | null {
    return this.#chosen.get(4) ?? null;
  }

  get v6(): string | null {
    return this.#chosen.get(6) ?? null;
  }

  /** `by`: address literal or name of the host that says so. */
  vote(ip: string, by: string, kind: WitnessKind): void {
    const host = canonicalIp(ip);
    if (host === null || isBogon(host) || isPrivate(host)) return;
    const family = familyOf(host);
    const votes = this.#votes.get(family)!;
    const vote = { ip: host, chosen: kind === "tracker" || kind === "router" };
    setLatest(votes, witnessKey(by), vote, MAX_WITNESSES);
    this.#count(family, votes, host);
  }

  /** Called with each new address. Returns what ends that. */
  onChange(listener: (ip: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #count(family: Family, votes: ReadonlyMap<string, Vote>, candidate: string): void {
    const current = this.#chosen.get(family);
    if (candidate === current) return;
    let isChosen = false;
    let others = 0;
    let count = 0;
    for (const vote of votes.values()) {
      if (vote.ip === current) others++;
      if (vote.ip !== candidate) continue;
      count++;
      isChosen ||= vote.chosen;
    }
    const enough = current === undefined ? isChosen || count >= STRANGERS : count >= others + MARGIN;
    if (!enough) return;
    this.#chosen.set(family, candidate);
    for (const listener of this.#listeners) listener(candidate);
  }
}

/** On loopback, where all have one address, there is one vote for all: they know nothing of the internet anyway. */
function witnessKey(by: string): string {
  const host = canonicalIp(by);
  return host === null || isLoopback(host) ? by : peerKey(host, 0);
}
