import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bitfield } from "../../../dist/base/bitfield.js";
import type { PiecePicker } from "../../../dist/core/picker/piece-picker.js";
import { BLOCK, layoutOf, makePeer, makePicker, type TestPeer } from "./rig.js";

const SLOTS = 5;

/** What a picker should know, kept in the most obvious way. */
class Model {
  readonly pieces: number;
  readonly blocks: number;
  readonly peers = new Map<number, TestPeer>();
  readonly verified = new Set<number>();
  readonly priority: number[];
  /** "piece/block" of received blocks, and who is asked for which. */
  readonly received = new Set<string>();
  readonly requesters = new Map<string, Set<number>>();
  now = 0;
  sequential = false;

  constructor(pieces: number, blocks: number) {
    this.pieces = pieces;
    this.blocks = blocks;
    this.priority = new Array<number>(pieces).fill(4);
  }

  isFree(piece: number, block: number): boolean {
    const key = `${piece}/${block}`;
    return (
      !this.verified.has(piece) && !this.received.has(key) && (this.requesters.get(key)?.size ?? 0) === 0
    );
  }

  freeFor(peer: TestPeer): number {
    let count = 0;
    for (let piece = 0; piece < this.pieces; piece++) {
      if (!peer.have.get(piece) || this.priority[piece] === 0) continue;
      if (peer.choked && !peer.allowedFast.has(piece)) continue;
      for (let block = 0; block < this.blocks; block++) if (this.isFree(piece, block)) count++;
    }
    return count;
  }

  outstanding(slot: number): number {
    let count = 0;
    for (const slots of this.requesters.values()) if (slots.has(slot)) count++;
    return count;
  }

  drop(slot: number, piece: number, block: number): boolean {
    return this.requesters.get(`${piece}/${block}`)?.delete(slot) ?? false;
  }

  forgetPiece(piece: number): void {
    for (let block = 0; block < this.blocks; block++) {
      this.received.delete(`${piece}/${block}`);
      this.requesters.delete(`${piece}/${block}`);
    }
  }
}

type Step = (model: Model, picker: PiecePicker, roomy: boolean) => void;

const slotArb = fc.nat(SLOTS - 1);
/** Taken modulo the number of pieces or blocks. */
const indexArb = fc.nat(1_000);

const connect = fc
  .tuple(slotArb, fc.array(fc.boolean(), { maxLength: 24 }), fc.boolean())
  .map(([slot, has, seed]): Step => (model, picker) => {
    if (model.peers.has(slot)) return;
    const list = has.flatMap((bit, i) => (bit && i < model.pieces ? [i] : []));
    const peer = makePeer(slot, model.pieces, seed ? "all" : list);
    model.peers.set(slot, peer);
    picker.addPeer(peer);
  });

const disconnect = slotArb.map((slot): Step => (model, picker) => {
  const peer = model.peers.get(slot);
  if (peer === undefined) return;
  picker.removePeer(peer);
  model.peers.delete(slot);
  for (const slots of model.requesters.values()) slots.delete(slot);
});

const changeHave = fc
  .tuple(slotArb, indexArb, fc.boolean())
  .map(([slot, index, has]): Step => (model, picker) => {
    const peer = model.peers.get(slot);
    if (peer === undefined) return;
    const piece = index % model.pieces;
    if (has) {
      if (peer.have.set(piece)) picker.onPeerHave(peer, piece);
    } else if (peer.have.clear(piece)) {
      picker.onPeerDontHave(peer, piece);
    }
  });

const replaceBitfield = fc.tuple(slotArb, fc.nat(255)).map(([slot, byte]): Step => (model, picker) => {
  const peer = model.peers.get(slot);
  if (peer === undefined) return;
  const have = new Bitfield(model.pieces);
  for (let i = 0; i < model.pieces; i++) if (((byte >> (i % 8)) & 1) === 1) have.set(i);
  peer.have = have;
  picker.onPeerBitfield(peer);
});

const changeMood = fc
  .tuple(slotArb, fc.nat(2), fc.boolean(), fc.boolean(), fc.boolean(), indexArb)
  .map(([slot, speed, choked, snubbed, parole, allowed]): Step => (model, _picker, roomy) => {
    const peer = model.peers.get(slot);
    if (peer === undefined) return;
    peer.speed = speed as 0 | 1 | 2;
    peer.choked = choked;
    peer.snubbed = snubbed;
    // What a peer on parole has to itself is not free for others: only where `free` need not be exact.
    peer.parole = parole && !roomy;
    peer.allowedFast.add(allowed % model.pieces);
  });

