import assert from "node:assert/strict";
import { test } from "node:test";

import type { Limits } from "@shoal/schema";

import { Place } from "./shoal.ts";

const PORTS = ["--port", "0", "--ui-port", "0", "--no-lsd", "--no-dht"] as const;

test("limit sets speeds, switches slow mode and keeps a schedule", async () => {
  await using place = new Place();
  await place.run("daemon", "start", ...PORTS);
  assert.equal((await place.run("limit", "down", "2M")).stderr, "Downloads: 2 MB/s.\n");
  assert.equal((await place.run("limit", "up", "500k")).stderr, "Uploads: 500 kB/s.\n");
  const slow = await place.run("limit", "slow", "on");
  assert.equal(slow.stderr, "Slow mode is on by hand. Now: down 500 kB/s, up 100 kB/s.\n");
  const shown = await place.run("limit", "show");
  assert.match(shown.stdout, /^now +down 500 kB\/s, up 100 kB\/s\nnormally +down 2 MB\/s, up 500 kB\/s\n/);
  assert.equal((await place.run("limit", "slow", "off")).code, 0);
  assert.equal((await place.run("limit", "schedule", "Mon-Sun 00:00-24:00")).code, 0);
  assert.equal((await place.run("limit", "schedule")).stdout, "Mon-Sun 00:00-24:00\n");
  assert.equal((await place.run("limit", "schedule", "off")).code, 0);
  assert.equal((await place.run("limit", "down", "0")).stderr, "Downloads: no limit.\n");
  const json = JSON.parse((await place.run("limit", "show", "--json")).stdout) as Limits;
  assert.deepEqual([json.schema, json.down, json.up, json.schedule], [1, null, 500_000, []]);
});

test("what is no speed, no switch and no time of the week is refused with exit 2, and what to write", async () => {
  await using place = new Place();
  await place.run("daemon", "start", ...PORTS);
  for (const [words, why] of [
    [["down", "fast"], /^"fast" is no speed\. Write it as 500k, 2M/],
    [["slow", "maybe"], /^Slow mode can't be "maybe"\. It is on or off\.\n/],
    [["schedule", "Someday"], /"Someday" is no day of the week; write it as Mon-Fri 09:00-17:00/],
  ] as const) {
    const { code, stderr } = await place.run("limit", ...words);
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
  }
  assert.equal((await place.run("daemon", "stop")).code, 0);
  assert.equal((await place.run("limit", "show")).code, 5);
});
