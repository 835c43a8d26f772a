import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK, deliver, makePeer, makePicker, pick, piecesOf, settleIn } from "./rig.js";

test("picks the rarest pieces first", () => {
  const picker = makePicker(20, 4);
  settleIn(picker);
  const seed = makePeer(0, 20, "all");
  const most = makePeer(
    1,
    20,
    Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 17 && i !== 11),
  );
  const some = makePeer(2, 20, [4, 5, 6, 7, 8, 9, 10, 17]);
  for (const peer of [seed, most, some]) picker.addPeer(peer);
  assert.equal(picker.availability(11), 1);
  assert.equal(picker.availability(17), 2);
  assert.equal(picker.availability(5), 3);
  assert.deepEqual(piecesOf(pick(picker, seed, 4)), [11]);
  assert.equal(
    pick(picker, most, 4).some(([piece]) => piece < 12),
    false,
  );
});

test("peers that are no seeds find pieces by rarity too", () => {
  const picker = makePicker(400, 1, { maxUnverifiedBytes: 2 ** 40 });
  settleIn(picker);
  const all = Array.from({ length: 400 }, (_, i) => i);
  const seed = makePeer(0, 400, "all");
  const dense = makePeer(1, 400, all.slice(0, 300));
  const sparse = makePeer(2, 400, [10, 20, 30, 40]);
  for (const peer of [seed, dense, sparse]) picker.addPeer(peer);
  const many = makePeer(
    3,
    400,
    all.filter((i) => i !== 20 && i !== 99),
  );
  picker.addPeer(many);
  assert.deepEqual(piecesOf(pick(picker, sparse, 1)), [20]);
  assert.deepEqual(piecesOf(pick(picker, dense, 1)), [99]);
});

test("a HAVE moves a piece behind rarer ones, a lost piece before them", () => {
  const picker = makePicker(6, 1);
  settleIn(picker);
  const seed = makePeer(0, 6, "all");
  const other = makePeer(1, 6, "none");
  picker.addPeer(seed);
  picker.addPeer(other);
  other.have.set(4);
  picker.onPeerHave(other, 4);
  assert.deepEqual(pick(picker, seed, 1), [[5, 0]]);
  picker.release(0, 5, 0);
  other.have.set(5);
  picker.onPeerHave(other, 5);
  other.have.clear(4);
  picker.onPeerDontHave(other, 4);
  picker.invariants();
  assert.deepEqual(pick(picker, seed, 1), [[4, 0]]);
});

test("a peer that completes becomes a seed, and a seed can lose a piece", () => {
  const picker = makePicker(5, 2);
  const peer = makePeer(3, 5, [0, 1, 2, 3]);
  picker.addPeer(peer);
  assert.equal(picker.distributedCopies, 0.8);
  peer.have.set(4);
  picker.onPeerHave(peer, 4);
  picker.invariants();
  assert.equal(picker.distributedCopies, 1);
  peer.have.clear(2);
  picker.onPeerDontHave(peer, 2);
  picker.invariants();
  assert.equal(picker.availability(2), 0);
  assert.equal(picker.availability(4), 1);
  assert.equal(picker.isInteresting(peer), true);
  for (const piece of [0, 1, 3, 4]) picker.setHave(piece);
  assert.equal(picker.isInteresting(peer), false);
  picker.removePeer(peer);
  picker.invariants();
  assert.equal(picker.distributedCopies, 0);
});

test("the first pieces are random, and shared until four are verified", () => {
  const starts = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const picker = makePicker(500, 8, { seed });
    const a = makePeer(0, 500, "all");
    const b = makePeer(1, 500, "all");
    a.speed = 2;
    b.speed = 2;
    picker.addPeer(a);
    picker.addPeer(b);
    const [first] = pick(picker, a, 4);
    starts.add(first![0]);
    assert.deepEqual(piecesOf(pick(picker, b, 4)), [first![0]]);
  }
  assert.ok(starts.size > 10, `${starts.size} different first pieces`);
});

test("blocks of a piece come in ascending order, and the peer goes on where it was", () => {
  const picker = makePicker(10, 64);
  settleIn(picker);
  const peer = makePeer(0, 10, "all");
  picker.addPeer(peer);
  const first = pick(picker, peer, 40);
  const second = pick(picker, peer, 40);
  const piece = first[0]![0];
  assert.deepEqual(
    [...first, ...second].slice(0, 64),
    Array.from({ length: 64 }, (_, block) => [piece, block]),
  );
  assert.equal(piecesOf(second).length, 2);
});