const requestSome = fc
  .tuple(slotArb, fc.integer({ min: 1, max: 40 }))
  .map(([slot, n]): Step => (model, picker, roomy) => {
    const peer = model.peers.get(slot);
    if (peer === undefined) return;
    const free = model.freeFor(peer);
    const before = model.outstanding(slot);
    const out = new Int32Array(2 * n);
    const count = picker.pick(peer, n, model.now, out);
    let duplicates = 0;
    for (let i = 0; i < count; i++) {
      const piece = out[2 * i]!;
      const block = out[2 * i + 1]!;
      const key = `${piece}/${block}`;
      assert.ok(peer.have.get(piece), "picked what the peer lacks");
      assert.ok(model.priority[piece]! > 0, "picked what is not wanted");
      assert.ok(!model.verified.has(piece) && !model.received.has(key), "picked what we have");
      assert.ok(!peer.choked || peer.allowedFast.has(piece), "picked from a choking peer");
      const slots = model.requesters.get(key) ?? new Set<number>();
      assert.ok(!slots.has(slot), "picked twice for the same peer");
      if (slots.size > 0) duplicates++;
      slots.add(slot);
      assert.ok(slots.size <= 2, "more than two requesters");
      model.requesters.set(key, slots);
    }
    if (duplicates > 0) {
      // In sequential mode blocks near the front are requested twice when they are late.
      if (!model.sequential) assert.equal(before, 0, "duplicates for a busy peer");
      assert.ok(!peer.snubbed && !peer.choked);
    }
    if (roomy) {
      const room = model.sequential ? n - duplicates : n;
      assert.equal(count - duplicates, Math.min(room, free), "free blocks were left");
      if (duplicates > 0 && !model.sequential) assert.equal(free, 0);
    } else if (before === 0 && free > 0 && model.outstanding(slot) === 0 && !peer.choked) {
      let others = 0;
      for (const other of model.peers.keys()) others += model.outstanding(other);
      assert.ok(others > 0, "nothing moves though something could");
    }
  });

/** Delivers a block that was asked for, or any block. */
const receive = fc
  .tuple(slotArb, indexArb, indexArb, fc.boolean())
  .map(([slot, a, b, asked]): Step => (model, picker) => {
    if (!model.peers.has(slot)) return;
    let piece = a % model.pieces;
    let block = b % model.blocks;
    const mine = [...model.requesters].filter(([, slots]) => slots.has(slot)).map(([key]) => key);
    if (asked && mine.length > 0)
      [piece, block] = mine[a % mine.length]!.split("/").map(Number) as [number, number];
    const key = `${piece}/${block}`;
    const started = [
      ...model.received,
      ...[...model.requesters].flatMap(([k, s]) => (s.size > 0 ? [k] : [])),
    ].some((k) => k.startsWith(`${piece}/`));
    const had = model.verified.has(piece) || model.received.has(key);
    const wanted = model.priority[piece]! > 0;
    const wasRequester = model.drop(slot, piece, block);
    const receipt = picker.onReceived(slot, piece, block);
    if (had) assert.equal(receipt, "redundant");
    else if (!wanted && !(started && wasRequester)) assert.equal(receipt, "unwanted");
    else assert.equal(receipt, "new");
    if (receipt === "new") model.received.add(key);
    if (!model.verified.has(piece)) {
      const complete = Array.from({ length: model.blocks }, (_, i) => model.received.has(`${piece}/${i}`));
      assert.equal(picker.isPieceComplete(piece), complete.every(Boolean));
    }
  });

const release = fc.tuple(slotArb, indexArb, indexArb).map(([slot, a, b]): Step => (model, picker) => {
  const piece = a % model.pieces;
  const block = b % model.blocks;
  model.drop(slot, piece, block);
  picker.release(slot, piece, block);
});

const settlePiece = fc
  .tuple(indexArb, fc.nat(3), fc.array(indexArb, { maxLength: 3 }))
  .map(([index, how, blocks]): Step => (model, picker) => {
    const complete = [...picker.partialPieces()].filter((piece) => picker.isPieceComplete(piece));
    if (how === 3) {
      const piece = index % model.pieces;
      if (model.verified.delete(piece)) picker.clearHave(piece);
      return;
    }
    const piece = complete[index % Math.max(1, complete.length)];
    if (piece === undefined) return;
    if (how === 0) {
      picker.onVerified(piece);
      model.forgetPiece(piece);
      model.verified.add(piece);
      return;
    }
    const bad = how === 1 ? null : blocks.map((block) => block % model.blocks);
    picker.onHashFailed(piece, bad);
    for (const block of bad ?? Array.from({ length: model.blocks }, (_, i) => i)) {
      model.received.delete(`${piece}/${block}`);
    }
  });

const changeWish = fc
  .tuple(indexArb, fc.nat(7), fc.nat(9))
  .map(([index, priority, order]): Step => (model, picker) => {
    const piece = index % model.pieces;
    picker.setPriority(piece, priority);
    model.priority[piece] = priority;
    if (order < 2) {
      model.sequential = order === 0;
      picker.setSequential(model.sequential);
    }
  });

const pass = fc.constantFrom(1, 900, 11_000).map((ms): Step => (model) => {
  model.now += ms;
});

