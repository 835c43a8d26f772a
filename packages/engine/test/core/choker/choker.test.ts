import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import {
  type ChokeConfig,
  type ChokePeer,
  chooseUnchoked,
  DEFAULT_CHOKE_CONFIG,
  fillFreeSlots,
  slotCount,
} from "../../../dist/core/choker/choker.js";

const PIECE = 1_048_576;
const config: ChokeConfig = { ...DEFAULT_CHOKE_CONFIG, minSlots: 4 };

function peer(id: number, change: Partial<ChokePeer> = {}): ChokePeer {
  return {
    id,
    torrent: 1,
    torrentSlots: Infinity,
    interested: true,
    uploadOnly: false,
    lacksOurs: true,
    unchoked: false,
    optimistic: false,
    since: 0,
    everUnchoked: false,
    snubbed: false,
    score: 0,
    seeding: false,
    downRate: 0,
    upRate: 0,
    uploaded: 0,
    pieceLength: PIECE,
    weight: 1,
    ...change,
  };
}

const choose = (
  peers: readonly ChokePeer[],
  now = 0,
  how: ChokeConfig = config,
  seed = 1,
): { unchoked: number[]; optimistic: number[] } => {
  const { unchoked, optimistic } = chooseUnchoked(peers, how, new Xoshiro128(seed), now);
  return { unchoked: [...unchoked].sort((a, b) => a - b), optimistic: [...optimistic] };
};

test("those who give the most are served, and one by chance", () => {
  const peers = Array.from({ length: 10 }, (_, id) =>
    peer(id, { downRate: id * 1_000, since: id, everUnchoked: true }),
  );
  const { unchoked, optimistic } = choose(peers);
  assert.deepEqual(optimistic, [0]);
  assert.deepEqual(unchoked, [0, 7, 8, 9]);
});

test("nothing is left to chance while there is a slot for everybody", () => {
  const peers = [0, 1, 2].map((id) => peer(id));
  assert.deepEqual(choose(peers), { unchoked: [0, 1, 2], optimistic: [] });
});

test("who is not interested, or wants nothing that we have, gets no slot", () => {
  const peers = [
    peer(0, { interested: false, downRate: 9e9 }),
    peer(1, { uploadOnly: true, lacksOurs: false, downRate: 9e9 }),
    peer(2, { uploadOnly: true, lacksOurs: true }),
    peer(3),
  ];
  assert.deepEqual(choose(peers).unchoked, [2, 3]);
  assert.deepEqual(new Set(fillFreeSlots(peers, config, new Xoshiro128(1))), new Set([2, 3]));
});

test("snubbed peers come after all others", () => {
  const peers = [0, 1, 2, 3, 4, 5].map((id) =>
    peer(id, { downRate: 100 - id, snubbed: id < 2, everUnchoked: true, since: id }),
  );
  const { unchoked, optimistic } = choose(peers);
  assert.deepEqual(
    unchoked.filter((id) => !optimistic.includes(id)),
    [2, 3, 4],
  );
});

test("the optimistic slot stays for its time, then goes to who was never served", () => {
  const peers = [
    peer(0, { downRate: 50, unchoked: true }),
    peer(1, { downRate: 40, unchoked: true }),
    peer(2, { downRate: 30, unchoked: true }),
    peer(3, { unchoked: true, optimistic: true, since: 1_000, everUnchoked: true }),
    peer(4, { since: 500, everUnchoked: true }),
    peer(5, { since: 20_000 }),
  ];
  assert.deepEqual(choose(peers, 30_999).optimistic, [3]);
  assert.deepEqual(choose(peers, 31_000).optimistic, [5]);
});

test("with equal rates present holders stay", () => {
  for (let seed = 1; seed < 20; seed++) {
    const peers = Array.from({ length: 12 }, (_, id) => peer(id, { downRate: 7, unchoked: id >= 9 }));
    const { unchoked, optimistic } = choose(peers, 0, config, seed);
    assert.deepEqual(
      unchoked.filter((id) => !optimistic.includes(id)),
      [9, 10, 11],
    );
  }
});

