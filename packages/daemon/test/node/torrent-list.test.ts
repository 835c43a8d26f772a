import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Scene } from "../scene.ts";

describe("GET /torrents", () => {
  test("gives what is asked for, and a revision from which the event stream goes on", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    for (const name of ["b", "a", "c"])
      await scene.call("POST", "/torrents", {
        magnet: `magnet:?xt=urn:btih:${name.repeat(40)}&dn=${name}`,
        paused: name !== "c",
      });
    const { body } = await scene.call("GET", "/torrents?fields=id,waiting,name&sort=-name&limit=2");
    assert.equal(body["total"], 3);
    const [first, second, ...others] = body["torrents"] as Record<string, unknown>[];
    assert.deepEqual(others, []);
    assert.deepEqual([second?.["id"], second?.["name"]], [1, "b"]);
    assert.deepEqual(Object.keys(first!), ["id", "waiting", "name"]);
    assert.equal(typeof (first!["waiting"] as { message: unknown }).message, "string");
    const paused = await scene.call("GET", "/torrents?state=paused");
    assert.equal((paused.body["torrents"] as unknown[]).length, 2);
    assert.equal(typeof body["revision"], "number");
  });

  test("says what it does not know", async (t) => {
    const scene = new Scene(t);
    await scene.start();
    for (const query of ["fields=size", "sort=size", "ids=x", "limit=0", "limit=many", "offset=-1"]) {
      const { status, body } = await scene.call("GET", `/torrents?${query}`);
      const error = body["error"] as { code: string };
      assert.deepEqual([status, error.code], [400, "ERR_VALIDATION"], query);
    }
  });
});
