import assert from "node:assert/strict";
import { test } from "node:test";

import { parseLines, Place } from "./shoal.ts";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello&tr=http%3A%2F%2F127.0.0.1%3A1%2Fannounce`;
const OTHER = `magnet:?xt=urn:btih:${"cd".repeat(20)}&dn=other`;

test("list, show and watch tell of what there is", async () => {
  await using place = new Place();
  await place.run("daemon", "start", "--port", "0", "--ui-port", "0", "--no-lsd", "--no-dht");
  assert.equal((await place.run("list")).stderr, "There are no transfers. Begin one with: shoal get LINK\n");
  assert.equal((await place.run("get", "--detach", MAGNET, "--label", "films")).code, 0);
  assert.equal((await place.run("get", "--paused", OTHER)).code, 0);

  const chosen = await place.run("ls", "--json=id,name", "--sort", "-id");
  assert.deepEqual(JSON.parse(chosen.stdout), {
    schema: 1,
    torrents: [
      { id: 2, name: "other" },
      { id: 1, name: "hello" },
    ],
  });
  const films = await place.run("list", "--label", "films", "--columns", "id,name,label");
  assert.equal(films.stdout, "ID\tNAME\tLABEL\n1\thello\tfilms\n");
  assert.match((await place.run("list", "--state", "failed")).stderr, /None of 2 transfers is like that/);
  assert.equal((await place.run("list", "--state", "nonsense")).code, 2);
  assert.equal((await place.run("list", "--columns", "nonsense")).code, 2);

  const shown = await place.run("show", "hello", "--files", "--peers", "--trackers", "--pieces", "--log");
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^1 {2}hello\n/);
  for (const part of [
    /state +looking/,
    /labels +films/,
    /pieces +0 of 0/,
    /127\.0\.0\.1:1\/announce/,
    /^Log$/m,
  ])
    assert.match(shown.stdout, part);
  const { trackers, peerList } = JSON.parse(
    (await place.run("show", "1", "--trackers", "--peers", "--json")).stdout,
  ) as Record<string, unknown[]>;
  assert.deepEqual([trackers?.length, peerList], [1, []]);
  assert.equal((await place.run("show", "all")).code, 3);
  assert.equal((await place.run("show", "9")).code, 3);

  const watching = place.start("watch", "2", "--json", "--interval", "100ms");
  const looks = (): unknown[] => parseLines(watching.stdout.slice(0, watching.stdout.lastIndexOf("\n") + 1));
  const sees = (state: string): boolean =>
    looks().some((look) => {
      const { torrents } = look as { torrents: { id: number; state: string }[] };
      return torrents.length === 1 && torrents[0]!.id === 2 && torrents[0]!.state === state;
    });
  await watching.until(() => sees("paused"), "the transfer at rest");
  assert.equal((await place.run("resume", "2")).code, 0);
  await watching.until(() => sees("metadata"), "the change");
  assert.equal((await watching.stop("SIGINT")).code, 130);
  assert.equal((await place.run("watch", "9")).code, 3);
});