test("seeding goes by turns: a holder keeps its slot for its quota and a minute", () => {
  const holder = (id: number, change: Partial<ChokePeer>): ChokePeer =>
    peer(id, { seeding: true, unchoked: true, everUnchoked: true, since: 0, ...change });
  const peers = [
    holder(0, { uploaded: 20 * PIECE }),
    holder(1, { uploaded: 20 * PIECE, since: 50_000 }),
    holder(2, { uploaded: 5 * PIECE }),
    holder(3, { uploaded: 0 }),
    peer(4, { seeding: true, since: 10_000, everUnchoked: true }),
    peer(5, { seeding: true, since: 20_000 }),
  ];
  // Peer 0 has had its share; peer 5 was never served.
  assert.deepEqual(choose(peers, 60_000).unchoked, [1, 2, 3, 5]);
  // At the deadline one whole piece is enough; at twice the deadline nothing is waited for. Who waited longest comes back first.
  const late = choose(peers, 180_000).unchoked;
  assert.deepEqual(
    late.filter((id) => id >= 3),
    [3, 4, 5],
  );
  assert.equal(late.includes(1), false);
  const last = choose(peers, 360_000).unchoked;
  assert.deepEqual(
    last.filter((id) => id >= 4),
    [4, 5],
  );
  assert.equal(last.includes(1), false);
});

test("everybody has a turn when seeding", () => {
  const states = new Map<number, ChokePeer>();
  for (let id = 0; id < 30; id++) states.set(id, peer(id, { seeding: true, since: id }));
  const served = new Set<number>();
  for (let now = 0; now < 60 * 60_000; now += 15_000) {
    const { unchoked } = choose([...states.values()], now);
    for (const [id, state] of states) {
      const on = unchoked.includes(id);
      if (on) served.add(id);
      if (on !== state.unchoked) {
        states.set(id, {
          ...state,
          unchoked: on,
          since: now,
          everUnchoked: state.everUnchoked || on,
          uploaded: 0,
        });
      } else if (on) states.set(id, { ...state, uploaded: state.uploaded + 6 * PIECE });
    }
  }
  assert.equal(served.size, 30);
});

test("slots are shared between downloading and seeding torrents by weight", () => {
  const trading = Array.from({ length: 20 }, (_, id) => peer(id));
  const seeding = Array.from({ length: 20 }, (_, id) => peer(100 + id, { seeding: true }));
  const split = (a: readonly ChokePeer[], b: readonly ChokePeer[]): [number, number] => {
    const { unchoked } = choose([...a, ...b], 0, { ...config, minSlots: 8 });
    return [unchoked.filter((id) => id < 100).length, unchoked.filter((id) => id >= 100).length];
  };
  assert.deepEqual(split(trading, seeding), [4, 4]);
  assert.deepEqual(split(trading, seeding.slice(0, 1)), [7, 1]);
  assert.deepEqual(split(trading.slice(0, 2), seeding), [1, 7]);
  assert.deepEqual(
    split(
      trading.map((one) => ({ ...one, weight: 3 })),
      seeding,
    ),
    [6, 2],
  );
  assert.deepEqual(split([], seeding), [0, 8]);
  assert.deepEqual(split(trading, []), [8, 0]);
});

test("slots grow with the rates that the served peers reach", () => {
  const served = (rates: readonly number[]): ChokePeer[] =>
    rates.map((upRate, id) => peer(id, { unchoked: true, upRate }));
  const how = { ...DEFAULT_CHOKE_CONFIG, maxSlots: 30 };
  assert.equal(slotCount([], how), 8);
  assert.equal(slotCount(served(new Array<number>(8).fill(1_000)), how), 8);
  assert.equal(slotCount(served(new Array<number>(8).fill(100_000)), how), 9);
  assert.equal(slotCount(served(new Array<number>(20).fill(100_000)), how), 21);
  // 20,000 bytes per second support nine thresholds of 2 KiB.
  assert.equal(slotCount(served(new Array<number>(20).fill(20_000)), how), 10);
  assert.equal(slotCount(served(new Array<number>(90).fill(1e9)), how), 30);
});

test("free slots are filled at once, longest waiting first, without choking anybody", () => {
  const peers = [
    peer(0, { unchoked: true }),
    peer(1, { unchoked: true }),
    peer(2, { unchoked: true, interested: false }),
    peer(3, { since: 50, everUnchoked: true }),
    peer(4, { since: 90 }),
    peer(5, { since: 70 }),
  ];
  assert.deepEqual(fillFreeSlots(peers, config, new Xoshiro128(1)), [5, 4]);
  assert.deepEqual(fillFreeSlots(peers, { ...config, minSlots: 2, maxSlots: 2 }, new Xoshiro128(1)), []);
});

