import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Limits } from "@shoal/schema";
import { StreamReader } from "../event-stream-reader.js";
import { ask, Scene } from "../scene.js";
import { pair, transfer, until } from "../pair.js";

async function limits(scene: Scene): Promise<Limits> {
  const { status, body } = await scene.call("GET", "/limits");
  assert.equal(status, 200);
  return body as unknown as Limits;
}

/** A Monday, 10 o'clock local time. */
const MONDAY_10 = new Date(2026, 0, 5, 10).getTime();
const HOUR = 3_600_000;

test("limits and slow mode hold at once and over restarts, and are written into the configuration file", async (t) => {
  const scene = new Scene(t);
  let { node } = await scene.start();
  assert.deepEqual(node.session.limits.speeds, { down: null, up: null });
  const changed = await scene.call("PATCH", "/limits", {
    down: 2_000_000,
    up: 1_000_000,
    slow: { up: null, down: 50_000 },
  });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.deepEqual(node.session.limits.speeds, { down: 2_000_000, up: 1_000_000 });
  const slow = (await scene.call("POST", "/limits/slow", {})).body as unknown as Limits;
  assert.deepEqual([slow.slow.on, slow.slow.by, slow.down, slow.up], [true, "hand", 50_000, 1_000_000]);
  assert.match(readFileSync(scene.options.profile.configFiles.at(-1)!, "utf8"), /2000000/);
  await scene.stop();
  ({ node } = await scene.start());
  assert.deepEqual(node.session.limits.speeds, { down: 50_000, up: 1_000_000 });
  await scene.call("POST", "/limits/slow", { on: false });
  assert.deepEqual(node.session.limits.speeds, { down: 2_000_000, up: 1_000_000 });
});

test("the schedule switches slow mode, and a click holds until it does", async (t) => {
  let now = MONDAY_10;
  const scene = new Scene(t, { now: () => now });
  const { node } = await scene.start();
  await scene.call("PATCH", "/limits", { schedule: ["Mon-Fri 09:00-17:00"], slow: { down: 10_000 } });
  const { slow, down } = await limits(scene);
  assert.deepEqual(
    [slow.on, slow.by, slow.until, down],
    [true, "schedule", iso(MONDAY_10 + 7 * HOUR), 10_000],
  );
  await scene.call("POST", "/limits/slow", { on: false });
  assert.equal(node.session.limits.speeds.down, null);
  now += 24 * HOUR;
  assert.equal((await limits(scene)).slow.on, true);
});

test("who watches the node sees its limits and slow mode", async (t) => {
  const scene = new Scene(t);
  await scene.start();
  const to = { socketPath: scene.options.profile.socket };
  const reader = await StreamReader.open(t, to, "?topics=node");
  const { downLimit, upLimit, slowMode } = await reader.expect("node");
  assert.deepEqual([downLimit, upLimit, slowMode], [null, null, false]);
  await scene.call("POST", "/limits/slow", { on: true });
  const changed = await reader.next("node");
  assert.deepEqual([changed?.slowMode, changed?.downLimit, changed?.upLimit], [true, 500_000, 100_000]);
});

function iso(at: number): string {
  return new Date(at).toISOString();
}

test("what is no limit is refused with a sentence, and nothing has changed", async (t) => {
  const scene = new Scene(t);
  await scene.start();
  for (const [body, why] of [
    [{ down: 0 }, /down/],
    [{ up: -5 }, /up/],
    [{ down: 1.5 }, /down/],
    [{ schedule: ["Someday"] }, /"Someday" is no day of the week/],
    [{ schedule: "Mon" }, /schedule/],
    [{ nonsense: 1 }, /./],
  ] as const) {
    const { status, body: answer } = await scene.call("PATCH", "/limits", body);
    assert.equal(status, 400, JSON.stringify(body));
    const { code, message } = answer["error"] as { code: string; message: string };
    assert.equal(code, "ERR_VALIDATION");
    assert.match(message, why);
  }
  assert.equal((await scene.call("POST", "/limits/slow", { on: "yes" })).status, 400);
  assert.deepEqual((await limits(scene)).schedule, []);
});

test("a token may read limits, and change them only when it may control", async (t) => {
  const scene = new Scene(t);
  const { ui } = await scene.start();
  const made = await scene.call("POST", "/tokens", { name: "reader", scope: "read" });
  const headers = { authorization: `Bearer ${String(made.body["password"])}`, host: `localhost:${ui.port}` };
  const to = { host: ui.host, port: ui.port, headers };
  assert.equal((await ask(to, "GET", "/limits")).status, 200);
  assert.equal((await ask(to, "PATCH", "/limits", { down: 1 })).status, 403);
  assert.equal((await ask(to, "POST", "/limits/slow", { on: true })).status, 403);
});

test("limits of one transfer hold, are named as the reason for waiting, and outlive a restart", async (t) => {
  const { leech, from } = await pair(t, { "a.mkv": 2_000_000 });
  const added = await leech.call("POST", "/torrents", { ...from, limits: { down: 1_000, uploadSlots: 3 } });
  assert.equal(added.status, 201, JSON.stringify(added.body));
  const { id } = added.body as { id: number };
  const held = await until(leech, id, ({ waiting }) => waiting?.code === "limited");
  assert.match(held.waiting!.message, /1 kB\/s/);
  const wanted = { down: 1_000, up: null, honorsSessionLimits: true, maxConnections: null, uploadSlots: 3 };
  assert.deepEqual(held.limits, wanted);
  const bad = await leech.call("PATCH", `/torrents/${id}`, { limits: { down: -1 } });
  assert.equal(bad.status, 400);
  const faster = { ...wanted, down: 50_000_000 };
  const changed = await leech.call("PATCH", `/torrents/${id}`, { limits: { down: faster.down } });
  assert.deepEqual([changed.status, changed.body["limits"]], [200, faster]);
  await until(leech, id, ({ have, wanted: all }) => have === all && all > 0);
  await leech.stop();
  await leech.start();
  assert.deepEqual((await transfer(leech, id)).limits, faster);
});

test("connections, upload slots and request depth follow the settings at once", async (t) => {
  const scene = new Scene(t);
  const { node } = await scene.start();
  const values = { "network.connections": 40, "network.uploadSlots": 3, "network.requestDepth": 20 };
  assert.equal((await scene.call("PATCH", "/settings", { values })).status, 200);
  const { maxConnections, uploadSlots, maxOutstandingRequests } = node.session.limits.settings;
  assert.deepEqual([maxConnections, uploadSlots, maxOutstandingRequests], [40, 3, 20]);
  await scene.call("PATCH", "/settings", { values: { "network.uploadSlots": null } });
  assert.equal(node.session.limits.settings.uploadSlots, null);
});
