import type { Millis } from "../base/brand.ts";
import type { Rng } from "../base/rng.ts";
import { type DhtPurpose, pauseAfter, REST_TURN, soonest } from "../core/dht-rhythm.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Clock } from "../ports/clock.ts";
import { Alarms } from "./alarms.ts";
import { DhtSearch, type SearchNode, type SearchOwner } from "./dht-search.ts";
import type { Sought } from "./peer-finder.ts";

/** Torrents whose lookups are under way at the same time; one takes some seconds in the real DHT. */
const MAX_ROUNDS = 64;
/** Of them, torrents at rest: the others always find room. */
const MAX_REST_ROUNDS = 48;
/** The most urgent first. */
const PURPOSES: readonly DhtPurpose[] = ["download", "seed", "rest"];
/** Rounds that came together once don't for ever. */
const JITTER_MS = 60_000;

/** Our nodes. */
export interface AskedNodes {
  /** Those that know others; nothing begins while there is none. */
  ready(): readonly SearchNode[];
  /** Lookups have been begun. */
  onAsked(): void;
}

/** All torrents of the session in the DHT, by urgency: those that wait for peers first, then what is shared, then what rests. */
export class DhtQueue implements SearchOwner {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #alarms: Alarms<DhtSearch>;
  readonly #nodes: AskedNodes;
  /** Due, in the order in which they became so. */
  readonly #due: Readonly<Record<DhtPurpose, Set<DhtSearch>>> = {
    download: new Set(),
    seed: new Set(),
    rest: new Set(),
  };
  readonly #running: Map<DhtSearch, DhtPurpose> = new Map();
  /** Those at rest are too many to keep a list of, and want no peers. */
  readonly #awake: Set<DhtSearch> = new Set();
  /** Of the torrents that are awake, as far as they have been announced. */
  readonly #byName: Map<string, DhtSearch> = new Map();
  #restTurnAt: Millis = 0;
  #restRounds = 0;

  constructor(clock: Clock, rng: Rng, nodes: AskedNodes) {
    this.#clock = clock;
    this.#rng = rng;
    this.#nodes = nodes;
    this.#alarms = new Alarms(clock, (search) => this.#enter(search));
  }

  /** `gentle`: nobody waits for it. */
  add(sought: Sought, gentle: boolean): DhtSearch {
    const search = new DhtSearch(sought, gentle, this);
    const now = this.#clock.now();
    if (gentle) {
      this.#restTurnAt = Math.max(now, this.#restTurnAt) + REST_TURN;
      this.#alarms.set(this.#restTurnAt, search);
    } else {
      this.#awake.add(search);
      this.#enter(search);
    }
    return search;
  }

  /** There are new nodes to ask, or those there were were out of reach: what somebody waits for is looked up anew. */
  restart(): void {
    for (const search of this.#awake) search.soon();
    this.pump();
  }

  /** A peer told us that it has the torrent of this name: if it is one of ours, nobody need look for the other. */
  onPeer(name: string, peer: Endpoint): void {
    this.#byName.get(name)?.sought.onPeers([peer], "dht", name);
  }

  /** Begins what is due and finds room. */
  pump(): void {
    const nodes = this.#nodes.ready();
    if (nodes.length === 0) return;
    const before = this.#running.size;
    for (const purpose of PURPOSES) {
      for (const search of this.#due[purpose]) {
        if (this.#running.size >= MAX_ROUNDS || (purpose === "rest" && this.#restRounds >= MAX_REST_ROUNDS))
          break;
        this.#due[purpose].delete(search);
        this.#begin(search, purpose, nodes);
      }
    }
    if (this.#running.size > before) this.#nodes.onAsked();
  }

  onWish(search: DhtSearch): void {
    this.#awake.add(search);
    if (search.isRunning) return;
    const now = this.#clock.now();
    const at = soonest(search.startedAt, now);
    this.#leave(search);
    if (at <= now) this.#enter(search);
    else this.#alarms.set(at, search);
  }

  onRoundEnd(search: DhtSearch): void {
    this.#onSettled(search);
    this.#wait(search);
    this.pump();
  }

  onStop(search: DhtSearch): void {
    this.#awake.delete(search);
    for (const name of search.sought.names())
      if (this.#byName.get(name) === search) this.#byName.delete(name);
    this.#leave(search);
    if (search.isRunning) this.#onSettled(search);
    this.pump();
  }

  #begin(search: DhtSearch, purpose: DhtPurpose, nodes: readonly SearchNode[]): void {
    if (search.isPointless) {
      this.#wait(search);
      return;
    }
    this.#running.set(search, purpose);
    if (this.#awake.has(search)) for (const name of search.sought.names()) this.#byName.set(name, search);
    if (purpose === "rest") this.#restRounds++;
    search.begin(nodes, this.#clock.now());
  }

  #wait(search: DhtSearch): void {
    const pause = pauseAfter(search.purpose, search.round, search.thinRounds);
    const jitter = Math.min(JITTER_MS, pause / 10);
    this.#alarms.set(this.#clock.now() + pause + this.#rng.below(jitter), search);
  }

  #enter(search: DhtSearch): void {
    this.#due[search.purpose].add(search);
    this.pump();
  }

  #leave(search: DhtSearch): void {
    this.#alarms.cancel(search);
    for (const due of Object.values(this.#due)) due.delete(search);
  }

  #onSettled(search: DhtSearch): void {
    if (this.#running.get(search) === "rest") this.#restRounds--;
    this.#running.delete(search);
  }
}
