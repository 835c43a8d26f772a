import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { StoreBuffer } from "../../dist/core/store-buffer.js";
import type { StoreWrite } from "../../dist/core/store-buffer.js";

const BLOCK = 16_384;
const RUN = 4 * BLOCK;

function takeWrites(buffer: StoreBuffer): StoreWrite[] {
  const writes: StoreWrite[] = [];
  for (let write = buffer.nextWrite(); write !== null; write = buffer.nextWrite()) writes.push(write);
  return writes;
}

const brief = ({ piece, begin, length, firstBlock, blockCount }: StoreWrite): number[] => {
  return [piece, begin, length, firstBlock, blockCount];
};

describe("store buffer", () => {
  test("a complete run becomes one write, in place, and its slot comes back", () => {
    const buffer = new StoreBuffer({ slotCount: 64, slotBytes: RUN });
    const dataSize = RUN + BLOCK + 5;
    const offsets = [6, 4, 7, 5].map((block) => buffer.put(1, 3, block, 10 * RUN));
    assert.deepEqual(
      offsets.map((offset) => offset % RUN),
      [2 * BLOCK, 0, 3 * BLOCK, BLOCK],
    );
    const [write, ...others] = takeWrites(buffer) as [StoreWrite];
    assert.deepEqual(others, []);
    assert.deepEqual(brief(write), [3, RUN, RUN, 4, 4]);
    assert.equal(write.arenaOffset, offsets[1]);
    buffer.put(1, 8, 4, dataSize);
    buffer.put(1, 8, 5, dataSize);
    const [short] = takeWrites(buffer) as [StoreWrite];
    assert.deepEqual(brief(short), [8, RUN, BLOCK + 5, 4, 2]);
    assert.equal(buffer.freeSlots, 62);
    buffer.onWritten(short);
    buffer.onWritten(write);
    assert.ok(buffer.isEmpty);
    buffer.invariants();
  });

  test("flushing a piece writes its stretches; blocks that come meanwhile get another slot", () => {
    const buffer = new StoreBuffer({ slotCount: 64, slotBytes: RUN });
    for (const block of [0, 1, 3]) buffer.put(1, 0, block, RUN);
    assert.equal(buffer.nextWrite(), null);
    buffer.flushPiece(1, 0, RUN);
    const late = buffer.put(1, 0, 2, RUN);
    const writes = takeWrites(buffer);
    assert.deepEqual(writes.map(brief), [
      [0, 0, 2 * BLOCK, 0, 2],
      [0, 3 * BLOCK, BLOCK, 3, 1],
    ]);
    assert.notEqual(Math.floor(late / RUN), writes[0]?.slot);
    buffer.onWritten(writes[0] as StoreWrite);
    assert.equal(buffer.freeSlots, 62);
    buffer.onWritten(writes[1] as StoreWrite);
    assert.equal(buffer.freeSlots, 63);
    assert.throws(() => buffer.onWritten(writes[1] as StoreWrite), RangeError);
  });

  test("under pressure the resting run with the longest stretch goes first", () => {
    const buffer = new StoreBuffer({ slotCount: 16, slotBytes: RUN });
    buffer.put(1, 100, 0, RUN);
    for (const block of [0, 1, 3]) buffer.put(1, 101, block, RUN);
    buffer.put(1, 102, 1, RUN);
    // One hot run is touched for long enough that the others rest.
    for (let i = 0; i < 70; i++) buffer.put(1, 200, 0, RUN);
    assert.deepEqual(takeWrites(buffer), []);
    let piece = 300;
    let writes: StoreWrite[] = [];
    for (; writes.length === 0; piece++) {
      buffer.put(1, piece, 0, RUN);
      writes = takeWrites(buffer);
    }
    assert.deepEqual(writes.map(brief), [
      [101, 0, 2 * BLOCK, 0, 2],
      [101, 3 * BLOCK, BLOCK, 3, 1],
    ]);
    buffer.put(1, piece, 0, RUN);
    assert.equal(buffer.nextWrite()?.piece, 100);
    assert.equal(buffer.nextWrite(), null);
  });

  test("a disk that doesn't answer stops requests first, then reading, then blocks; and back", () => {
    const buffer = new StoreBuffer({ slotCount: 32, slotBytes: BLOCK });
    const seen: string[] = [];
    const note = (): void => {
      const state = `${buffer.underPressure ? "no requests" : ""}${buffer.mustPause ? ", no reading" : ""}`;
      if (seen.at(-1) !== state) seen.push(state);
    };
    let accepted = 0;
    while (buffer.put(1, accepted, 0, BLOCK) >= 0) {
      accepted++;
      note();
    }
    assert.equal(accepted, 32);
    const writes = takeWrites(buffer);
    for (const write of writes) {
      buffer.onWritten(write);
      note();
    }
    assert.deepEqual(seen, ["", "no requests", "no requests, no reading", "no requests", ""]);
  });

  test("a dropped torrent's blocks vanish, its writes under way still end", () => {
    const buffer = new StoreBuffer({ slotCount: 64, slotBytes: RUN });
    for (let block = 0; block < 4; block++) buffer.put(1, 0, block, 2 * RUN);
    buffer.put(1, 0, 4, 2 * RUN);
    buffer.put(2, 0, 4, 2 * RUN);
    const under = buffer.nextWrite() as StoreWrite;
    for (const block of [0, 2]) buffer.put(1, 5, block, RUN);
    buffer.flushPiece(1, 5, RUN);
    const half = buffer.nextWrite() as StoreWrite;
    buffer.drop(1);
    buffer.invariants();
    assert.equal(buffer.nextWrite(), null);
    assert.equal(buffer.freeSlots, 61);
    buffer.onWritten(under);
    buffer.onWritten(half);
    assert.equal(buffer.freeSlots, 63);
    buffer.flushAll();
    assert.equal(buffer.nextWrite()?.torrent, 2);
  });

  test("whatever arrives and however the disk answers, no slot leaks, no block is lost, and it always goes on", () => {
    const step = fc.record({
      what: fc.constantFrom("block", "block", "block", "block", "write", "end", "end", "flush"),
      torrent: fc.nat({ max: 1 }),
      piece: fc.nat({ max: 11 }),
      block: fc.nat({ max: 9 }),
      choice: fc.nat(),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.array(step, { maxLength: 300, size: "max" }),
        (slotCount, steps) => {
          const dataSize = 9 * BLOCK + 1;
          const buffer = new StoreBuffer({ slotCount, slotBytes: RUN });
          const inside = new Set<string>();
          const under: StoreWrite[] = [];
          const write = (): void => {
            const next = buffer.nextWrite();
            if (next === null) return;
            assert.ok(next.arenaOffset >= 0 && next.arenaOffset + next.length <= slotCount * RUN);
            assert.equal(next.begin, next.firstBlock * BLOCK);
            assert.equal(next.length, Math.min(next.blockCount * BLOCK, dataSize - next.begin));
            for (const other of under) {
              const apart = other.arenaOffset + other.length <= next.arenaOffset;
              assert.ok(
                apart || next.arenaOffset + next.length <= other.arenaOffset,
                "two writes share memory",
              );
            }
            for (let i = 0; i < next.blockCount; i++) {
              const name = `${next.torrent}/${next.piece}/${next.firstBlock + i}`;
              assert.ok(inside.delete(name), `${name} was written twice or never arrived`);
            }
            under.push(next);
          };
          const end = (choice: number): void => {
            const [ended] = under.splice(choice % Math.max(1, under.length), 1);
            if (ended !== undefined) buffer.onWritten(ended);
          };
          for (const { what, torrent, piece, block, choice } of steps) {
            if (what === "block") {
              const name = `${torrent}/${piece}/${block}`;
              // The picker lets a block in once; again only after it was handed out and lost.
              if (inside.has(name)) continue;
              const at = buffer.put(torrent, piece, block, dataSize);
              if (at >= 0) {
                inside.add(name);
                assert.equal(at % RUN, (block % 4) * BLOCK);
                for (const other of under)
                  assert.ok(at < other.arenaOffset || at >= other.arenaOffset + other.length);
              } else assert.equal(buffer.freeSlots, 0);
            } else if (what === "write") write();
            else if (what === "end") end(choice);
            else buffer.flushPiece(torrent, piece, dataSize);
            buffer.invariants();
          }
          // Whatever the state, a disk that answers makes room again without any further block.
          for (let round = 0; round < 400 && (buffer.mustPause || buffer.underPressure); round++) {
            write();
            end(round);
            buffer.invariants();
          }
          assert.ok(!buffer.mustPause && !buffer.underPressure, "stuck");
          buffer.flushAll();
          for (let round = 0; round < 400 && !buffer.isEmpty; round++) {
            write();
            end(round);
          }
          assert.ok(buffer.isEmpty, "a slot leaked");
          assert.deepEqual([...inside], []);
        },
      ),
    );
  });
});
