import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventQueue, SimulatedClock } from "@shoal/sim";
import fc from "fast-check";
import { ProtocolError, ShoalError } from "../../dist/base/errors.js";
import { decodeDhtRecord, encodeDhtRecord } from "../../dist/core/dht-record.js";
import type { Store } from "../../dist/ports/store.js";
import { DhtMemory } from "../../dist/session/dht-memory.js";

const A = { v4: Uint8Array.of(1, 2, 3), v6: null };
const B = { v4: Uint8Array.of(9), v6: Uint8Array.of(8) };

/** One state directory for several processes. */
class Scene {
  readonly clock: SimulatedClock = new SimulatedClock(new EventQueue(), () => {});
  readonly warnings: string[] = [];
  record: Uint8Array | null = null;
  isBroken = false;
  #processes = 0;

  process(): DhtMemory {
    const store = {
      updateRecord: (name: string, change: (before: Uint8Array | null) => Uint8Array): Promise<void> => {
        assert.equal(name, "dht");
        if (this.isBroken) return Promise.reject(new ShoalError("ERR_NO_SPACE", "The disk is full"));
        this.record = change(this.record);
        return Promise.resolve();
      },
    } as unknown as Store;
    const log = { debug() {}, info() {}, error() {}, warn: (text: string) => void this.warnings.push(text) };
    return new DhtMemory(this.clock, store, log, ++this.#processes);
  }
}

describe("DhtMemory", () => {
  it("gives the next run what the last one knew, with its ids", async () => {
    const scene = new Scene();
    const first = scene.process();
    assert.deepEqual(await first.load(), { v4: null, v6: null, hasIds: true });
    await first.save(A, true);
    assert.deepEqual(await scene.process().load(), { ...A, hasIds: true });
  });

  it("gives the ids to one process at a time, and what is known to all", async () => {
    const scene = new Scene();
    const [first, second, third] = [scene.process(), scene.process(), scene.process()];
    await first.load();
    await first.save(A, false);
    assert.deepEqual(await second.load(), { ...A, hasIds: false });
    await second.save(B, true);
    assert.deepEqual(await third.load(), { ...A, hasIds: false });
    await first.save(A, true);
    await second.save(B, false);
    assert.deepEqual(await third.load(), { ...B, hasIds: false });
  });

  it("takes the ids back from a process that died, and after the clock was set back", async () => {
    const scene = new Scene();
    await scene.process().save(A, false);
    scene.clock.setWall(21 * 60_000);
    assert.deepEqual(await scene.process().load(), { ...A, hasIds: true });
    scene.clock.setWall(-24 * 60 * 60_000);
    assert.deepEqual(await scene.process().load(), { ...A, hasIds: true });
  });

  it("begins afresh with a damaged record, and does without one that can't be had", async () => {
    const scene = new Scene();
    scene.record = Uint8Array.of(1, 2, 3);
    assert.deepEqual(await scene.process().load(), { v4: null, v6: null, hasIds: true });
    scene.isBroken = true;
    assert.deepEqual(await scene.process().load(), { v4: null, v6: null, hasIds: true });
    assert.equal(scene.warnings.length, 1);
  });
});

describe("the record of the DHT", () => {
  const state = fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }));

  it("is read as it was written", () => {
    fc.assert(
      fc.property(state, state, fc.maxSafeNat(), fc.nat(), (v4, v6, heldUntil, holder) => {
        const record = { v4, v6, heldUntil, holder };
        assert.deepEqual(decodeDhtRecord(encodeDhtRecord(record)), record);
      }),
    );
  });

  it("is refused by a ProtocolError when it is anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decodeDhtRecord(bytes);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});
