import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeliveredContent, DeliveryLog, type Party } from "../../dist/core/delivery-log.js";

const content = { number: 1 } as DeliveredContent;
const ann: Party = { kind: "peer", address: "192.0.2.1:6881", client: "" };

function logAt(clock: { now: number }): DeliveryLog {
  return new DeliveryLog(() => clock.now);
}

describe("DeliveryLog", () => {
  test("gives what was noted once, with its age", () => {
    const clock = { now: 1_000 };
    const log = logAt(clock);
    let told = 0;
    log.open(10, () => told++);
    log.add("down", content, 3, 0, ann, 16_384);
    clock.now = 1_250;
    log.add("up", content, 4, 2, null, 7);
    assert.equal(told, 1, "the first of a batch is told");
    assert.deepEqual(log.take(), {
      deliveries: [
        { direction: "down", content, piece: 3, file: 0, party: ann, bytes: 16_384, ageMs: 250 },
        { direction: "up", content, piece: 4, file: 2, party: null, bytes: 7, ageMs: 0 },
      ],
      dropped: 0,
    });
    assert.deepEqual(log.take(), { deliveries: [], dropped: 0 });
    log.add("up", content, 4, 2, null, 7);
    assert.equal(told, 2);
  });

  test("counts what does not fit, and notes nothing before it is opened", () => {
    const log = logAt({ now: 0 });
    log.add("down", content, 0, 0, ann, 1);
    assert.deepEqual(log.take(), { deliveries: [], dropped: 0 });
    log.open(2, () => undefined);
    for (let piece = 0; piece < 5; piece++) log.add("down", content, piece, 0, ann, 1);
    const { deliveries, dropped } = log.take();
    assert.deepEqual([deliveries.map(({ piece }) => piece), dropped], [[0, 1], 3]);
    assert.equal(log.take().dropped, 0);
  });
});
