import { endpointKey, FAMILIES, type Family } from "../base/address.ts";
import type { Millis } from "../base/brand.ts";
import { WheelTimer } from "../base/timer-wheel.ts";
import { fromHex } from "../base/bytes.ts";
import type { DhtNode } from "../core/dht/dht-node.ts";
import type { Lookup, LookupResult, Urgency } from "../core/dht/dht-types.ts";
import { type DhtPurpose, type DhtRound, isThin } from "../core/dht-rhythm.ts";
import type { Endpoint } from "../ports/net.ts";
import type { FinderProgress, Seeking, Sought } from "./peer-finder.ts";

const URGENCY: Readonly<Record<DhtPurpose, Urgency>> = {
  download: "urgent",
  seed: "normal",
  rest: "background",
};

const NO_PROGRESS = { asked: 0, answered: 0, peers: 0 };
const NO_ROUND: DhtRound = { found: 0, stored: 0 };
/** Peers of one round that are told apart, for the count. */
const MAX_COUNTED = 5_000;

/** What a search asks of our nodes. */
export interface SearchNode {
  readonly family: Family;
  readonly node: Pick<DhtNode, "getPeers" | "announce">;
}

/** What a search tells the queue that it is in. */
export interface SearchOwner {
  onWish(search: DhtSearch): void;
  onRoundEnd(search: DhtSearch): void;
  onStop(search: DhtSearch): void;
}

/** The present round, and what the next one has to know. */
class Rounds {
  lookups: readonly Lookup[] | null = null;
  startedAt: Millis = -Infinity;
  /** Of the present or last round. */
  asked = 0;
  answered = 0;
  /** The most that one round found. */
  peers = 0;
  last: DhtRound = NO_ROUND;
  thin = 0;
}

/**
 * The place of one torrent in the DHT: rounds of lookups, one for each of its names and each of our nodes. For the queue it is also
 * the timer of the next round, if one is waited for.
 */
export class DhtSearch extends WheelTimer implements Seeking {
  readonly sought: Sought;
  readonly #owner: SearchOwner;
  #gentle: boolean;
  #stopped = false;
  /** Null before the first round, and at rest between rounds. */
  #rounds: Rounds | null = null;

  constructor(sought: Sought, gentle: boolean, owner: SearchOwner) {
    super();
    this.sought = sought;
    this.#gentle = gentle;
    this.#owner = owner;
  }

  get purpose(): DhtPurpose {
    if (this.#gentle) return "rest";
    return this.sought.isSeed() ? "seed" : "download";
  }

  get isRunning(): boolean {
    return (this.#rounds?.lookups ?? null) !== null;
  }

  get startedAt(): Millis {
    return this.#rounds?.startedAt ?? -Infinity;
  }

  /** How the last round ended. */
  get round(): DhtRound {
    return this.#rounds?.last ?? NO_ROUND;
  }

  /** So many rounds in a row were thin. */
  get thinRounds(): number {
    return this.#rounds?.thin ?? 0;
  }

  /** Nobody can reach us, and nobody here waits for peers. */
  get isPointless(): boolean {
    return FAMILIES.every((family) => this.sought.port(family) === 0) && this.sought.isSeed();
  }

  /** Begins a round with these nodes, of which there is at least one. */
  begin(nodes: readonly SearchNode[], now: Millis): void {
    const { sought } = this;
    const rounds = (this.#rounds ??= new Rounds());
    const urgency = URGENCY[this.purpose];
    const isSeed = sought.isSeed();
    const seen = new Set<string>();
    let left = 0;
    let stored = 0;
    const events = {
      urgency,
      onDone: (result: LookupResult) => {
        stored = Math.max(stored, result.stored);
        if (--left === 0) this.#end(rounds, { found: seen.size, stored });
      },
    };
    const lookups: Lookup[] = [];
    for (const name of sought.names()) {
      const infoHash = fromHex(name);
      const onPeers = (peers: readonly Endpoint[]): void => this.#onPeers(rounds, peers, name, seen);
      for (const { family, node } of nodes) {
        const port = sought.port(family);
        left++;
        lookups.push(
          port === 0
            ? node.getPeers(infoHash, { ...events, onPeers })
            : node.announce(infoHash, { ...events, onPeers, port, isSeed }),
        );
      }
    }
    rounds.startedAt = now;
    rounds.lookups = lookups;
  }

  progress(): FinderProgress {
    if (this.#rounds !== null) count(this.#rounds);
    const { asked, answered, peers } = this.#rounds ?? NO_PROGRESS;
    return { source: "dht", asked, answered, peers };
  }

  soon(): void {
    this.#gentle = false;
    if (!this.#stopped) this.#owner.onWish(this);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const lookup of this.#rounds?.lookups ?? []) lookup.cancel();
    this.#owner.onStop(this);
    this.#rounds = null;
  }

  #onPeers(rounds: Rounds, peers: readonly Endpoint[], name: string, seen: Set<string>): void {
    for (const { host, port } of peers) if (seen.size < MAX_COUNTED) seen.add(endpointKey(host, port));
    rounds.peers = Math.max(rounds.peers, seen.size);
    this.sought.onPeers(peers, "dht", name);
  }

  #end(rounds: Rounds, round: DhtRound): void {
    count(rounds);
    rounds.lookups = null;
    rounds.last = round;
    rounds.thin = isThin(this.purpose, round) ? rounds.thin + 1 : 0;
    // Nobody asks how it went.
    if (this.#gentle) this.#rounds = null;
    this.#owner.onRoundEnd(this);
  }
}

function count(rounds: Rounds): void {
  if (rounds.lookups === null) return;
  rounds.asked = 0;
  rounds.answered = 0;
  for (const { progress } of rounds.lookups) {
    rounds.asked += progress.asked;
    rounds.answered += progress.answered;
  }
}
