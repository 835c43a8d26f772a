import assert from "node:assert/strict";
import { test } from "node:test";
import { NameCache } from "../../dist/node/name-cache.js";

test("a name is looked up once by all who ask, in any spelling; a failure is not kept", async () => {
  const cache = new NameCache();
  let asked = 0;
  const found = () => Promise.resolve([`192.0.2.${++asked}`]);
  const answers = await Promise.all([cache.get("a.example", found), cache.get("A.Example", found)]);
  assert.deepEqual(answers, [["192.0.2.1"], ["192.0.2.1"]]);
  await assert.rejects(
    cache.get("b.example", () => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.deepEqual(await cache.get("b.example", found), ["192.0.2.2"]);
});

test("an answer is used for a minute", async (t) => {
  let now = 1_000;
  t.mock.method(performance, "now", () => now);
  const cache = new NameCache();
  await cache.get("a.example", () => Promise.resolve(["192.0.2.1"]));
  now += 59_999;
  assert.deepEqual(await cache.get("a.example", () => Promise.resolve(["192.0.2.2"])), ["192.0.2.1"]);
  now += 1;
  assert.deepEqual(await cache.get("a.example", () => Promise.resolve(["192.0.2.2"])), ["192.0.2.2"]);
});

test("strangers who name many hosts make it forget the oldest", async () => {
  const cache = new NameCache();
  for (let i = 0; i < 257; i++) await cache.get(`${i}.example`, () => Promise.resolve([]));
  assert.deepEqual(await cache.get("256.example", () => Promise.resolve(["192.0.2.1"])), []);
  assert.deepEqual(await cache.get("0.example", () => Promise.resolve(["192.0.2.1"])), ["192.0.2.1"]);
});
