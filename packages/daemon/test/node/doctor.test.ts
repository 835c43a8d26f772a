import assert from "node:assert/strict";
import { test } from "node:test";
import type { DoctorReport, Torrent } from "@shoal/schema";
import { ask, Scene } from "../scene.ts";

const INFO_HASH = "ab".repeat(20);

test("doctor over the API: for the node, for one transfer, and for one that is not there", async (t) => {
  const scene = new Scene(t);
  await scene.start();
  const node = await scene.call("GET", "/doctor");
  assert.equal(node.status, 200);
  const report = node.body as unknown as DoctorReport;
  assert.equal(report.torrent, null);
  assert.deepEqual(
    report.checks.map(({ check }) => check),
    [
      "disk",
      "network",
      "listening",
      "reachable",
      "trackers",
      "DHT",
      "clock",
      "firewall",
      "files",
      "database",
      "log",
      "program",
    ],
  );
  assert.match(report.checks.find(({ check }) => check === "program")!.message, /^shoal 1\.2\.3, /);

  const { body } = await scene.call("POST", "/torrents", { infoHash: INFO_HASH });
  const added = body as unknown as Torrent;
  const one = (await scene.call("GET", `/doctor?torrent=${added.id}`)).body as unknown as DoctorReport;
  assert.equal(one.torrent?.id, added.id);
  assert.equal(one.torrent.waiting?.code, "no-peers");
  assert.equal(one.tries[0], `name somebody who has it: shoal torrent peers ${added.id} HOST:PORT`);
  assert.ok(one.checks.some(({ check }) => check === "peers"));

  const none = await scene.call("GET", "/doctor?torrent=99");
  assert.equal(none.status, 404);
  assert.equal((await scene.call("GET", "/doctor?torrent=x")).status, 400);
});

test("who may only read is not told of folders, and has nothing written or connected to", async (t) => {
  const scene = new Scene(t);
  const { ui } = await scene.start();
  const { body } = await scene.call("POST", "/tokens", { name: "reader", scope: "read" });
  const headers = { authorization: `Bearer ${String(body["password"])}` };
  const { status } = await ask({ host: ui.host, port: ui.port, headers }, "GET", "/doctor");
  assert.equal(status, 403);
});

test("a paused transfer says so, with the way to go on", async (t) => {
  const scene = new Scene(t);
  await scene.start();
  const { body } = await scene.call("POST", "/torrents", { infoHash: INFO_HASH, paused: true });
  const { id, waiting } = body as unknown as Torrent;
  assert.deepEqual(waiting, {
    code: "paused-user",
    message: "paused by a user",
    action: `go on: shoal resume ${id}`,
  });
});
