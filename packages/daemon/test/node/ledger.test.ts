import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeliveryLogPage, EventLogPage, Stats, Torrent } from "@shoal/schema";
import { pair, transfer, until } from "../pair.ts";
import type { Scene } from "../scene.ts";

const SIZE = 1_000_000;

async function page(scene: Scene, query: string): Promise<DeliveryLogPage> {
  const { status, body } = await scene.call("GET", `/log/transfers${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as DeliveryLogPage;
}

describe("the transfer log", () => {
  test("has a row for each piece and peer on both sides, which together are what was moved", async (t) => {
    const { seed, leech, from } = await pair(t);
    const done = (await leech.call("POST", "/torrents", from)).body as unknown as Torrent;
    await until(leech, done.id, ({ state }) => state === "seeding");
    const got = await page(leech, "?limit=1000");
    assert.equal(
      got.rows.reduce((sum, row) => sum + row.bytes, 0),
      (await transfer(leech, done.id)).downloaded,
    );
    const row = got.rows[0]!;
    assert.equal(row.type, "download");
    assert.match(row.fileId, /^[0-9a-f]{64}$/);
    assert.match(row.path, /film/);
    assert.match(row.peer!, /^127\.0\.0\.1:\d+$/);
    assert.match(row.client!, /^Shoal/);
    assert.deepEqual([got.dropped, got.overwritten, got.capacity], [0, 0, 100_000]);
    assert.equal(got.rows[0]!.seq, 1);
    const given = await page(seed, "?type=upload&torrent=1&limit=1000");
    assert.equal(
      given.rows.reduce((sum, { bytes }) => sum + bytes, 0),
      (await transfer(seed, 1)).uploaded,
    );
    assert.equal((await page(seed, "?type=download")).rows.length, 0);
    const ofFile = await page(leech, `?file=${row.fileId.slice(0, 8)}&limit=1000`);
    assert.deepEqual(
      ofFile.rows,
      got.rows.filter(({ path }) => path === row.path),
    );
    assert.ok(ofFile.rows.length < got.rows.length);
    assert.deepEqual((await page(leech, "?file=ffffffffffff")).rows, []);
    const after = await page(leech, "?after=3&limit=2");
    assert.deepEqual(
      after.rows.map(({ seq }) => seq),
      [4, 5],
    );
    const stats = (await leech.call("GET", "/stats")).body as unknown as Stats;
    assert.equal(stats.today.downloaded, SIZE);
    assert.equal(stats.all.downloaded, SIZE);
    assert.equal(stats.session.downloaded, SIZE);
    await leech.stop();
    await leech.start();
    const later = (await leech.call("GET", "/stats")).body as unknown as Stats;
    assert.equal(later.all.downloaded, SIZE);
    assert.equal(later.session.downloaded, 0);
    assert.equal(later.all.sessions, 2);
    const events = (await leech.call("GET", `/log/events?torrent=${done.id}`))
      .body as unknown as EventLogPage;
    assert.deepEqual(
      events.rows.map(({ kind }) => kind),
      ["added", "finished"],
    );
  });

  test("is a ring, and says what made room", async (t) => {
    const { leech, from } = await pair(t, { film: SIZE }, { "log.transfers": 3 });
    const done = (await leech.call("POST", "/torrents", from)).body as unknown as Torrent;
    await until(leech, done.id, ({ state }) => state === "seeding");
    const { rows, overwritten, capacity } = await page(leech, "");
    assert.equal(rows.length, 3);
    assert.equal(capacity, 3);
    assert.equal(rows[0]!.seq, overwritten + 1);
    assert.ok(overwritten > 0);
  });
});
