import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { type Database, type Migrations, openDatabase } from "../dist/database.js";

interface Tables {
  words: { id: number; word: string };
}

const FIRST: Migrations = {
  "001-words": {
    up: (db) =>
      db.schema
        .createTable("words")
        .addColumn("id", "integer", (c) => c.primaryKey())
        .addColumn("word", "text", (c) => c.notNull().unique())
        .execute(),
  },
};

function file(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "shoal-database-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, "state.db");
}

async function words(db: Database<Tables>): Promise<string[]> {
  return (await db.query.selectFrom("words").select("word").orderBy("id").execute()).map(({ word }) => word);
}

test("what was written is there after opening again, and the tables are brought up to date", async (t) => {
  const path = file(t);
  const db = await openDatabase<Tables>(path, FIRST);
  await db.query.insertInto("words").values({ id: 1, word: "otter" }).execute();
  await db.close();
  const again = await openDatabase<Tables & { notes: { note: string } }>(path, {
    ...FIRST,
    "002-notes": { up: (k) => k.schema.createTable("notes").addColumn("note", "text").execute() },
  });
  t.after(() => again.close());
  await again.query.insertInto("notes").values({ note: "n" }).execute();
  assert.deepEqual(
    (await again.query.selectFrom("words").selectAll().execute()).map((row) => ({ ...row })),
    [{ id: 1, word: "otter" }],
  );
});

test("a database of a newer version is refused, and left as it is", async (t) => {
  const path = file(t);
  const up = FIRST["001-words"]!;
  await (await openDatabase<Tables>(path, { ...FIRST, "002-later": { up: async () => {} } })).close();
  const before = readFileSync(path);
  await assert.rejects(openDatabase(path, { "001-words": up }), {
    code: "ERR_VERSION",
    message: /newer version of Shoal \(002-later\)/,
  });
  assert.deepEqual(readFileSync(path), before);
});

test("before tables are changed a copy of them is kept, the last one only", async (t) => {
  const path = file(t);
  const first = await openDatabase<Tables>(path, FIRST);
  await first.query.insertInto("words").values({ id: 1, word: "otter" }).execute();
  await first.close();
  assert.deepEqual(readdirSync(dirname(path)), ["state.db"]);
  const nothing = { up: async () => {} };
  await (await openDatabase(path, { ...FIRST, "002-a": nothing })).close();
  await (await openDatabase(path, { ...FIRST, "002-a": nothing, "003-b": nothing })).close();
  assert.deepEqual(readdirSync(dirname(path)), ["state.db", "state.db.before-003-b"]);
  const copy = await openDatabase<Tables>(`${path}.before-003-b`, { ...FIRST, "002-a": nothing });
  t.after(() => copy.close());
  assert.deepEqual(await words(copy), ["otter"]);
});

for (const [what, spoil] of [
  [
    "is none",
    (path: string) => writeFileSync(path, "no database at all, but longer than a header: ".repeat(9)),
  ],
  [
    "has a damaged page",
    (path: string) => {
      const bytes = readFileSync(path);
      bytes.fill(0xff, 4_096, 8_192);
      writeFileSync(path, bytes);
    },
  ],
] as const)
  test(`a file that ${what} is set aside, and said to be`, async (t) => {
    const path = file(t);
    await (await openDatabase<Tables>(path, FIRST)).close();
    spoil(path);
    const spoilt = readFileSync(path);
    await assert.rejects(openDatabase(path, FIRST));
    const told: string[] = [];
    const db = await openDatabase<Tables>(path, FIRST, (aside) => told.push(aside));
    t.after(() => db.close());
    assert.deepEqual(await words(db), []);
    assert.deepEqual(told, [`${path}.damaged`]);
    assert.deepEqual(readFileSync(`${path}.damaged`), spoilt);
  });

test("a batch is done as a whole or not at all, and never inside another's transaction", async (t) => {
  const db = await openDatabase<Tables>(":memory:", FIRST);
  t.after(() => db.close());
  const insert = (id: number, word: string): { sql: string; parameters: readonly unknown[] } =>
    db.query.insertInto("words").values({ id, word }).compile();
  await db.batch([insert(1, "a"), insert(2, "b")]);
  await assert.rejects(db.batch([insert(3, "c"), insert(4, "a")]), /UNIQUE/);
  assert.deepEqual(await words(db), ["a", "b"]);
  const undone = db.query.transaction().execute(async (trx) => {
    await trx.insertInto("words").values({ id: 5, word: "e" }).execute();
    void db.batch([insert(6, "f")]);
    await trx.insertInto("words").values({ id: 7, word: "g" }).execute();
    throw new Error("changed my mind");
  });
  await assert.rejects(undone, /changed my mind/);
  await db.batch([]);
  assert.deepEqual(await words(db), ["a", "b", "f"]);
});

test("a statement that is wrong fails alone", async (t) => {
  const db = await openDatabase<Tables>(":memory:", FIRST);
  t.after(() => db.close());
  await assert.rejects(
    db.query
      .selectFrom("nothing" as "words")
      .selectAll()
      .execute(),
    /no such table/,
  );
  assert.deepEqual(await words(db), []);
});