const stepArb = fc.oneof(
  { weight: 3, arbitrary: connect },
  { weight: 1, arbitrary: disconnect },
  { weight: 3, arbitrary: changeHave },
  { weight: 1, arbitrary: replaceBitfield },
  { weight: 2, arbitrary: changeMood },
  { weight: 6, arbitrary: requestSome },
  { weight: 8, arbitrary: receive },
  { weight: 3, arbitrary: release },
  { weight: 4, arbitrary: settlePiece },
  { weight: 2, arbitrary: changeWish },
  { weight: 1, arbitrary: pass },
);

function compare(model: Model, picker: PiecePicker): void {
  picker.invariants();
  for (let slot = 0; slot < SLOTS; slot++) assert.equal(picker.outstanding(slot), model.outstanding(slot));
  for (let piece = 0; piece < model.pieces; piece++) {
    const mask = picker.blockMask(piece);
    let availability = 0;
    for (const peer of model.peers.values()) if (peer.have.get(piece)) availability++;
    assert.equal(picker.availability(piece), availability);
    for (let block = 0; block < model.blocks; block++) {
      const key = `${piece}/${block}`;
      const received = mask !== null && (mask[block >> 3]! & (128 >> (block & 7))) !== 0;
      assert.equal(received, model.received.has(key), `${key} received`);
      for (const slot of model.requesters.get(key) ?? [])
        assert.ok(picker.isRequestedBy(slot, piece, block), key);
    }
  }
  for (const peer of model.peers.values()) {
    const interesting = [...peer.have].some(
      (piece) => model.priority[piece]! > 0 && !model.verified.has(piece),
    );
    assert.equal(picker.isInteresting(peer), interesting);
  }
}

/** Whatever happened before: with one seed, everything gets done. */
function finish(model: Model, picker: PiecePicker): void {
  for (const peer of model.peers.values()) picker.removePeer(peer);
  for (let piece = 0; piece < model.pieces; piece++) {
    if (picker.isPieceComplete(piece)) picker.onVerified(piece);
  }
  const seed = makePeer(0, model.pieces, "all");
  picker.addPeer(seed);
  const out = new Int32Array(40);
  for (let round = 0; !picker.isFinished; round++) {
    assert.ok(round < 1_000, "stalled");
    const count = picker.pick(seed, 20, model.now, out);
    for (let i = 0; i < count; i++) {
      assert.equal(picker.onReceived(0, out[2 * i]!, out[2 * i + 1]!), "new");
      if (picker.isPieceComplete(out[2 * i]!)) picker.onVerified(out[2 * i]!);
    }
    picker.invariants();
  }
}

for (const roomy of [true, false]) {
  test(`any sequence of events keeps the picker true to a model, ${roomy ? "without" : "with"} a tight cap`, () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 35 }),
        fc.integer(),
        fc.array(connect, { minLength: 2, maxLength: 4 }),
        fc.array(stepArb, { minLength: 50, maxLength: 200, size: "max" }),
        (pieces, blocks, seed, arrivals, steps) => {
          const maxUnverifiedBytes = roomy ? 2 ** 40 : 4 * blocks * BLOCK;
          const picker = makePicker(pieces, blocks, { seed, maxUnverifiedBytes });
          const model = new Model(pieces, blocks);
          for (const step of [...arrivals, ...steps]) {
            step(model, picker, roomy);
            compare(model, picker);
          }
          finish(model, picker);
        },
      ),
      { numRuns: 120 },
    );
  });
}

test("many peers finish a torrent together, whatever goes wrong on the way", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 8 }), (seed, peerCount) => {
      const pieces = 40;
      const blocks = 18;
      const picker = makePicker(pieces, blocks, { seed, maxUnverifiedBytes: 8 * blocks * BLOCK });
      const layout = layoutOf(pieces, blocks);
      const peers = Array.from({ length: peerCount }, (_, slot) => {
        const peer = makePeer(slot, pieces, "all");
        peer.speed = (slot % 3) as 0 | 1 | 2;
        return peer;
      });
      for (const peer of peers) picker.addPeer(peer);
      const out = new Int32Array(64);
      let dice = seed;
      const chance = (): number => (dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
      for (let now = 0; !picker.isFinished; now += 100) {
        assert.ok(now < 1_000_000, `stalled with ${picker.missing} missing`);
        for (const peer of peers) {
          const count = picker.pick(peer, 32, now, out);
          for (let i = 0; i < count; i++) {
            const piece = out[2 * i]!;
            const block = out[2 * i + 1]!;
            const fate = chance();
            if (fate < 0.1) picker.release(peer.slot, piece, block);
            else if (fate < 0.95) picker.onReceived(peer.slot, piece, block);
            if (!picker.isPieceComplete(piece)) continue;
            if (chance() < 0.1) picker.onHashFailed(piece, chance() < 0.5 ? null : [block]);
            else picker.onVerified(piece);
          }
          // What was neither delivered nor released times out now and then.
          if (chance() < 0.2) {
            picker.removePeer(peer);
            picker.addPeer(peer);
          }
        }
      }
      picker.invariants();
      assert.equal(picker.have.count, layout.pieceCount);
      assert.equal(picker.unverifiedBytes, 0);
    }),
    { numRuns: 40 },
  );
});
