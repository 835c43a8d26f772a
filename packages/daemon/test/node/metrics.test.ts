import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { raw } from "../raw-http.ts";
import { Scene } from "../scene.ts";

describe("/metrics", () => {
  test("is off, needs a token, and has few series however many transfers there are", async (t) => {
    const scene = new Scene(t);
    const { node, ui } = await scene.start();
    const { secret } = await node.tokens.create("prometheus", "read");
    const lines = ["GET /metrics HTTP/1.1", "Host: localhost"];
    const bearer = `Authorization: Bearer ${secret}`;
    assert.equal((await raw(ui.port, [...lines, bearer])).status, 404);
    await scene.call("PATCH", "/settings", { values: { "metrics.enabled": true } });
    assert.equal((await raw(ui.port, lines)).status, 401);
    const series = async (): Promise<string[]> => {
      const { status, body, headers } = await raw(ui.port, [...lines, bearer]);
      assert.equal(status, 200);
      assert.match(headers, /content-type: text\/plain; version=0\.0\.4/);
      return body.split("\n").filter((line) => line.startsWith("shoal_"));
    };
    const before = await series();
    for (const name of [
      "shoal_peers 0",
      'shoal_bytes_total{direction="down"} 0',
      'shoal_info{version="1.2.3"} 1',
    ])
      assert.ok(before.includes(name), name);
    for (let i = 1; i <= 20; i++)
      await scene.call("POST", "/torrents", { infoHash: `${i}`.padStart(40, "0"), paused: true });
    const after = await series();
    assert.ok(after.includes('shoal_torrents{state="paused"} 20'));
    assert.equal(after.length, before.length + 1);
  });
});
