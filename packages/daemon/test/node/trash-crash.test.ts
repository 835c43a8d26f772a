import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { Torrent, TrashList } from "@shoal/schema";
import { openDatabase } from "@shoal/server";
import { poll } from "@shoal/testkit";
import type { Tables } from "../../dist/state/tables.js";
import { MIGRATIONS } from "../../dist/state/migrations.js";
import { pair, type Pair, until } from "../pair.ts";
import { Scene } from "../scene.ts";

interface Removed extends Pair {
  readonly id: number;
  readonly folder: string;
  /** Where its files lie now. */
  readonly trash: string;
}

/** The node has stopped after a removal with files. */
async function removed(t: TestContext): Promise<Removed> {
  const scenes = await pair(t);
  const { leech, from } = scenes;
  const { id } = (await leech.call("POST", "/torrents", from)).body as unknown as Torrent;
  await until(leech, id, ({ state }) => state === "seeding");
  await leech.call("DELETE", `/torrents/${id}?deleteFiles=true`);
  await leech.stop();
  const rows = await inDatabase(leech, (query) => query.selectFrom("trash").selectAll().execute());
  return { ...scenes, id, folder: join(leech.downloadDir, "film"), trash: join(rows[0]!.folder!, "film") };
}

type Query = Awaited<ReturnType<typeof openDatabase<Tables>>>["query"];

async function inDatabase<T>(scene: Scene, work: (query: Query) => Promise<T>): Promise<T> {
  const database = await openDatabase<Tables>(scene.options.profile.databaseFile, MIGRATIONS);
  try {
    return await work(database.query);
  } finally {
    await database.close();
  }
}

async function setStep(scene: Scene, step: "removing" | "restoring"): Promise<void> {
  await inDatabase(scene, (query) => query.updateTable("trash").set({ step }).execute());
}

/** Some of the files lie there, as when a process has died between two of them. */
function moveSome(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  renameSync(join(from, "b.txt"), join(to, "b.txt"));
}

async function trashOf(scene: Scene): Promise<TrashList["entries"]> {
  return ((await scene.call("GET", "/trash")).body as unknown as TrashList).entries;
}

function assertFiles({ files, folder }: Removed): void {
  for (const [path, bytes] of files) assert.ok(readFileSync(join(folder, path)).equals(bytes), path);
}

describe("a process that dies", () => {
  for (const moved of ["none", "some", "all"] as const) {
    test(`during a removal, when of its files were gone: ${moved}; the next one ends it, and it can be undone`, async (t) => {
      const scene = await removed(t);
      const { leech, id, folder, trash } = scene;
      if (moved === "some") moveSome(trash, folder);
      if (moved === "none") renameSync(trash, folder);
      await setStep(leech, "removing");
      await leech.start();
      assert.deepEqual(
        (await trashOf(leech)).map((entry) => [entry.id, entry.filesDeleted]),
        [[id, true]],
      );
      assert.equal(existsSync(join(folder, "a.mkv")), false);
      assert.equal((await leech.call("POST", "/undo", {})).status, 200);
      assertFiles(scene);
      await until(leech, id, ({ state }) => state === "seeding");
    });

    test(`during an undo, when of its files were back: ${moved}; the next one ends it`, async (t) => {
      const scene = await removed(t);
      const { leech, id, folder, trash } = scene;
      if (moved === "some") moveSome(trash, folder);
      if (moved === "all") renameSync(trash, folder);
      await setStep(leech, "restoring");
      await leech.start();
      assertFiles(scene);
      await until(leech, id, ({ state }) => state === "seeding");
      assert.deepEqual(await trashOf(leech), []);
      assert.equal(existsSync(join(leech.downloadDir, ".shoal-trash")), false);
    });
  }
});

test("what is due while nothing runs is deleted by the next start", async (t) => {
  let ahead = 0;
  const scene = await removed(t);
  const later = new Scene(t, { profile: scene.leech.options.profile, now: () => Date.now() + ahead });
  ahead = 4 * 60_000;
  await later.start();
  assert.equal((await trashOf(later)).length, 1);
  await later.stop();
  ahead = 6 * 60_000;
  await later.start();
  await poll("it is gone", async () => (await trashOf(later)).length === 0);
  assert.equal(existsSync(scene.trash), false);
  assert.equal((await later.call("POST", "/undo", {})).status, 404);
});

test("totals are written while it runs, not only at the end", async (t) => {
  const { leech, from } = await pair(t);
  const { id } = (await leech.call("POST", "/torrents", from)).body as unknown as Torrent;
  await until(leech, id, ({ state }) => state === "seeding");
  const written = await poll("they are in the database", () =>
    inDatabase(leech, async (query) => (await query.selectFrom("days").selectAll().execute())[0]),
  );
  assert.ok(written.downloaded > 0);
  await poll("all of them", () =>
    inDatabase(
      leech,
      async (query) => (await query.selectFrom("days").selectAll().execute())[0]!.downloaded === 1_000_000,
    ),
  );
});
