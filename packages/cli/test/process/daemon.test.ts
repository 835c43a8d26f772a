import assert from "node:assert/strict";
import { test } from "node:test";

import { Place } from "./shoal.ts";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;

async function json(place: Place, ...words: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await place.run(...words, "--json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function states(place: Place): Promise<unknown[]> {
  const { torrents } = (await json(place, "list")) as {
    torrents: { id: number; name: string; state: string }[];
  };
  return torrents.map(({ id, name, state }) => [id, name, state]);
}

test("transfers go on without a terminal, and what was asked for survives kill -9", async () => {
  await using place = new Place();
  const first = await place.startDaemon();
  assert.equal((await json(place, "get", "--detach", MAGNET))["id"], 1);
  assert.deepEqual(await states(place), [[1, "hello", "metadata"]]);
  assert.equal((await place.run("pause", "hello")).code, 0);
  await first.stop("SIGKILL");
  const second = await place.startDaemon();
  assert.deepEqual(await states(place), [[1, "hello", "paused"]]);
  assert.equal((await place.run("resume", "abababab")).code, 0);
  assert.deepEqual(await states(place), [[1, "hello", "metadata"]]);
  assert.equal((await place.run("rm", "all")).code, 0);
  assert.deepEqual(await states(place), []);
  assert.equal((await place.run("daemon", "stop")).code, 0);
  assert.equal((await second.ended).code, 0);
});

test("without a daemon, or with a second one, one sentence says what to do", async () => {
  await using place = new Place();
  for (const words of [
    ["list"],
    ["pause", "1"],
    ["daemon", "status"],
    ["token", "list"],
    ["get", "-d", MAGNET],
  ]) {
    const { code, stderr } = await place.run(...words);
    assert.equal(code, 5, words.join(" "));
    assert.equal(stderr, "The daemon does not run. Start it with: shoal daemon start\n");
  }
  await place.startDaemon();
  const second = await place.run("daemon", "run");
  assert.equal(second.code, 12);
  assert.match(
    second.stderr,
    /^Shoal runs already for this profile \(process \d+\)\. Stop it with: shoal daemon stop/,
  );
  const unknown = await place.run("pause", "7");
  assert.deepEqual(
    [unknown.code, unknown.stderr],
    [3, 'There is no transfer "7". See what there is with: shoal list\n'],
  );
  const some = await place.run("pause", "--all", "--json");
  assert.deepEqual(
    [some.code, JSON.parse(some.stdout)],
    [0, { schema: 1, paused: 0, failed: 0, results: [] }],
  );
  assert.equal((await place.run("get", "--detach", MAGNET)).code, 0);
  const mixed = await place.run("pause", "1", "7", "--json");
  assert.equal(mixed.code, 13);
  const { paused, failed, results } = JSON.parse(mixed.stdout.split("\n").at(-2)!) as Record<string, unknown>;
  assert.deepEqual([paused, failed, (results as unknown[]).length], [1, 1, 2]);
});

test("a token is shown once, opens the door, and is taken back", async () => {
  await using place = new Place();
  const daemon = await place.startDaemon();
  const ui = String((await daemon.event("listening"))["ui"]);
  const made = await json(place, "token", "new", "--for", "sonarr");
  const ask = async (): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`${String(made["user"])}:${String(made["password"])}`).toString("base64")}`;
    return (await fetch(`${ui}/transmission/rpc`, { method: "POST", headers: { authorization }, body: "{}" }))
      .status;
  };
  assert.equal(await ask(), 409);
  assert.ok(!JSON.stringify(await json(place, "token", "list")).includes(String(made["password"])));
  assert.equal((await place.run("token", "new", "--for", "sonarr")).code, 11);
  assert.equal((await place.run("token", "revoke", "sonarr")).code, 0);
  assert.equal(await ask(), 401);
});
