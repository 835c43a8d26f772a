import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { Place } from "./shoal.ts";

const DAEMON = ["daemon", "start", "--port", "0", "--ui-port", "0", "--no-lsd", "--no-dht"] as const;
const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;

/** A daemon that has transfer 1, a folder of which all is there. */
async function withBox(place: Place): Promise<void> {
  mkdirSync(place.path("box", "sub"), { recursive: true });
  for (const path of ["a.txt", "b.txt", "sub/c.txt"])
    writeFileSync(place.path("box", path), Buffer.alloc(20_000, path));
  await place.run("torrent", "create", "box", "-o", "box.torrent");
  await place.run(...DAEMON);
  const got = await place.run("get", "box.torrent", "-o", ".", "--seed-ratio", "9");
  assert.equal(got.code, 0, got.stderr);
}

async function json(place: Place, ...words: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await place.run(...words, "--json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function first(place: Place): Promise<Record<string, unknown>> {
  const { torrents } = await json(place, "list");
  return (torrents as Record<string, unknown>[])[0]!;
}

test("torrent files, rename and move change what lies on disk", async () => {
  await using place = new Place();
  await withBox(place);
  const table = await place.run("torrent", "files", "1");
  assert.match(table.stdout, /^\tSIZE\tDONE\tWANTED\tFILE\n1\t20000\t100 %\tyes\tbox\/a\.txt\n/);
  const changed = await json(
    place,
    "torrent",
    "files",
    "box",
    "--skip",
    "b.txt",
    "--high",
    "1",
    "--low",
    "sub/",
  );
  const files = changed["files"] as { path: string; priority: number }[];
  assert.deepEqual(
    files.map(({ path, priority }) => [path, priority]),
    [
      ["box/a.txt", 7],
      ["box/b.txt", 0],
      ["box/sub/c.txt", 1],
    ],
  );
  const none = await place.run("torrent", "files", "1", "--skip", "*.jpg");
  assert.deepEqual([none.code, none.stderr], [3, "No file fits --skip *.jpg. Nothing was changed.\n"]);
  assert.equal((await place.run("torrent", "rename", "1", "chest")).code, 0);
  assert.equal((await place.run("torrent", "rename", "chest", "chest/sub/c.txt", "d.txt")).code, 0);
  assert.equal((await place.run("torrent", "move", "1", "elsewhere")).code, 0);
  assert.ok(existsSync(place.path("elsewhere", "chest", "sub", "d.txt")));
  assert.ok(!existsSync(place.path("box")));
  assert.equal((await first(place))["downloadDir"], place.path("elsewhere"));
  assert.equal((await place.run("torrent", "verify", "1")).code, 0);
});

test("torrent set, label, queue and trackers change how it is dealt with", async () => {
  await using place = new Place();
  await place.run(...DAEMON);
  assert.equal((await place.run("get", "--detach", MAGNET)).code, 0);
  const set = ["torrent", "set", "1"] as const;
  assert.equal((await place.run(...set, "ratio=3", "time=never", "sequential=on", "up=500k")).code, 0);
  const one = await first(place);
  assert.deepEqual([one["goals"], one["sequential"]], [{ ratio: 3, timeMs: null }, true]);
  assert.equal((await place.run(...set, "ratio=default")).code, 0);
  assert.deepEqual((await first(place))["goals"], { timeMs: null });
  const wrong = await place.run(...set, "colour=red");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /"colour=red" can't be set\. Write KEY=VALUE; the keys are sequential, /);
  assert.match((await place.run(...set, "time=soon")).stderr, /write a time such as 24h, never, or default/);
  assert.equal((await place.run("torrent", "label", "1", "+films", "+new")).code, 0);
  assert.equal((await place.run("torrent", "label", "1", "-new")).code, 0);
  assert.equal((await place.run("torrent", "label", "@films")).stdout, "films\n");
  assert.equal((await place.run("torrent", "label", "1", "films")).code, 2);
  assert.equal((await place.run("label", "set", "films", "--folder", "films", "--ratio", "2")).code, 0);
  assert.match((await place.run("label", "list")).stdout, /films\t1\tratio 2\t.*films\n/);
  assert.equal((await place.run("torrent", "queue", "1", "bottom")).code, 0);
  assert.equal((await place.run("torrent", "queue", "1", "sideways")).code, 2);
  const some = await place.run("torrent", "announce", "1,7");
  assert.equal(some.code, 13);
  const url = "http://127.0.0.1:9/announce";
  assert.match((await place.run("torrent", "trackers", "1", "add", url)).stdout, /127\.0\.0\.1:9/);
  const other = "udp://127.0.0.1:9/announce";
  await place.run("torrent", "trackers", "1", "edit", url, other);
  assert.deepEqual(
    ((await json(place, "torrent", "trackers", "1"))["trackers"] as { url: string }[]).map((one) => one.url),
    [other],
  );
  assert.match((await place.run("torrent", "magnet", "1")).stdout, /^magnet:\?xt=urn:btih:abab.*&tr=udp/);
  assert.equal((await place.run("torrent", "trackers", "1", "rm", url)).code, 3);
  assert.equal((await place.run("torrent", "peers", "1", "127.0.0.1:9")).code, 0);
  assert.equal((await place.run("torrent", "peers", "1", "nobody")).code, 2);
  assert.equal((await place.run("torrent", "files", "1")).code, 3);
  assert.equal((await place.run("torrent", "export", "1")).code !== 0, true);
  assert.equal((await place.run("label", "rm", "films")).code, 0);
  assert.deepEqual((await first(place))["labels"], []);
});

test("torrent export writes the .torrent file, and nothing over another", async () => {
  await using place = new Place();
  await withBox(place);
  const exported = await place.run("torrent", "export", "1", "-o", "out.torrent");
  assert.deepEqual([exported.code, exported.stdout], [0, `${place.path("out.torrent")}\n`]);
  assert.deepEqual(readFileSync(place.path("out.torrent")), readFileSync(place.path("box.torrent")));
  assert.equal((await place.run("torrent", "export", "1", "-o", "out.torrent")).code, 11);
  assert.equal((await place.run("torrent", "export", "1", "-o", "out.torrent", "--overwrite")).code, 0);
});

test("get --select and --priority are known to the daemon, which fetches nothing else", async () => {
  await using place = new Place();
  await withBox(place);
  await place.run("rm", "1");
  const get = ["get", "box.torrent", "--paused", "-o", "other"] as const;
  const none = await place.run(...get, "--select", "*.jpg");
  assert.equal(none.code, 2, none.stderr);
  const some = await place.run(...get, "--select", "*.txt", "--priority", "sub=skip", "--priority", "2=high");
  assert.equal(some.code, 0, some.stderr);
  const { files } = await json(place, "torrent", "files", "box");
  assert.deepEqual(
    (files as { priority: number }[]).map(({ priority }) => priority),
    [4, 7, 0],
  );
});
