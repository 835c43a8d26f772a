import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "../../dist/node/clock.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { NodeRandom } from "../../dist/node/random.js";

test("hashes are right and own their memory", () => {
  const abc = new TextEncoder().encode("abc");
  const sha1 = nodeHasher.sha1(abc);
  const sha256 = nodeHasher.sha256(abc);
  assert.equal(Buffer.from(sha1).toString("hex"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assert.equal(
    Buffer.from(sha256).toString("hex"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  assert.equal(sha1.buffer.byteLength, 20);
  assert.equal(sha256.buffer.byteLength, 32);
  assert.ok(!Buffer.isBuffer(sha1));
});

test("a timer fires no earlier than it should and not after it was cancelled", async () => {
  const started = nodeClock.now();
  await new Promise<void>((resolve) => {
    nodeClock.setTimer(1, () => assert.fail("cancelled")).cancel();
    nodeClock.setTimer(5, resolve);
  });
  assert.ok(nodeClock.now() - started >= 4);
  nodeClock.setTimer(1e12, () => assert.fail("a long delay fired at once")).cancel();
});

test("random numbers differ and cover 32 bits", () => {
  const random = new NodeRandom();
  const numbers = Array.from({ length: 1000 }, () => random.uint32());
  assert.ok(new Set(numbers).size > 990);
  assert.ok(numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= 0xffffffff));
  assert.ok(numbers.some((n) => n > 0x7fffffff));
  const bytes = new Uint8Array(64);
  assert.equal(random.fill(bytes), bytes);
  assert.ok(bytes.some((byte) => byte !== 0));
});
