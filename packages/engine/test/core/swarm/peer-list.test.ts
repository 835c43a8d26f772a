import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { PeerList, type PeerSource } from "../../../dist/core/swarm/peer-list.js";

const at = (n: number): { host: string; port: number } => ({
  host: `10.1.${n >> 8}.${n & 255}`,
  port: 6_881,
});
const makeList = (capacity = 3_000): PeerList => new PeerList(new Xoshiro128(1), { capacity });

/** Hosts that are banned, and scores of others. */
class TestRepute {
  readonly banned: Set<string> = new Set();
  readonly scores: Map<string, number> = new Map();

  isBanned({ host }: { host: string }): boolean {
    return this.banned.has(host);
  }
  score({ host }: { host: string }): number {
    return this.scores.get(host) ?? 0;
  }
}

test("gives out each candidate once, the best source first", () => {
  const list = makeList();
  const sources: PeerSource[] = ["pex", "incoming", "tracker", "user", "dht", "lsd", "magnet"];
  sources.forEach((source, i) => assert.equal(list.add(at(i), source, 0), true));
  assert.equal(list.add(at(0), "dht", 0), false);
  assert.equal(list.size, 7);
  const order = sources.map(() => list.next(0)!.source);
  assert.deepEqual(order, ["user", "magnet", "tracker", "lsd", "dht", "dht", "incoming"]);
  assert.equal(list.next(0), null);
  assert.equal(list.nextDeadline(), Infinity);
});

test("whoever was ever found by the v1 name knows it", () => {
  const list = makeList();
  list.add(at(1), "lsd", 0, { byV2: true });
  list.add(at(2), "tracker", 0, { byV2: true });
  list.add(at(2), "dht", 0);
  list.add(at(2), "dht", 0, { byV2: true });
  assert.deepEqual(
    [list.next(0)!, list.next(0)!].map(({ host, byV2 }) => [host, byV2]),
    [
      [at(2).host, false],
      [at(1).host, true],
    ],
  );
});

test("refuses ports that can't be dialled, itself and banned peers", () => {
  const repute = new TestRepute();
  const list = new PeerList(new Xoshiro128(1), { repute });
  for (const port of [0, -1, 65_536, 1.5])
    assert.equal(list.add({ host: "10.0.0.1", port }, "dht", 0), false);
  list.add(at(1), "dht", 0);
  list.addSelf(at(1));
  assert.equal(list.add(at(1), "user", 0), false);
  list.add(at(2), "dht", 0);
  repute.banned.add(at(2).host);
  assert.equal(list.next(0), null);
  assert.equal(list.size, 0);
  assert.equal(list.add(at(2), "user", 0), false);
  repute.banned.clear();
  assert.equal(list.add(at(2), "user", 0), true);
});

test("backs off exponentially and with jitter, and gives up what nobody named", () => {
  const list = makeList();
  list.add(at(1), "tracker", 0);
  let now = 0;
  let before = 0;
  for (let fail = 1; fail <= 9; fail++) {
    assert.equal(list.next(now)!.host, at(1).host);
    list.onFailed(at(1), now);
    const wait = list.nextDeadline() - now;
    assert.ok(
      wait >= Math.min(1_800_000, 15_000 * 2 ** (fail - 1)) * 0.75 && wait <= 1_800_000 * 1.25,
      `${wait}`,
    );
    if (fail < 7) assert.ok(wait > before);
    assert.equal(list.next(now + wait - 1), null);
    before = wait;
    now += wait;
  }
  list.next(now);
  list.onFailed(at(1), now);
  assert.equal(list.size, 0);

  list.add(at(2), "user", now);
  for (let fail = 0; fail < 50; fail++) {
    assert.ok(list.next(now) !== null);
    list.onFailed(at(2), now);
    assert.ok(list.nextDeadline() - now <= 75_000);
    now = list.nextDeadline();
  }
});

test("a person's wish is tried at once", () => {
  const list = makeList();
  list.add(at(1), "dht", 0);
  list.next(0);
  list.onFailed(at(1), 0);
  assert.equal(list.next(100), null);
  list.add(at(1), "user", 100);
  assert.equal(list.next(100)!.source, "user");
});

