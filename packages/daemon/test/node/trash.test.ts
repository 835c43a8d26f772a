import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { EventLogPage, HistoryList, Torrent, TorrentFiles, TrashList } from "@shoal/schema";
import { poll } from "@shoal/testkit";
import { pair, type Pair, transfer, until } from "../pair.ts";
import type { Scene } from "../scene.ts";

interface Fetched extends Pair {
  readonly id: number;
  readonly folder: string;
}

/** The leech has everything. */
async function fetched(t: TestContext, flags: Parameters<typeof pair>[2] = {}): Promise<Fetched> {
  const scenes = await pair(t, undefined, flags);
  const { leech, from } = scenes;
  const { id } = (await leech.call("POST", "/torrents", { ...from, labels: ["kino"] }))
    .body as unknown as Torrent;
  await until(leech, id, ({ state }) => state === "seeding");
  return { ...scenes, id, folder: join(leech.downloadDir, "film") };
}

function assertFiles({ files, folder }: Fetched): void {
  for (const [path, bytes] of files) assert.ok(readFileSync(join(folder, path)).equals(bytes), path);
}

async function list(scene: Scene): Promise<Torrent[]> {
  return (await scene.call("GET", "/torrents")).body["torrents"] as Torrent[];
}

async function trashOf(scene: Scene): Promise<TrashList["entries"]> {
  return ((await scene.call("GET", "/trash")).body as unknown as TrashList).entries;
}

async function historyOf(scene: Scene): Promise<HistoryList["entries"]> {
  return ((await scene.call("GET", "/history")).body as unknown as HistoryList).entries;
}

