import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { createTorrent } from "@shoal/engine";
import { poll } from "@shoal/testkit";
import { Place } from "./shoal.ts";

test("what is put into a watched folder is fetched", async () => {
  await using place = new Place();
  await place.startDaemon();
  assert.match((await place.run("watchdir", "list")).stderr, /No folder is watched/);
  const dir = join(place.dir, "drop");
  const added = await place.run("watchdir", "add", dir, "--label", "films", "--paused", "--delete");
  assert.deepEqual([added.code, added.stdout], [0, ""]);
  assert.match(added.stderr, /drop is watched: .*\n.*does not exist; it is waited for/);
  assert.equal((await place.run("watchdir", "add", dir)).code, 11);
  assert.equal((await place.run("watchdir", "add", dir, "--keep", "--delete")).code, 2);
  mkdirSync(dir);
  writeFileSync(join(dir, "a.magnet"), `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`);
  await poll("it is taken", () => readdirSync(dir).length === 0);
  const { torrents } = JSON.parse((await place.run("list", "--json")).stdout) as {
    torrents: Record<string, unknown>[];
  };
  assert.deepEqual(
    torrents.map(({ name, state, labels }) => [name, state, labels]),
    [["hello", "paused", ["films"]]],
  );
  assert.match((await place.run("watchdir", "list")).stdout, /1\t.*drop\tfilms\tdeleted/);
  assert.equal((await place.run("watchdir", "rm", dir)).code, 0);
  assert.equal((await place.run("watchdir", "rm", dir)).code, 3);
});

test("a file is fetched by its id when it is known, else it is not found", async () => {
  await using place = new Place();
  writeFileSync(join(place.dir, "film.mkv"), "some data ".repeat(10_000));
  const made = await place.run("torrent", "create", "film.mkv", "-o", "film.torrent", "--v2", "--json");
  assert.equal(made.code, 0, made.stderr);
  const unknown = ["get", "deadbeef", "--no-start"];
  assert.equal((await place.run(...unknown)).code, 3);
  await place.startDaemon();
  const { code, stderr } = await place.run(...unknown);
  assert.deepEqual([code, stderr], [3, "No file is known whose id begins with deadbeef.\n"]);
  assert.equal((await place.run("get", "--detach", "--paused", "film.torrent")).code, 0);
  // Of a v2 torrent with one file the id is the root of its pieces.
  const { metainfo } = await createTorrent(join(place.dir, "film.mkv"), { kind: "v2" });
  const id = Buffer.from(metainfo.layout.files[0]!.piecesRoot!).toString("hex");
  for (const word of [id.slice(0, 8), id]) {
    const got = await place.run("get", "--detach", "--json", word);
    assert.equal(got.code, 0, got.stderr);
    assert.equal((JSON.parse(got.stdout) as { id: number }).id, 1);
  }
});