test("a connection that lasted clears failures, one that broke at once is a failure", () => {
  const list = makeList();
  list.add(at(1), "tracker", 0);
  list.add(at(2), "tracker", 0);
  for (const n of [1, 2]) {
    list.next(0);
    list.onFailed(at(n), 0);
  }
  let now = list.nextDeadline() + 20_000;
  for (const n of [1, 2]) {
    list.next(now);
    list.onConnected(at(n), "plain", now);
  }
  assert.equal(list.nextDeadline(), Infinity);
  list.onClosed(at(1), now + 5_000);
  list.onClosed(at(2), now + 500_000);
  now += 10_000_000;
  const first = list.next(now)!;
  assert.deepEqual([first.host, first.fails], [at(2).host, 0]);
  assert.equal(list.next(now)!.fails, 2);
});

test("a postponed candidate comes again", () => {
  const list = makeList();
  list.add(at(1), "tracker", 5);
  assert.equal(list.next(4), null);
  const candidate = list.next(5)!;
  list.onPostponed(candidate);
  assert.equal(list.nextDeadline(), 5);
  assert.equal(list.next(5), candidate);
});

test("a flood from one source doesn't push out the others", () => {
  const list = makeList(100);
  for (let n = 0; n < 30; n++) list.add(at(n), "tracker", 0);
  for (let n = 1_000; n < 3_000; n++) list.add(at(n), "pex", 0);
  assert.equal(list.size, 100);
  const count = (source: PeerSource): number =>
    [...list].filter((candidate) => candidate.source === source).length;
  assert.equal(count("tracker"), 30);
  // A better source takes the place of a worse one, but leaves it its share.
  for (let n = 4_000; n < 5_000; n++) list.add(at(n), "tracker", 0);
  assert.equal(count("pex"), 10);
  assert.equal(count("tracker"), 90);
  // And a source that has nothing yet gets its own.
  for (let n = 6_000; n < 7_000; n++) list.add(at(n), "dht", 0);
  assert.equal(count("dht"), 10);
  assert.equal(list.add(at(9_999), "user", 0), true);
  assert.equal(list.size, 100);
});

test("the deadline is that of the earliest idle candidate, whatever happens", () => {
  const step = fc.record({ kind: fc.nat(6), n: fc.nat(5), wait: fc.nat(40_000) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 120, size: "max" }), (steps) => {
      const list = makeList(4);
      let now = 0;
      for (const { kind, n, wait } of steps) {
        if (kind <= 1) list.add(at(n), kind === 0 ? "tracker" : "pex", now);
        else if (kind === 2) now += wait;
        else if (kind === 3) list.onConnected(at(n), "plain", now);
        else if (kind === 4) list.onClosed(at(n), now);
        else if (kind === 5) list.onFailed(at(n), now);
        else {
          const deadline = list.nextDeadline();
          const candidate = list.next(now);
          assert.equal(candidate !== null, deadline <= now);
        }
        assert.ok(list.size <= 4);
      }
    }),
  );
});

test("of candidates that fail equally often, the better reputation comes first, then strangers, then the worse", () => {
  const repute = new TestRepute();
  repute.scores.set(at(1).host, -20).set(at(2).host, 5).set(at(4).host, 40);
  const list = new PeerList(new Xoshiro128(1), { repute });
  list.add(at(1), "user", 0);
  for (const n of [2, 3, 4]) list.add(at(n), "pex", 0);
  const order = [4, 2, 3, 1].map((n) => at(n).host);
  assert.deepEqual(
    order.map(() => list.next(0)!.host),
    order,
  );
  // A failure counts more than what was.
  list.onFailed(at(4), 0);
  list.onPostponed(at(1));
  assert.equal(list.next(1e9)!.host, at(1).host);
});

test("a candidate left in peace comes back at its time, or as soon as something is needed again", () => {
  const list = new PeerList(new Xoshiro128(1));
  const peer = { host: "10.0.0.1", port: 1 };
  list.add(peer, "user", 0);
  list.next(0);
  list.onConnected(peer, "plain", 0);
  list.rest(peer, 60_000);
  assert.equal(list.next(59_000), null);
  assert.equal(list.nextDeadline(), 60_000);
  list.endRest(20_000);
  assert.equal(list.next(20_000)?.host, peer.host);
  list.onFailed(peer, 20_000);
  const retryAt = list.nextDeadline();
  list.endRest(20_000);
  assert.equal(list.nextDeadline(), retryAt, "one that failed waits its time");
});