test("for any peers: no more than the slots, only who is eligible, no slot wasted, same answer twice", () => {
  const peerArb = fc.record({
    interested: fc.boolean(),
    uploadOnly: fc.boolean(),
    lacksOurs: fc.boolean(),
    unchoked: fc.boolean(),
    optimistic: fc.boolean(),
    since: fc.nat(100_000),
    everUnchoked: fc.boolean(),
    snubbed: fc.boolean(),
    seeding: fc.boolean(),
    downRate: fc.nat(1_000_000),
    upRate: fc.nat(50_000),
    uploaded: fc.nat(50_000_000),
    weight: fc.constantFrom(0, 1, 5),
  });
  fc.assert(
    fc.property(
      fc.array(peerArb, { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(500_000),
      (list, min, now) => {
        const peers = list.map((change, id) => peer(id, change));
        const how = { ...config, minSlots: min, maxSlots: 20 };
        const { unchoked, optimistic } = choose(peers, now, how);
        const slots = slotCount(peers, how);
        const eligible = peers.filter((one) => one.interested && (one.lacksOurs || !one.uploadOnly));
        assert.equal(unchoked.length, Math.min(slots, eligible.length));
        for (const id of unchoked) assert.ok(eligible.some((one) => one.id === id));
        for (const id of optimistic) assert.ok(unchoked.includes(id));
        assert.deepEqual(choose(peers, now, how), { unchoked, optimistic });
        const filled = fillFreeSlots(peers, how, new Xoshiro128(1));
        const already = eligible.filter((one) => one.unchoked).length;
        assert.equal(filled.length, Math.max(0, Math.min(slots, eligible.length) - already));
      },
    ),
  );
});

test("at equal rates the better reputation is served first; who gives more comes before it", () => {
  const peers = [
    peer(0, { score: -40 }),
    peer(1, { score: 10 }),
    peer(2, { score: 50 }),
    peer(3, { downRate: 1, score: -100 }),
  ].map((one) => ({ ...one, everUnchoked: true }));
  const how = { ...config, minSlots: 2, optimisticSlots: 0 };
  assert.deepEqual(choose(peers, 0, how).unchoked, [2, 3]);
});

test("by chance, a good reputation makes waiting count double, a newcomer comes before both", () => {
  const how = { ...config, minSlots: 2 };
  const giver = peer(0, { downRate: 1_000_000, everUnchoked: true });
  const known = (id: number, score: number, waitedMs: number): ChokePeer =>
    peer(id, { score, since: 100_000 - waitedMs, everUnchoked: true });
  const lucky = (peers: readonly ChokePeer[]): number[] => choose([giver, ...peers], 100_000, how).optimistic;
  assert.deepEqual(lucky([known(1, 0, 50_000), known(2, 100, 26_000)]), [2]);
  assert.deepEqual(lucky([known(1, 0, 50_000), known(2, 100, 24_000)]), [1]);
  // Nobody waits for ever: a bad name only takes longer.
  assert.deepEqual(lucky([known(1, -100, 90_000), known(2, 100, 20_000)]), [1]);
  assert.deepEqual(lucky([known(1, 100, 90_000), peer(2, { since: 99_999 })]), [2]);
});

describe("slots of one torrent", () => {
  const capped = { torrent: 2, torrentSlots: 1, seeding: true };

  test("are at most as many as it may have, and the others go to the other torrents", () => {
    const peers = [1, 2, 3, 4].map((id) => peer(id, { ...capped, downRate: 1_000 }));
    const others = [5, 6, 7, 8].map((id) => peer(id, { seeding: true }));
    const { unchoked } = chooseUnchoked([...peers, ...others], config, new Xoshiro128(1), 0);
    assert.equal([...unchoked].filter((id) => id <= 4).length, 1);
    assert.equal([...unchoked].filter((id) => id > 4).length, 3);
  });

  test("are not exceeded when free ones are given away", () => {
    const peers = [peer(1, { ...capped, unchoked: true }), peer(2, capped), peer(3, { seeding: true })];
    assert.deepEqual(fillFreeSlots(peers, config, new Xoshiro128(1)), [3]);
  });
});
