import assert from "node:assert/strict";
import { test } from "node:test";
import { deliver, makePeer, makePicker, pick, piecesOf, settleIn } from "./rig.js";

test("no duplicates while something free is left for the peer", () => {
  const picker = makePicker(6, 4);
  settleIn(picker);
  const slow = makePeer(0, 6, "all");
  slow.speed = 0;
  const fast = makePeer(1, 6, "all");
  fast.speed = 2;
  picker.addPeer(slow);
  picker.addPeer(fast);
  const held = pick(picker, slow, 4);
  const rest = pick(picker, fast, 100, 50);
  assert.equal(rest.length, 4);
  assert.notDeepEqual(piecesOf(rest), piecesOf(held));
  // Still busy: no duplicates.
  assert.deepEqual(pick(picker, fast, 100, 60), []);
  deliver(picker, fast, rest);
  // Idle, nothing free: the slow peer's blocks, at once.
  assert.deepEqual(pick(picker, fast, 100, 70), held);
});

test("a request to an equally fast peer gets a second, one to a faster peer ten", () => {
  const picker = makePicker(5, 4);
  settleIn(picker);
  const a = makePeer(0, 5, "all");
  const b = makePeer(1, 5, "all");
  const slow = makePeer(2, 5, "all");
  slow.speed = 0;
  for (const peer of [a, b, slow]) picker.addPeer(peer);
  pick(picker, a, 4, 1_000);
  assert.deepEqual(pick(picker, b, 4, 1_999), []);
  assert.equal(pick(picker, b, 2, 2_000).length, 2);
  picker.removePeer(b);
  assert.deepEqual(pick(picker, slow, 2, 10_999), []);
  assert.equal(pick(picker, slow, 2, 11_000).length, 2);
});

test("a slow peer leaves a slow peer's blocks to a faster one that has them", () => {
  const picker = makePicker(6, 4);
  settleIn(picker);
  const holder = makePeer(0, 6, "all");
  const other = makePeer(1, 6, "all");
  const fast = makePeer(2, 6, [4]);
  holder.speed = other.speed = 0;
  fast.speed = 2;
  for (const peer of [holder, other, fast]) picker.addPeer(peer);
  assert.equal(pick(picker, holder, 8, 0).length, 8);
  const taken = pick(picker, other, 8, 20_000);
  assert.deepEqual(new Set(piecesOf(taken)), new Set([5]));
  assert.deepEqual(new Set(piecesOf(pick(picker, fast, 8, 20_000))), new Set([4]));
});

test("a slow peer is asked again when the faster ones choke us, are silent, or are the ones that are late", () => {
  const picker = makePicker(5, 4);
  settleIn(picker);
  const slow = makePeer(0, 5, "all");
  slow.speed = 0;
  const fast = makePeer(1, 5, "all");
  const late = makePeer(2, 5, "all");
  fast.speed = late.speed = 2;
  for (const peer of [slow, fast, late]) picker.addPeer(peer);
  pick(picker, late, 4, 0);
  assert.deepEqual(pick(picker, slow, 1, 20_000), []);
  fast.choked = true;
  assert.equal(pick(picker, slow, 1, 20_000).length, 1);
  picker.removePeer(slow);
  picker.addPeer(slow);
  fast.choked = false;
  assert.deepEqual(pick(picker, slow, 1, 20_000), []);
  fast.snubbed = true;
  assert.equal(pick(picker, slow, 1, 20_000).length, 1);
});

test("at most two requesters per block", () => {
  const picker = makePicker(5, 2);
  settleIn(picker);
  const peers = [0, 1, 2].map((slot) => makePeer(slot, 5, "all"));
  for (const peer of peers) picker.addPeer(peer);
  assert.equal(pick(picker, peers[0]!, 2, 0).length, 2);
  assert.equal(pick(picker, peers[1]!, 2, 60_000).length, 2);
  assert.deepEqual(pick(picker, peers[2]!, 2, 120_000), []);
});