/** What is left of torrents in the state folder. */
function leftovers(scene: Scene): string[] {
  return readdirSync(join(scene.dir, "torrents"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

describe("removing", () => {
  test("with the files, and undo: all is as it was, without hashing", async (t) => {
    const scene = await fetched(t);
    const { leech, id, folder } = scene;
    const before = await transfer(leech, id);
    assert.equal((await leech.call("DELETE", `/torrents/${id}?deleteFiles=true`)).status, 200);
    assert.deepEqual(await list(leech), []);
    assert.equal(existsSync(folder), false);
    const [entry] = await trashOf(leech);
    assert.deepEqual([entry!.id, entry!.name, entry!.filesDeleted], [id, "film", true]);
    const back = await leech.call("POST", "/undo", {});
    assert.equal(back.status, 200, JSON.stringify(back.body));
    const after = await transfer(leech, id);
    assert.deepEqual([after.labels, after.addedAt, after.have], [["kino"], before.addedAt, before.have]);
    assertFiles(scene);
    assert.equal(existsSync(join(leech.downloadDir, ".shoal-trash")), false);
    await until(leech, id, ({ state }) => state === "seeding");
    assert.deepEqual(await trashOf(leech), []);
    const none = await leech.call("POST", "/undo", {});
    assert.equal(none.status, 404);
  });

  test("is undone after a restart, too; what was removed together comes back together", async (t) => {
    const scene = await fetched(t);
    const { leech, id } = scene;
    const other = { magnet: `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=other` };
    await leech.call("POST", "/torrents", other);
    await leech.call("DELETE", `/torrents/${id}?deleteFiles=true&batch=b`);
    await leech.call("DELETE", `/torrents/${id + 1}?batch=b`);
    await leech.stop();
    await leech.start();
    assert.deepEqual(await list(leech), []);
    assert.equal((await leech.call("POST", "/undo", {})).status, 200);
    assert.deepEqual(
      (await list(leech)).map((torrent) => torrent.id),
      [id, id + 1],
    );
    assertFiles(scene);
  });

  test("is final after a while, and leaves nothing behind", async (t) => {
    const scene = await fetched(t, { "trash.keep": 0 });
    const { leech, id, folder } = scene;
    await leech.call("DELETE", `/torrents/${id}?deleteFiles=true`);
    await poll(
      "it is gone",
      async () => (await trashOf(leech)).length === 0 && leftovers(leech).length === 0,
    );
    assert.equal(existsSync(folder), false);
    assert.equal(existsSync(join(leech.downloadDir, ".shoal-trash")), false);
  });

  test("keeps what is not the download's own, and what another transfer has", async (t) => {
    const { leech, id, folder } = await fetched(t);
    writeFileSync(join(folder, "mine"), "mine");
    const shared = await leech.call("POST", "/shares", { paths: [join(folder, "b.txt")] });
    assert.equal(shared.status, 202);
    await poll("it is shared", async () => (await list(leech)).length === 2);
    await leech.call("DELETE", `/torrents/${id}?deleteFiles=true`);
    assert.deepEqual(readdirSync(folder).sort(), ["b.txt", "mine"]);
  });

  test("files that are in the way keep an undo from overwriting them", async (t) => {
    const { leech, id, folder } = await fetched(t);
    await leech.call("DELETE", `/torrents/${id}?deleteFiles=true`);
    writeFileSync(join(leech.downloadDir, "film"), "another film");
    const refused = await leech.call("POST", "/undo", {});
    assert.notEqual(refused.status, 200);
    assert.equal(readFileSync(folder, "utf8"), "another film");
    assert.equal((await trashOf(leech)).length, 1);
    rmSync(folder);
    assert.equal((await leech.call("POST", "/undo", {})).status, 200);
  });

  test("what is added anew has the files that went with it", async (t) => {
    const scene = await fetched(t);
    const { leech, seed, id, from } = scene;
    await leech.call("DELETE", `/torrents/${id}?deleteFiles=true`);
    const given = (await transfer(seed, 1)).uploaded;
    const again = (await leech.call("POST", "/torrents", from)).body as unknown as Torrent;
    await until(leech, again.id, ({ state }) => state === "seeding");
    assertFiles(scene);
    assert.equal((await transfer(seed, 1)).uploaded, given, "nothing is fetched again");
    const undo = await leech.call("POST", "/undo", {});
    assert.equal((undo.body["error"] as { code: string }).code, "ERR_DUPLICATE_TORRENT");
  });
});

describe("the history", () => {
  test("has what finished and what was cancelled, and adds it again with its settings", async (t) => {
    const { leech, id } = await fetched(t, { "trash.keep": 0 });
    const magnet = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=other`;
    const other = (await leech.call("POST", "/torrents", { magnet, labels: ["x"], sequential: true }))
      .body as unknown as Torrent;
    await leech.call("DELETE", `/torrents/${other.id}`);
    await leech.call("DELETE", `/torrents/${id}?deleteFiles=true`);
    await poll(
      "both are gone",
      async () => (await trashOf(leech)).length === 0 && leftovers(leech).length === 0,
    );
    const entries = await historyOf(leech);
    assert.deepEqual(
      entries.map(({ name, outcome, size, torrent }) => ({ name, outcome, size, torrent })),
      [
        { name: "other", outcome: "cancelled", size: 0, torrent: null },
        { name: "film", outcome: "finished", size: 1_000_000, torrent: null },
      ],
    );
    const back = (await leech.call("POST", `/history/${entries[0]!.id}/retry`, {}))
      .body as unknown as Torrent;
    assert.deepEqual([back.name, back.labels, back.sequential], ["other", ["x"], true]);
    const film = await leech.call("POST", `/history/${entries[1]!.id}/retry`, {});
    assert.equal(film.status, 200, JSON.stringify(film.body));
    assert.deepEqual([film.body["name"], film.body["labels"]], ["film", ["kino"]]);
    assert.notEqual(film.body["id"], id);
    // From the peer that was named at the first time.
    await until(leech, Number(film.body["id"]), ({ state }) => state === "seeding");
    assert.equal((await leech.call("POST", "/history/999/retry", {})).status, 404);
    await leech.stop();
    await leech.start();
    assert.deepEqual(
      (await historyOf(leech)).map(({ name, outcome }) => [name, outcome]),
      [
        ["film", "finished"],
        ["other", "cancelled"],
        ["film", "finished"],
      ],
    );
    assert.equal((await list(leech)).length, 2);
  });

  test("what was cancelled goes on where it was, with its priorities; files of others stay as they are", async (t) => {
    const sizes = { "a.mkv": 900_000, "b.txt": 100_000, "c.txt": 50_000 };
    const { leech, seed, from } = await pair(t, sizes, { "trash.keep": 0 });
    const { id } = (await leech.call("POST", "/torrents", from)).body as unknown as Torrent;
    await until(leech, id, ({ state }) => state === "seeding");
    const filesOf = async (of: number): Promise<TorrentFiles["files"]> =>
      ((await leech.call("GET", `/torrents/${of}/files`)).body as unknown as TorrentFiles).files;
    const [low, skipped] = (await filesOf(id)).map(({ index }) => index);
    const chosen = await leech.call("PATCH", `/torrents/${id}/files`, { low: [low], skip: [skipped] });
    assert.equal(chosen.status, 200, JSON.stringify(chosen.body));
    // Something of it is to be fetched again, so that it is cancelled before its end.
    await leech.call("POST", `/torrents/${id}/pause`, {});
    const path = join(leech.downloadDir, "film", "a.mkv");
    const half = readFileSync(path).fill(0, 300_000);
    writeFileSync(path, half);
    await leech.call("POST", `/torrents/${id}/recheck`, {});
    await until(leech, id, ({ state, have }) => state === "paused" && have < 700_000);
    await leech.call("DELETE", `/torrents/${id}`);
    await poll("it is gone", async () => (await trashOf(leech)).length === 0);
    const given = (await transfer(seed, 1)).uploaded;
    const [entry] = await historyOf(leech);
    const back = (await leech.call("POST", `/history/${entry!.id}/retry`, {})).body as unknown as Torrent;
    await until(leech, back.id, ({ state }) => state === "seeding");
    assert.ok((await transfer(seed, 1)).uploaded - given < 700_000, "what was there is not fetched again");
    assert.deepEqual(
      (await filesOf(back.id)).map(({ wanted, priority }) => [wanted, priority]),
      [
        [true, 1],
        [false, 0],
        [true, 4],
      ],
    );
    await leech.call("DELETE", `/torrents/${back.id}?deleteFiles=true`);
    await poll("it is gone", async () => (await trashOf(leech)).length === 0);
    writeFileSync(path.replace("/film/a.mkv", "/film"), "of somebody else");
    const again = (await leech.call("POST", `/history/${entry!.id}/retry`, {})).body as unknown as Torrent;
    await until(leech, again.id, ({ error }) => error !== null);
    assert.equal(readFileSync(join(leech.downloadDir, "film"), "utf8"), "of somebody else");
  });

  test("is told as what it was in the log of events: undone, tried again, paused by a rule", async (t) => {
    const { leech, id, folder } = await fetched(t);
    await leech.call("PATCH", `/torrents/${id}`, { goals: { timeMs: 0 } });
    await until(leech, id, ({ state }) => state === "finished");
    await leech.call("DELETE", `/torrents/${id}`);
    await leech.call("POST", "/undo", {});
    await leech.stop();
    rmSync(folder, { recursive: true });
    await leech.start();
    await leech.call("POST", `/torrents/${id}/resume`, {});
    await until(leech, id, ({ error }) => error !== null);
    await leech.call("POST", `/torrents/${id}/retry`, {});
    const { rows } = (await leech.call("GET", `/log/events?torrent=${id}`)).body as unknown as EventLogPage;
    assert.deepEqual(
      rows.filter(({ kind }) => kind !== "warning").map(({ kind }) => kind),
      ["added", "finished", "paused", "removed", "restored", "failed", "retried"],
    );
    assert.match(
      rows.find(({ kind }) => kind === "paused")!.message,
      /film was shared enough: shared for 0 s/,
    );
  });

  test("says why something failed, once", async (t) => {
    const { leech, id, folder } = await fetched(t);
    await leech.call("POST", `/torrents/${id}/pause`, {});
    rmSync(folder, { recursive: true });
    await leech.stop();
    await leech.start();
    await leech.call("POST", `/torrents/${id}/resume`, {});
    const failed = await poll("it has failed", async () =>
      (await historyOf(leech)).find(({ outcome }) => outcome === "failed"),
    );
    assert.equal(failed.code, "ERR_FILES_MISSING");
    assert.match(failed.message!, /film/);
    assert.equal(failed.torrent, id);
  });
});
