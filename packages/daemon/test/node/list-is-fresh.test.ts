import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Scene } from "../scene.ts";

describe("the list", () => {
  test("shows after every change what the transfer itself shows: whatever changes one marks it", async (t) => {
    const scene = new Scene(t, {}, { "queue.downloads": 1 });
    await scene.start();
    const hash = (n: number): string => `${n}`.padStart(40, "0");
    for (const n of [1, 2, 3]) await scene.call("POST", "/torrents", { infoHash: hash(n), paused: n === 3 });
    const changes: readonly (readonly [method: string, path: string, body?: object])[] = [
      ["POST", "/torrents/1/pause", {}],
      ["POST", "/torrents/1/resume", {}],
      ["POST", "/torrents/3/resume", {}],
      ["PATCH", "/torrents/2", { sequential: true, labels: ["films"], forced: true }],
      ["PATCH", "/torrents/2", { forced: false, goals: { ratio: 3 } }],
      ["POST", "/torrents/3/queue", { move: "top" }],
      ["PATCH", "/settings", { values: { "queue.downloads": 2 } }],
      ["PATCH", "/settings", { values: { "limits.down": 1000 } }],
      ["POST", "/limits/slow", { on: true }],
      ["PUT", "/labels/films", {}],
      ["DELETE", "/labels/films"],
      ["DELETE", "/torrents/1"],
      ["POST", "/undo", {}],
    ];
    for (const [method, path, body] of changes) {
      // The rows are kept from here on.
      await scene.call("GET", "/torrents?limit=1");
      const { status, body: answer } = await scene.call(method, path, body);
      assert.ok(status < 300, `${method} ${path} ${JSON.stringify(answer)}`);
      const listed = (await scene.call("GET", "/torrents")).body["torrents"] as { id: number }[];
      for (const row of listed) {
        const { body: fresh } = await scene.call("GET", `/torrents/${row.id}`);
        assert.deepEqual(row, fresh, `${method} ${path}, transfer ${row.id}`);
      }
    }
  });
});