test("duplicates are bounded by 5 % of what remains, but 16 are always allowed", () => {
  for (const [pieces, expected] of [
    [2, 16],
    [20, 32],
  ] as const) {
    const picker = makePicker(pieces + 4, 32);
    settleIn(picker);
    const slow = makePeer(0, pieces + 4, "all");
    slow.speed = 0;
    picker.addPeer(slow);
    assert.equal(pick(picker, slow, 10_000).length, pieces * 32);
    let duplicates = 0;
    for (let slot = 1; slot < 10; slot++) {
      const fast = makePeer(slot, pieces + 4, "all");
      fast.speed = 2;
      picker.addPeer(fast);
      duplicates += pick(picker, fast, 100, 10).length;
    }
    assert.equal(duplicates, expected);
  }
});

test("while others have something to begin, only late blocks are requested twice", () => {
  const picker = makePicker(10, 4);
  settleIn(picker);
  const slow = makePeer(0, 10, [5]);
  slow.speed = 0;
  const seed = makePeer(1, 10, "all");
  const fast = makePeer(2, 10, [5]);
  fast.speed = 2;
  for (const peer of [slow, seed, fast]) picker.addPeer(peer);
  const held = pick(picker, slow, 4);
  assert.deepEqual(pick(picker, fast, 4, 9_999), []);
  assert.deepEqual(pick(picker, fast, 4, 10_000), held);
});

test("pieces that nobody has don't count as something to begin", () => {
  const picker = makePicker(10, 4);
  settleIn(picker);
  const slow = makePeer(0, 10, [5]);
  slow.speed = 0;
  const fast = makePeer(2, 10, [5]);
  fast.speed = 2;
  picker.addPeer(slow);
  picker.addPeer(fast);
  const held = pick(picker, slow, 4);
  assert.deepEqual(pick(picker, fast, 4, 1), held);
});

test("blocks of snubbed peers first, then the oldest requests; snubbed peers get no duplicates", () => {
  const picker = makePicker(7, 1);
  settleIn(picker);
  const slow = makePeer(0, 7, [4, 5]);
  slow.speed = 0;
  const snubbed = makePeer(1, 7, [6]);
  const fast = makePeer(2, 7, "all");
  fast.speed = 2;
  for (const peer of [slow, snubbed, fast]) picker.addPeer(peer);
  const first = pick(picker, slow, 1, 100)[0]![0];
  const second = pick(picker, slow, 1, 50)[0]![0];
  assert.deepEqual(pick(picker, snubbed, 1, 200), [[6, 0]]);
  snubbed.snubbed = true;
  assert.deepEqual(piecesOf(pick(picker, fast, 3, 300)), [6, second, first]);
  snubbed.snubbed = false;
  const other = makePeer(3, 7, "all");
  other.snubbed = true;
  picker.addPeer(other);
  assert.deepEqual(pick(picker, other, 3, 90_000), []);
});

test("either answer ends the matter, and a release leaves the block with the other", () => {
  const picker = makePicker(5, 2);
  settleIn(picker);
  const a = makePeer(0, 5, "all");
  const b = makePeer(1, 5, "all");
  picker.addPeer(a);
  picker.addPeer(b);
  pick(picker, a, 2, 0);
  assert.equal(pick(picker, b, 2, 60_000).length, 2);
  picker.release(0, 4, 0);
  picker.invariants();
  assert.equal(picker.isRequestedBy(1, 4, 0), true);
  assert.equal(picker.onReceived(1, 4, 0), "new");
  const others = new Int32Array(2);
  assert.equal(picker.otherRequesters(4, 0, others), 0);
  assert.equal(picker.onReceived(1, 4, 1), "new");
  assert.equal(picker.otherRequesters(4, 1, others), 1);
  assert.equal(others[0], 0);
  picker.release(0, 4, 1);
  picker.invariants();
  assert.equal(picker.outstanding(0), 0);
  picker.onVerified(4);
  assert.equal(picker.isFinished, true);
});

test("a silent peer can't hold up the end", () => {
  const picker = makePicker(30, 8);
  const silent = makePeer(0, 30, "all");
  silent.speed = 0;
  const fast = makePeer(1, 30, "all");
  fast.speed = 2;
  picker.addPeer(silent);
  picker.addPeer(fast);
  pick(picker, silent, 64);
  let now = 0;
  let rounds = 0;
  while (!picker.isFinished) {
    assert.ok(++rounds < 100, `stalled with ${picker.missing} pieces missing`);
    now += 20;
    deliver(picker, fast, pick(picker, fast, 64, now));
  }
  assert.equal(picker.outstanding(0), 0);
});
