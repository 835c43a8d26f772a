import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventQueue, SimulatedClock } from "@shoal/sim";
import { Xoshiro128 } from "../../dist/base/rng.js";
import type { Announce, Lookup, PeerLookup } from "../../dist/core/dht/dht-types.js";
import { DhtQueue } from "../../dist/session/dht-queue.js";
import type { Sought } from "../../dist/session/peer-finder.js";

const MINUTE = 60_000;
const PEER = { host: "203.0.113.9", port: 6881 };
const PEERS = Array.from({ length: 20 }, (_, i) => ({ host: `203.0.113.${i}`, port: 6881 }));

interface Asked {
  readonly at: number;
  readonly what: "announce" | "get";
  readonly name: string;
  readonly events: PeerLookup;
  readonly announced: Announce | null;
  cancelled: boolean;
}

/** A queue over one node that answers when the test says so, or at once. */
class Scene {
  readonly time: EventQueue = new EventQueue();
  readonly clock: SimulatedClock = new SimulatedClock(this.time, () => this.#answer());
  readonly asked: Asked[] = [];
  /** Peers that each lookup finds. */
  found: readonly (typeof PEER)[] = PEERS;
  /** Nodes that keep what is announced. */
  stored = 8;
  isReady = true;
  answers = true;
  port = 6000;
  readonly queue: DhtQueue;
  #answered = 0;

  constructor() {
    const begin = (
      what: Asked["what"],
      infoHash: Uint8Array,
      events: PeerLookup,
      announced: Announce | null,
    ): Lookup => {
      const one: Asked = {
        at: this.clock.now(),
        what,
        name: Buffer.from(infoHash).toString("hex"),
        events,
        announced,
        cancelled: false,
      };
      this.asked.push(one);
      return { progress: { asked: 8, answered: 5 }, cancel: () => void (one.cancelled = true) };
    };
    const node = {
      getPeers: (infoHash: Uint8Array, events: PeerLookup) => begin("get", infoHash, events, null),
      announce: (infoHash: Uint8Array, events: Announce) => begin("announce", infoHash, events, events),
    };
    this.queue = new DhtQueue(this.clock, new Xoshiro128(1), {
      ready: () => (this.isReady ? [{ family: 4, node }] : []),
      onAsked: () => {},
    });
  }

  /** Ends all lookups that were begun so far. */
  #answer(): void {
    while (this.answers && this.#answered < this.asked.length) {
      const { events, cancelled } = this.asked[this.#answered++]!;
      if (cancelled) continue;
      if (this.found.length > 0) events.onPeers?.(this.found);
      events.onDone?.({ asked: 8, answered: 5, closest: [], stored: this.stored, durationMs: 1000 });
    }
  }

  sought(index: number, about: Partial<{ seed: boolean; hybrid: boolean; peers: unknown[] }> = {}): Sought {
    const name = index.toString(16).padStart(40, "0");
    return {
      names: () => (about.hybrid === true ? [name, `f${name.slice(1)}`] : [name]),
      port: () => this.port,
      localPort: () => this.port,
      isSeed: () => about.seed === true,
      onPeers: (peers, source) => void about.peers?.push(...peers, source),
    };
  }

  run(ms: number): void {
    const until = this.time.now + ms;
    this.#answer();
    for (let event = this.time.next(until); event !== null; event = this.time.next(until)) event.happen();
  }
}

describe("DhtQueue", () => {
  it("announces at once what somebody waits for, under all its names, and again every 15 minutes", () => {
    const scene = new Scene();
    const peers: unknown[] = [];
    const search = scene.queue.add(scene.sought(1, { hybrid: true, peers }), false);
    assert.deepEqual(
      scene.asked.map(({ at, what, announced }) => [at, what, announced?.port, announced?.isSeed]),
      [
        [0, "announce", 6000, false],
        [0, "announce", 6000, false],
      ],
    );
    assert.deepEqual(peers, []);
    scene.run(1);
    assert.deepEqual(peers, [...PEERS, "dht", ...PEERS, "dht"]);
    assert.deepEqual(search.progress(), { source: "dht", asked: 16, answered: 10, peers: 20 });
    scene.run(60 * MINUTE);
    assert.equal(scene.asked.length, 2 * 4);
    search.stop();
    scene.run(60 * MINUTE);
    assert.equal(scene.asked.length, 2 * 4);
    assert.equal(scene.clock.timers, 0);
  });

  it("looks again soon, then less and less often, while a download finds few or a seed few nodes", () => {
    for (const [seed, stored, longest] of [
      [false, 8, 15],
      [true, 3, 5],
    ] as const) {
      const scene = new Scene();
      scene.found = [PEER];
      scene.stored = stored;
      scene.queue.add(scene.sought(1, { seed }), false);
      scene.run(24 * 60 * MINUTE);
      const pauses = scene.asked.slice(1).map(({ at }, i) => (at - scene.asked[i]!.at) / MINUTE);
      assert.ok(pauses[0]! < 0.25 && pauses[1]! < 0.5, String(pauses.slice(0, 5)));
      for (const pause of pauses.slice(10))
        assert.ok(pause >= longest && pause < longest + 1.1, String(pause));
    }
  });

  it("takes a peer that told our node of a torrent for one of the torrent's", () => {
    const scene = new Scene();
    const peers: unknown[] = [];
    scene.found = [];
    const search = scene.queue.add(scene.sought(1, { seed: true, peers }), false);
    const resting: unknown[] = [];
    scene.queue.add(scene.sought(2, { seed: true, peers: resting }), true);
    scene.run(MINUTE);
    for (const index of [1, 2, 3]) scene.queue.onPeer(index.toString(16).padStart(40, "0"), PEER);
    assert.deepEqual(peers, [PEER, "dht"]);
    assert.deepEqual(resting, []);
    search.stop();
    scene.queue.onPeer("1".padStart(40, "0"), PEER);
    assert.equal(peers.length, 2);
  });

  it("spreads ten thousand torrents at rest over half an hour, on one timer, and lets others through", () => {
    const scene = new Scene();
    for (let i = 1; i <= 10_000; i++) scene.queue.add(scene.sought(i, { seed: true }), true);
    assert.equal(scene.clock.timers, 1);
    assert.equal(scene.asked.length, 0);
    let most = 0;
    for (let minute = 0; minute < 30; minute++) {
      const before = scene.asked.length;
      scene.run(MINUTE);
      most = Math.max(most, scene.asked.length - before);
    }
    assert.equal(new Set(scene.asked.map(({ name }) => name)).size, 10_000);
    assert.ok(most <= 350, `${most} in a minute`);
    scene.run(30 * MINUTE);
    assert.ok(scene.asked.length >= 19_500 && scene.asked.length <= 20_700, String(scene.asked.length));
    scene.queue.add(scene.sought(20_000), false);
    assert.equal(BigInt(`0x${scene.asked.at(-1)!.name}`), 20_000n);
  });

  it("begins a bounded number of rounds, the urgent ones first, and keeps room for them", () => {
    const scene = new Scene();
    scene.answers = false;
    for (let i = 1; i <= 200; i++) scene.queue.add(scene.sought(i, { seed: true }), true);
    scene.run(MINUTE);
    assert.equal(scene.asked.length, 48);
    for (let i = 1; i <= 100; i++) scene.queue.add(scene.sought(1000 + i, { seed: true }), false);
    assert.equal(scene.asked.length, 64);
    scene.queue.add(scene.sought(5000), false);
    scene.asked[60]!.events.onDone?.({ asked: 1, answered: 1, closest: [], stored: 0, durationMs: 1 });
    assert.equal(BigInt(`0x${scene.asked.at(-1)!.name}`), 5000n);
  });

  it("waits for nodes, and looks anew when there are some", () => {
    const scene = new Scene();
    scene.isReady = false;
    scene.queue.add(scene.sought(1), false);
    scene.run(5 * MINUTE);
    assert.equal(scene.asked.length, 0);
    scene.isReady = true;
    scene.queue.restart();
    assert.equal(scene.asked.length, 1);
  });

  it("soon: at once, but not twice a minute; what rested is awake then", () => {
    const scene = new Scene();
    const search = scene.queue.add(scene.sought(1, { seed: true }), true);
    search.soon();
    assert.deepEqual([scene.asked.length, scene.asked[0]!.events.urgency], [1, "normal"]);
    scene.run(1000);
    for (let i = 0; i < 5; i++) search.soon();
    scene.run(MINUTE + 1000);
    assert.deepEqual(
      scene.asked.map(({ at }) => Math.round(at / MINUTE)),
      [0, 1],
    );
  });

  it("only looks without a port to be reached on, and leaves a seed alone then", () => {
    const scene = new Scene();
    scene.port = 0;
    scene.queue.add(scene.sought(1), false);
    scene.queue.add(scene.sought(2, { seed: true }), false);
    scene.run(MINUTE);
    assert.deepEqual(
      new Set(scene.asked.map(({ what, name }) => `${what} ${BigInt(`0x${name}`)}`)),
      new Set(["get 1"]),
    );
    scene.port = 7000;
    scene.run(20 * MINUTE);
    assert.deepEqual(
      new Set(scene.asked.flatMap(({ what, name }) => (what === "announce" ? [BigInt(`0x${name}`)] : []))),
      new Set([1n, 2n]),
    );
  });

  it("a search that is stopped tells nothing more and makes room", () => {
    const scene = new Scene();
    scene.answers = false;
    const searches = Array.from({ length: 65 }, (_, i) => scene.queue.add(scene.sought(i + 1), false));
    assert.equal(scene.asked.length, 64);
    searches[0]!.stop();
    searches[0]!.soon();
    assert.equal(scene.asked[0]!.cancelled, true);
    assert.equal(scene.asked.length, 65);
    for (const search of searches) search.stop();
    assert.ok(scene.asked.every(({ cancelled }) => cancelled));
    assert.equal(scene.clock.timers, 0);
  });
});
