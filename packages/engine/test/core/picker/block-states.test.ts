import assert from "node:assert/strict";
import { test } from "node:test";
import { Bitfield } from "../../../dist/base/bitfield.js";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { NO_PEER, PiecePicker } from "../../../dist/core/picker/piece-picker.js";
import { BLOCK, makePeer, makePicker, pick, settleIn } from "./rig.js";

test("release makes a block free for others, and an untouched piece of a piece without blocks", () => {
  const picker = makePicker(5, 4);
  settleIn(picker);
  const a = makePeer(0, 5, "all");
  const b = makePeer(1, 5, "all");
  picker.addPeer(a);
  assert.equal(pick(picker, a, 4).length, 4);
  assert.equal(picker.isRequestedBy(0, 4, 2), true);
  picker.release(1, 4, 2);
  assert.equal(picker.isRequestedBy(0, 4, 2), true);
  picker.release(0, 4, 2);
  picker.release(0, 4, 2);
  picker.invariants();
  picker.addPeer(b);
  assert.deepEqual(pick(picker, b, 4), [[4, 2]]);
  picker.removePeer(a);
  picker.removePeer(b);
  picker.invariants();
  assert.deepEqual([...picker.partialPieces()], []);
  assert.equal(picker.unverifiedBytes, 0);
});

test("late and repeated blocks", () => {
  const picker = makePicker(5, 4);
  settleIn(picker);
  const a = makePeer(0, 5, "all");
  const b = makePeer(1, 5, "all");
  picker.addPeer(a);
  picker.addPeer(b);
  pick(picker, a, 4);
  picker.release(0, 4, 1);
  assert.deepEqual(pick(picker, b, 1), [[4, 1]]);
  // The block comes from the first peer all the same: it counts, and the second one is still on record.
  assert.equal(picker.onReceived(0, 4, 1), "new");
  picker.invariants();
  assert.equal(picker.isRequestedBy(1, 4, 1), true);
  const others = new Int32Array(2);
  assert.equal(picker.otherRequesters(4, 1, others), 1);
  assert.equal(others[0], 1);
  assert.equal(picker.onReceived(1, 4, 1), "redundant");
  picker.invariants();
  assert.equal(picker.isRequestedBy(1, 4, 1), false);
  assert.equal(picker.onReceived(1, 0, 1), "redundant");
  assert.equal(picker.onReceived(1, 4, 9), "unwanted");
  picker.setPriority(4, 0);
  picker.release(0, 4, 2);
  assert.equal(picker.onReceived(1, 4, 2), "unwanted");
  assert.equal(picker.onReceived(0, 4, 3), "new");
  picker.invariants();
});

test("a failed piece comes again, wholly or in the blocks named", () => {
  const picker = makePicker(5, 4);
  settleIn(picker);
  const a = makePeer(7, 5, "all");
  picker.addPeer(a);
  for (const [piece, block] of pick(picker, a, 4)) picker.onReceived(7, piece, block);
  assert.equal(picker.isPieceComplete(4), true);
  assert.deepEqual(picker.contributors(4), [7, 7, 7, 7]);
  picker.onHashFailed(4, [1, 3]);
  picker.invariants();
  assert.equal(picker.isPieceComplete(4), false);
  assert.deepEqual(picker.contributors(4), [7, NO_PEER, 7, NO_PEER]);
  assert.deepEqual(pick(picker, a, 4), [
    [4, 1],
    [4, 3],
  ]);
  picker.onReceived(7, 4, 1);
  picker.onReceived(7, 4, 3);
  picker.onHashFailed(4, null);
  picker.invariants();
  assert.equal(picker.unverifiedBytes, 0);
  assert.equal(pick(picker, a, 4).length, 4);
});

test("who delivered a block is remembered until the slot is used again", () => {
  const picker = makePicker(5, 2);
  settleIn(picker);
  const a = makePeer(1, 5, "all");
  picker.addPeer(a);
  pick(picker, a, 2);
  picker.onReceived(1, 4, 0);
  picker.removePeer(a);
  assert.deepEqual(picker.contributors(4), [1, NO_PEER]);
  picker.addPeer(makePeer(1, 5, "none"));
  assert.deepEqual(picker.contributors(4), [NO_PEER, NO_PEER]);
});

test("block masks survive a restart", () => {
  const picker = makePicker(5, 10);
  const mask = Uint8Array.of(0b1010_0000, 0b0100_0000);
  picker.restoreBlocks(2, mask);
  picker.restoreBlocks(3, Uint8Array.of(255, 255));
  picker.invariants();
  assert.deepEqual(picker.blockMask(2), mask);
  assert.equal(picker.blockMask(1), null);
  assert.equal(picker.isPieceComplete(3), true);
  const peer = makePeer(0, 5, [2]);
  picker.addPeer(peer);
  assert.deepEqual(
    pick(picker, peer, 20),
    [1, 3, 4, 5, 6, 7, 8].map((block) => [2, block]),
  );
});

test("a bitfield replaces what the peer had", () => {
  const picker = makePicker(5, 1);
  const peer = makePeer(0, 5, [1, 2]);
  picker.addPeer(peer);
  peer.have = Bitfield.fromWire(Uint8Array.of(0b0000_1000), 5);
  picker.onPeerBitfield(peer);
  picker.invariants();
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((piece) => picker.availability(piece)),
    [0, 0, 0, 0, 1],
  );
  assert.throws(() => picker.onPeerBitfield(peer), /not replaced/);
});

test("pieces without blocks are complete at once and never picked", () => {
  const layout = { pieceCount: 3, blockCount: (i: number) => (i === 1 ? 0 : 2), blockLength: () => BLOCK };
  const picker = new PiecePicker(layout, new Xoshiro128(1));
  const peer = makePeer(0, 3, "all");
  picker.addPeer(peer);
  assert.equal(picker.isPieceComplete(1), true);
  assert.equal(pick(picker, peer, 10).length, 4);
  picker.onVerified(1);
  picker.invariants();
  assert.equal(picker.missing, 2);
});

test("slots are checked", () => {
  const picker = makePicker(3, 1);
  const peer = makePeer(2, 3, "all");
  assert.throws(() => picker.pick(peer, 1, 0, new Int32Array(2)), /not added/);
  picker.addPeer(peer);
  assert.throws(() => picker.addPeer(makePeer(2, 3, "all")), /in use/);
  assert.throws(() => picker.addPeer(makePeer(NO_PEER, 3, "all")), RangeError);
});

test("losing a verified piece makes it wanted again", () => {
  const picker = makePicker(3, 1);
  const peer = makePeer(0, 3, "all");
  picker.addPeer(peer);
  for (let piece = 0; piece < 3; piece++) picker.setHave(piece);
  assert.equal(picker.isInteresting(peer), false);
  picker.clearHave(1);
  picker.invariants();
  assert.equal(picker.isInteresting(peer), true);
  assert.deepEqual(pick(picker, peer, 5), [[1, 0]]);
});
