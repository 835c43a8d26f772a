import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FickleNodes } from "../../../dist/core/dht/fickle-nodes.js";
import { secureId } from "../../../dist/core/dht/secure-id.js";

const NODE = { host: "44.1.2.3", port: 5 };
const HOUR = 3_600_000;

function id(n: number): Uint8Array {
  return new Uint8Array(20).fill(n);
}

describe("FickleNodes", () => {
  test("who gives a third id at once is not believed for an hour", () => {
    const nodes = new FickleNodes();
    assert.deepEqual(
      [1, 2, 3].map((n) => nodes.onAnswer(id(n), NODE, n)),
      [false, false, true],
    );
    assert.equal(nodes.has(NODE, HOUR), true);
    assert.equal(nodes.has({ ...NODE, port: 6 }, HOUR), false);
    assert.equal(nodes.has(NODE, HOUR + 4), false);
    assert.equal(nodes.onAnswer(id(4), NODE, HOUR + 4), false);
  });

  test("who starts anew now and then is believed", () => {
    const nodes = new FickleNodes();
    for (let life = 0; life < 20; life++) {
      for (let i = 0; i < 3; i++) assert.equal(nodes.onAnswer(id(life), NODE, life), false);
    }
  });

  test("ids that belong to the address are not counted (BEP 42)", () => {
    const nodes = new FickleNodes();
    for (let i = 0; i < 20; i++) {
      assert.equal(nodes.onAnswer(secureId(NODE.host, id(i)), NODE, 0), false);
    }
  });

  test("watches no more than 512 nodes", () => {
    const nodes = new FickleNodes();
    for (let n = 1; n < 4; n++) nodes.onAnswer(id(n), NODE, 0);
    for (let i = 0; i < 511; i++) nodes.onAnswer(id(1), { host: "44.1.2.4", port: i + 1 }, 0);
    assert.equal(nodes.has(NODE, 0), true);
    nodes.onAnswer(id(1), { host: "44.1.2.5", port: 1 }, 0);
    assert.equal(nodes.has(NODE, 0), false);
  });
});
