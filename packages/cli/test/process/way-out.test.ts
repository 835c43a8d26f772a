import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";

import { Place } from "./shoal.ts";

test("a proxy in the environment is used, its mistakes are told without its password", async () => {
  await using place = new Place();
  writeFileSync(place.path("notes.txt"), "x");
  const wrong = await place.startIn({ SHOAL_PROXY: "socks4://me:secret@127.0.0.1:1" }, "send", "notes.txt")
    .ended;
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /a proxy is written as/i);
  assert.doesNotMatch(wrong.stderr, /secret/);
  const env = { SHOAL_PROXY: "http://me:secret@127.0.0.1:1" };
  const proxied = await place.startIn(env, "send", "notes.txt", "--timeout", "1s").ended;
  assert.equal(proxied.code, 124);
  assert.match(proxied.stderr, /through a proxy nobody can connect to you/);
  assert.match(proxied.stderr, /An HTTP proxy carries no UDP/);
  assert.doesNotMatch(proxied.stderr + proxied.stdout, /secret/);
});

test("an IP filter that is missing, a folder, or none ends with 10 and names the list", async () => {
  await using place = new Place();
  writeFileSync(place.path("notes.txt"), "x");
  writeFileSync(place.path("none.txt"), Buffer.from("x:1.2.3.4-1.2.3.5\n", "utf16le"));
  for (const [list, reason] of [
    ["missing.txt", /missing\.txt does not exist/],
    [".", /is a folder, but a file is needed/],
    ["none.txt", /none\.txt has no addresses to block, but 2 lines that are not understood/],
  ] as const) {
    const { code, stderr } = await place.run("send", "notes.txt", "--ip-filter", list);
    assert.equal(code, 10, stderr);
    assert.match(stderr, reason);
  }
});

test("--host that can be neither address nor interface ends with 2", async () => {
  await using place = new Place();
  writeFileSync(place.path("notes.txt"), "x");
  const { code, stderr } = await place.run("send", "notes.txt", "--host", "1.2.3");
  assert.equal(code, 2);
  assert.equal(stderr, "1.2.3 is neither an address nor the name of a network interface.\n");
});