test("peers in one piece get separate runs of 16 blocks", () => {
  const picker = makePicker(5, 64);
  settleIn(picker);
  const a = makePeer(0, 5, "all");
  const b = makePeer(1, 5, "all");
  picker.addPeer(a);
  picker.addPeer(b);
  const blocks = (pairs: readonly (readonly [number, number])[]): number[] => pairs.map(([, block]) => block);
  assert.deepEqual(blocks(pick(picker, a, 4)), [0, 1, 2, 3]);
  assert.deepEqual(blocks(pick(picker, b, 4)), [16, 17, 18, 19]);
  assert.deepEqual(blocks(pick(picker, a, 14)), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 32, 33]);
  assert.deepEqual(
    blocks(pick(picker, b, 30)).slice(0, 13),
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 48],
  );
});

test("fast peers keep pieces to themselves, slower ones share within their class", () => {
  const picker = makePicker(50, 32);
  settleIn(picker);
  const peers = [0, 1, 2, 3, 4, 5].map((slot) => makePeer(slot, 50, "all"));
  peers.forEach((peer, i) => (peer.speed = (i >> 1) as 0 | 1 | 2));
  for (const peer of peers) picker.addPeer(peer);
  const [slowA, slowB, mediumA, mediumB, fastA, fastB] = peers.map(
    (peer) => piecesOf(pick(picker, peer, 4))[0],
  );
  assert.equal(slowA, slowB);
  assert.equal(mediumA, mediumB);
  assert.equal(new Set([slowA, mediumA, fastA, fastB]).size, 4);
});

test("a piece that nobody is at is finished before another is begun", () => {
  const picker = makePicker(50, 8);
  settleIn(picker);
  const slow = makePeer(0, 50, "all");
  slow.speed = 0;
  const fast = makePeer(1, 50, "all");
  fast.speed = 2;
  picker.addPeer(slow);
  picker.addPeer(fast);
  const begun = pick(picker, slow, 3);
  picker.onReceived(0, begun[0]![0], 0);
  picker.removePeer(slow);
  picker.invariants();
  assert.deepEqual(
    pick(picker, fast, 7),
    [1, 2, 3, 4, 5, 6, 7].map((block) => [begun[0]![0], block]),
  );
});

test("of several partial pieces the one nearest to its end comes first", () => {
  const picker = makePicker(50, 8);
  settleIn(picker);
  picker.restoreBlocks(30, Uint8Array.of(0b1000_0000));
  picker.restoreBlocks(31, Uint8Array.of(0b1111_0010));
  picker.restoreBlocks(32, Uint8Array.of(0b1100_0000));
  const peer = makePeer(0, 50, "all");
  picker.addPeer(peer);
  assert.deepEqual(piecesOf(pick(picker, peer, 16)), [31, 32, 30]);
});

test("higher priorities first, priority 0 never", () => {
  const picker = makePicker(10, 1);
  settleIn(picker);
  const peer = makePeer(0, 10, "all");
  picker.addPeer(peer);
  picker.setPriority(7, 7);
  picker.setPriority(5, 0);
  picker.setPriority(9, 1);
  const pieces = piecesOf(pick(picker, peer, 20));
  assert.equal(pieces[0], 7);
  assert.equal(pieces.at(-1), 9);
  assert.deepEqual(new Set(pieces), new Set([4, 6, 7, 8, 9]));
  assert.equal(picker.wanted, 9);
  deliver(
    picker,
    peer,
    pieces.map((piece) => [piece, 0] as const),
  );
  assert.equal(picker.isFinished, true);
  picker.setPriority(5, 3);
  assert.equal(picker.isFinished, false);
  assert.equal(picker.isInteresting(peer), true);
  assert.deepEqual(pick(picker, peer, 5), [[5, 0]]);
});

test("sequential order, also for peers that lack pieces and from the first piece on", () => {
  const picker = makePicker(300, 2);
  picker.setSequential(true);
  const peer = makePeer(0, 300, [5, 6, 40, 299]);
  const seed = makePeer(1, 300, "all");
  picker.addPeer(peer);
  picker.addPeer(seed);
  assert.deepEqual(piecesOf(pick(picker, peer, 6)), [5, 6, 40]);
  assert.deepEqual(piecesOf(pick(picker, seed, 14)), [0, 1, 2, 3, 4, 7, 8]);
  assert.deepEqual(piecesOf(pick(picker, peer, 6)), [299]);
});

test("choked peers only get allowed fast pieces", () => {
  const picker = makePicker(10, 4);
  const peer = makePeer(0, 10, "all");
  peer.choked = true;
  picker.addPeer(peer);
  assert.deepEqual(pick(picker, peer, 10), []);
  peer.allowedFast.add(6);
  assert.deepEqual(piecesOf(pick(picker, peer, 10)), [6]);
  assert.deepEqual(pick(picker, peer, 10), []);
});

