import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { openDatabase } from "@shoal/server";
import type { HistoryList, Stats, Torrent } from "@shoal/schema";
import { MIGRATIONS } from "../../dist/state/migrations.js";
import { pair, transfer, until } from "../pair.ts";
import { Scene } from "../scene.ts";

/** Rows as the first version wrote them. */
interface FirstTables {
  torrents: Record<string, string | number | null>;
  history: Record<string, string | number | null>;
  tokens: Record<string, string | null>;
  days: Record<string, string | number>;
}

const HASH = "ab".repeat(20);

async function firstDatabase(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const db = await openDatabase<FirstTables>(path, { "001-start": MIGRATIONS["001-start"]! });
  const common = { downloadDir: "/films", magnet: null, row: null, finishedAt: null, removedAt: null };
  const at = "2026-01-31T12:00:00.000Z";
  await db.query
    .insertInto("torrents")
    .values([
      {
        ...common,
        key: HASH,
        name: "one",
        magnet: `magnet:?xt=urn:btih:${HASH}&dn=one`,
        label: "x",
        paused: 1,
        addedAt: at,
      },
      { ...common, key: "cd".repeat(20), name: "two", label: null, paused: 1, addedAt: at },
      { ...common, key: "ef".repeat(20), name: "gone", label: null, paused: 1, addedAt: at, removedAt: at },
    ])
    .execute();
  await db.query
    .insertInto("history")
    .values({ at, key: HASH, name: "old", size: 7, outcome: "failed", code: "ERR_DISK", message: "It broke" })
    .execute();
  await db.query.insertInto("days").values({ day: "2026-01-31", downloaded: 5, uploaded: 6 }).execute();
  await db.query
    .insertInto("tokens")
    .values({ id: "t1", name: "sonarr", scope: "control", hash: "h", createdAt: at, lastUsedAt: null })
    .execute();
  await db.close();
}

describe("the state", () => {
  test("of the first version is brought up to date with all that is in it, and a copy is kept", async (t) => {
    const scene = new Scene(t);
    const { databaseFile } = scene.options.profile;
    await firstDatabase(databaseFile);
    const { node } = await scene.start();
    const { torrents } = (await scene.call("GET", "/torrents")).body as unknown as { torrents: Torrent[] };
    assert.deepEqual(
      torrents.map(({ id, name, state, labels, downloadDir }) => ({ id, name, state, labels, downloadDir })),
      [
        { id: 1, name: "one", state: "paused", labels: ["x"], downloadDir: "/films" },
        { id: 2, name: "cd".repeat(20), state: "paused", labels: [], downloadDir: "/films" },
      ],
    );
    const { entries } = (await scene.call("GET", "/history")).body as unknown as HistoryList;
    assert.deepEqual([entries[0]!.name, entries[0]!.code], ["old", "ERR_DISK"]);
    const stats = (await scene.call("GET", "/stats")).body as unknown as Stats;
    assert.deepEqual([stats.all.downloaded, stats.all.uploaded], [5, 6]);
    assert.deepEqual(
      node.tokens.list().map(({ name }) => name),
      ["sonarr"],
    );
    assert.ok(existsSync(`${databaseFile}.before-002-shares`));
  });

  test("of a newer version is refused in a sentence, and left as it is", async (t) => {
    const scene = new Scene(t);
    const { databaseFile } = scene.options.profile;
    mkdirSync(dirname(databaseFile), { recursive: true });
    const later = { ...MIGRATIONS, "999-later": { up: async () => {} } };
    await (await openDatabase(databaseFile, later)).close();
    const before = readFileSync(databaseFile);
    await assert.rejects(scene.start(), { code: "ERR_VERSION", message: /newer version of Shoal/ });
    assert.deepEqual(readFileSync(databaseFile), before);
  });

  test("that is damaged is set aside, and transfers are taken up from what else there is", async (t) => {
    const { leech, from } = await pair(t);
    const added = (await leech.call("POST", "/torrents", from)).body as unknown as Torrent;
    await until(leech, added.id, ({ state }) => state === "seeding");
    await leech.stop();
    const { databaseFile } = leech.options.profile;
    writeFileSync(databaseFile, "spoilt".repeat(10_000));
    await leech.start();
    const back = await until(leech, 1, ({ state }) => state === "seeding");
    assert.deepEqual([back.name, back.have], ["film", 1_000_000]);
    assert.equal((await transfer(leech, 1)).downloaded, 1_000_000);
    assert.ok(existsSync(`${databaseFile}.damaged`));
    const { notices } = (await leech.call("GET", "/notices")).body as { notices: { message: string }[] };
    assert.ok(notices.some(({ message }) => /damaged.*1 transfers/.test(message)));
  });
});
