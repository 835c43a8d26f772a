import assert from "node:assert/strict";
import { test } from "node:test";
import { HashQueries, type HashQuery } from "../../dist/core/hash-queries.js";

interface Peer {
  readonly name: string;
}

const A: Peer = { name: "a" };
const B: Peer = { name: "b" };
const anything = (): boolean => true;

function query(index: number, piece = -1): HashQuery {
  const piecesRoot = new Uint8Array(32).fill(7);
  return { request: { piecesRoot, baseLayer: 0, index: index * 2, length: 2, proofLayers: 0 }, piece };
}

function filled(count: number): HashQueries<HashQuery, Peer> {
  const queries = new HashQueries<HashQuery, Peer>();
  for (let i = 0; i < count; i++) queries.add(query(i));
  return queries;
}

function asked(queries: HashQueries<HashQuery, Peer>, peer: Peer, now: number): number[] {
  const indices: number[] = [];
  for (let next = queries.next(peer, anything, now); next !== null; next = queries.next(peer, anything, now))
    indices.push(next.request.index / 2);
  return indices;
}

test("each peer gets a few queries at a time, no query is given to two", () => {
  const queries = filled(6);
  assert.deepEqual(asked(queries, A, 0), [0, 1, 2, 3]);
  assert.deepEqual(asked(queries, B, 0), [4, 5]);
  queries.onAnswered(queries.find(A, query(1).request)!);
  assert.equal(queries.size, 5);
  assert.deepEqual(asked(queries, A, 0), []);
});

test("what one peer refused goes to another, and back to it only after a pause", () => {
  const queries = filled(1);
  asked(queries, A, 0);
  queries.onRefused(queries.find(A, query(0).request)!, A, 0);
  assert.deepEqual(asked(queries, A, 29_999), []);
  assert.deepEqual(asked(queries, B, 1), [0]);
  queries.onPeerGone(B);
  assert.deepEqual(asked(queries, A, 30_000), [0]);
});

test("a silent peer loses its queries, its late answer still counts, a stranger's does not", () => {
  const queries = filled(1);
  asked(queries, A, 0);
  queries.onTick(10_000);
  assert.deepEqual(asked(queries, B, 10_000), []);
  queries.onTick(10_001);
  assert.equal(queries.find(B, query(0).request), undefined);
  assert.deepEqual(asked(queries, B, 10_001), [0]);
  const late = queries.find(A, query(0).request);
  assert.notEqual(late, undefined);
  // A second refusal of the same peer doesn't take the query from the one who is asked now.
  queries.onRefused(late!, A, 10_002);
  queries.onAnswered(late!);
  assert.equal(queries.size, 0);
});

test("leaves that nobody waits for any more are not asked for", () => {
  const queries = new HashQueries<HashQuery, Peer>();
  queries.add(query(0, 5));
  queries.add(query(1, 5));
  queries.add(query(2, 6));
  assert.equal(queries.next(A, anything, 0)?.piece, 5);
  queries.cancelLeaves(5);
  assert.equal(queries.size, 1);
  assert.deepEqual(asked(queries, A, 0), [2]);
});

test("equal requests are one query", () => {
  const queries = filled(1);
  const again = query(0);
  assert.notEqual(queries.add(again), again);
  assert.equal(queries.size, 1);
});

test("a peer that can answer only what waits at the end gets it, although it refused what is in front", () => {
  const queries = filled(300);
  for (let round = 0; round < 100; round++) {
    const next = queries.next(A, anything, round);
    if (next !== null) queries.onRefused(next, A, round);
  }
  // Everything refused moved behind what was not.
  assert.equal(queries.next(A, anything, 100)!.request.index / 2, 100);
});

test("answering ten thousand queries looks at each a few times only", () => {
  const queries = filled(10_000);
  const peers = Array.from({ length: 50 }, (_, i) => ({ name: `${i}` }));
  let looked = 0;
  const counting = (): boolean => ++looked > 0;
  const open: [Peer, HashQuery][] = [];
  for (let answered = 0; answered < 10_000; answered++) {
    for (const peer of open.length === 0 ? peers : [open.at(-1)![0]]) {
      for (let next = queries.next(peer, counting, 0); next !== null; next = queries.next(peer, counting, 0))
        open.push([peer, next]);
    }
    const [, done] = open.pop()!;
    queries.onAnswered(done);
  }
  assert.equal(queries.size, 0);
  assert.ok(looked <= 10_050, `${looked} looks`);
});
