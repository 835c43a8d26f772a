import assert from "node:assert/strict";
import { test } from "node:test";
import type { Torrent } from "@shoal/schema";
import { queryTorrents } from "../../dist/live/torrent-query.js";

function view(id: number, more: Partial<Torrent>): Torrent {
  const plain = {
    id,
    name: `t${id}`,
    v1: null,
    v2: null,
    labels: [],
    state: "paused",
    downRate: 0,
    upRate: 0,
  };
  return { ...plain, ...more } as unknown as Torrent;
}

const ALL = [
  view(1, { name: "Émile 10", state: "seeding", upRate: 5, labels: ["films"], ratio: 2 }),
  view(2, { name: "émile 9", state: "paused", v1: "abcdef".padEnd(40, "0"), ratio: null }),
  view(3, { name: "Zoo", state: "error", labels: ["films", "new"], ratio: 0.5 }),
  view(12, { name: "alpha", state: "paused", downRate: 1, ratio: 1 }),
];

function ids(query: Parameters<typeof queryTorrents>[1]): number[] {
  return queryTorrents(ALL, query).views.map(({ id }) => id);
}

test("queryTorrents: what is asked for has to hold all at once, words with commas are alternatives", () => {
  assert.deepEqual(ids({}), [1, 2, 3, 12]);
  assert.deepEqual(ids({ state: "paused,error" }), [2, 3, 12]);
  assert.deepEqual(ids({ label: "new,films" }), [1, 3]);
  assert.deepEqual(ids({ ids: "1,3-11" }), [1, 3]);
  assert.deepEqual(ids({ active: true }), [1, 12]);
  assert.deepEqual(ids({ active: false, state: "paused" }), [2]);
  assert.deepEqual(ids({ search: "EMILE" }), [1, 2]);
  assert.deepEqual(ids({ search: "9 émi" }), [2]);
  assert.deepEqual(ids({ search: "abcdef" }), [2]);
});

test("queryTorrents: names are sorted as people do, numbers as numbers, and what is unknown comes last", () => {
  assert.deepEqual(ids({ sort: "name" }), [12, 2, 1, 3]);
  assert.deepEqual(ids({ sort: "-name" }), [3, 1, 2, 12]);
  assert.deepEqual(ids({ sort: "ratio" }), [3, 12, 1, 2]);
  assert.deepEqual(ids({ sort: "-ratio" }), [1, 12, 3, 2]);
  assert.deepEqual(ids({ sort: "state" }), [3, 2, 12, 1]);
  assert.deepEqual(ids({ sort: "-id", limit: 2, offset: 1 }), [3, 2]);
  assert.equal(queryTorrents(ALL, { state: "paused", limit: 1 }).total, 2);
});
