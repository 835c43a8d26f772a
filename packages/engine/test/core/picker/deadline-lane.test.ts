import assert from "node:assert/strict";
import { test } from "node:test";
import { deliver, makePeer, makePicker, pick, piecesOf, type TestPeer } from "./rig.ts";

const PIECES = 1_000;
const BLOCKS = 16;

function fast(slot: number): TestPeer {
  const peer = makePeer(slot, PIECES, "all");
  peer.speed = 2;
  peer.responseMs = 300;
  return peer;
}

function slow(slot: number): TestPeer {
  const peer = makePeer(slot, PIECES, "all");
  peer.speed = 0;
  peer.responseMs = 30_000;
  return peer;
}

test("in sequential mode a late block at the front is requested a second time, before anything else", () => {
  const picker = makePicker(PIECES, BLOCKS);
  picker.setSequential(true);
  const [first, second] = [makePeer(0, PIECES, "all"), fast(1)];
  picker.addPeer(first);
  const held = pick(picker, first, 4, 0);
  assert.deepEqual(piecesOf(held), [0]);
  picker.addPeer(second);
  // Not late yet: 2 x 300 ms.
  const early = pick(picker, second, 4, 600);
  assert.equal(
    early.some(([piece, block]) => held.some(([p, b]) => p === piece && b === block)),
    false,
  );
  const late = pick(picker, second, 6, 601);
  assert.deepEqual(late.slice(0, 4), held);
  // And then on in order.
  assert.equal(late.length, 6);
  deliver(picker, second, [...early, ...late]);
});

test("second requests of the lane are bounded, and never a third", () => {
  const picker = makePicker(PIECES, BLOCKS, { seed: 3 });
  picker.setSequential(true);
  const stuck = makePeer(0, PIECES, "all");
  picker.addPeer(stuck);
  const held = pick(picker, stuck, 100, 0);
  assert.equal(held.length, 100);
  const [second, third] = [fast(1), fast(2)];
  picker.addPeer(second);
  picker.addPeer(third);
  const isHeld = ([piece, block]: readonly [number, number]): boolean =>
    held.some(([p, b]) => p === piece && b === block);
  const again = pick(picker, second, 200, 10_000).filter(isHeld);
  assert.equal(again.length, 16);
  assert.deepEqual(again, held.slice(0, 16), "those nearest to the front");
  assert.equal(pick(picker, third, 200, 20_000).filter(isHeld).length, 0);
});

test("blocks of a snubbed peer at the front are late at once; what lies far behind is not the lane's", () => {
  const picker = makePicker(PIECES, BLOCKS);
  picker.setSequential(true);
  const stuck = makePeer(0, PIECES, "all");
  picker.addPeer(stuck);
  const held = pick(picker, stuck, 2 * BLOCKS, 0);
  stuck.snubbed = true;
  const other = fast(1);
  picker.addPeer(other);
  assert.deepEqual(pick(picker, other, 2, 1), held.slice(0, 2));
  const far = makePicker(PIECES, BLOCKS);
  far.setSequential(true);
  const holder = makePeer(0, PIECES, [900]);
  far.addPeer(holder);
  assert.deepEqual(piecesOf(pick(far, holder, BLOCKS, 0)), [900]);
  const eager = fast(1);
  far.addPeer(eager);
  assert.equal(piecesOf(pick(far, eager, 100, 60_000)).includes(900), false);
});

test("a slow peer begins behind the front while there are faster ones, and at the front when it is alone", () => {
  const picker = makePicker(PIECES, BLOCKS);
  picker.setSequential(true);
  const lame = slow(0);
  picker.addPeer(lame);
  assert.deepEqual(piecesOf(pick(picker, lame, 1, 0)), [0]);
  const fresh = makePicker(PIECES, BLOCKS);
  fresh.setSequential(true);
  fresh.addPeer(lame);
  fresh.addPeer(fast(1));
  // 4 MiB are 16 pieces of 256 KiB.
  assert.deepEqual(piecesOf(pick(fresh, lame, BLOCKS, 0)), [16]);
});

test("a slow peer comes around to the front when nothing is left behind it", () => {
  const picker = makePicker(20, BLOCKS);
  picker.setSequential(true);
  for (let piece = 16; piece < 20; piece++) picker.setHave(piece);
  const lame = makePeer(0, 20, "all");
  lame.speed = 0;
  const quick = makePeer(1, 20, "all");
  quick.speed = 2;
  picker.addPeer(lame);
  picker.addPeer(quick);
  assert.deepEqual(piecesOf(pick(picker, lame, BLOCKS, 0)), [0]);
});

test("rarest first knows no lane", () => {
  const picker = makePicker(PIECES, BLOCKS);
  const [first, second] = [makePeer(0, PIECES, "all"), fast(1)];
  picker.addPeer(first);
  picker.addPeer(second);
  const held = pick(picker, first, 4, 0);
  const others = pick(picker, second, 64, 60_000);
  assert.equal(
    others.some(([piece, block]) => held.some(([p, b]) => p === piece && b === block)),
    false,
  );
});

test("the front moves with what is verified, and back with what is wanted again", () => {
  const picker = makePicker(PIECES, BLOCKS);
  picker.setSequential(true);
  picker.setPriority(0, 0);
  for (let piece = 1; piece < 500; piece++) picker.setHave(piece);
  const lame = slow(0);
  picker.addPeer(lame);
  picker.addPeer(fast(1));
  assert.deepEqual(piecesOf(pick(picker, lame, BLOCKS, 0)), [516]);
  picker.setPriority(0, 4);
  // The window ends at 16 again: what is missing behind it begins at 500.
  assert.deepEqual(piecesOf(pick(picker, lame, BLOCKS, 0)), [500]);
});