test("snubbed peers get the most common piece", () => {
  const picker = makePicker(8, 1);
  settleIn(picker);
  const snubbed = makePeer(0, 8, [4, 5, 6, 7]);
  snubbed.snubbed = true;
  picker.addPeer(snubbed);
  picker.addPeer(makePeer(1, 8, [6, 5]));
  picker.addPeer(makePeer(2, 8, [6]));
  assert.deepEqual(piecesOf(pick(picker, snubbed, 4)).slice(0, 2), [6, 5]);
});

test("a peer on parole has its piece alone, until there is nothing else to do", () => {
  const picker = makePicker(6, 4);
  settleIn(picker);
  const suspect = makePeer(0, 6, "all");
  suspect.parole = true;
  const good = makePeer(1, 6, "all");
  picker.addPeer(suspect);
  picker.addPeer(good);
  const shared = pick(picker, good, 2)[0]![0];
  const alone = pick(picker, suspect, 2)[0]![0];
  assert.notEqual(alone, shared);
  // The other two blocks of its piece: nothing untouched is left, so it may take them.
  assert.deepEqual(
    pick(picker, good, 4),
    [2, 3].map((block) => [shared, block]).concat([2, 3].map((block) => [alone, block])),
  );
});

test("a peer on parole doesn't join shared pieces while it has requests of its own", () => {
  const picker = makePicker(6, 4);
  settleIn(picker);
  const suspect = makePeer(0, 6, "all");
  suspect.parole = true;
  const good = makePeer(1, 6, "all");
  picker.addPeer(suspect);
  picker.addPeer(good);
  const shared = pick(picker, good, 1)[0]![0];
  const own = pick(picker, suspect, 10);
  assert.equal(own.length, 4);
  assert.equal(piecesOf(own).includes(shared), false);
  deliver(picker, suspect, own);
  assert.deepEqual(piecesOf(pick(picker, suspect, 10)), [shared]);
});

test("a peer of bad repute gets what is common, and all of it when nobody else is there", () => {
  const picker = makePicker(10, 1);
  settleIn(picker);
  picker.addPeer(makePeer(1, 10, [4, 5, 6]));
  picker.addPeer(makePeer(2, 10, [5, 6]));
  const bad = makePeer(0, 10, "all");
  bad.distrusted = true;
  picker.addPeer(bad);
  assert.deepEqual(new Set(piecesOf(pick(picker, bad, 2))), new Set([5, 6]));
  assert.deepEqual(new Set(piecesOf(pick(picker, bad, 10))), new Set([4, 7, 8, 9]));
});

test("a peer on parole gets one piece at a time, and duplicates what others hold up when nothing else is left", () => {
  const picker = makePicker(6, 4);
  settleIn(picker);
  const a = makePeer(0, 6, "all");
  const b = makePeer(1, 6, "all");
  a.parole = true;
  b.parole = true;
  picker.addPeer(a);
  picker.addPeer(b);
  const ofA = pick(picker, a, 10);
  const ofB = pick(picker, b, 10);
  assert.deepEqual([ofA.length, ofB.length], [4, 4]);
  assert.deepEqual(pick(picker, a, 10), []);
  deliver(picker, b, ofB);
  // A is silent: B, though on parole, takes its place.
  assert.deepEqual(pick(picker, b, 10, 20_000), ofA);
  assert.equal(picker.outstanding(1), 4);
});

test("begun pieces are capped, but an idle peer always gets something", () => {
  const picker = makePicker(100, 4, { maxUnverifiedBytes: 16 * BLOCK });
  settleIn(picker);
  const a = makePeer(0, 100, "all");
  picker.addPeer(a);
  const got = pick(picker, a, 100);
  assert.equal(got.length, 16);
  assert.equal(picker.unverifiedBytes, 16 * BLOCK);
  assert.deepEqual(pick(picker, a, 100), []);
  const b = makePeer(1, 100, "all");
  picker.addPeer(b);
  assert.equal(piecesOf(pick(picker, b, 100)).length, 1);
  deliver(picker, a, got);
  assert.equal(pick(picker, a, 100).length, 12);
});

test("stuck partial pieces above the cap don't stop those who can't help with them", () => {
  const picker = makePicker(100, 4, { maxUnverifiedBytes: 16 * BLOCK });
  for (let piece = 0; piece < 40; piece++) picker.restoreBlocks(piece, Uint8Array.of(0b1000_0000));
  const peer = makePeer(0, 100, [90, 91]);
  picker.addPeer(peer);
  deliver(picker, peer, pick(picker, peer, 100));
  deliver(picker, peer, pick(picker, peer, 100));
  assert.equal(picker.have.count, 2);
});
