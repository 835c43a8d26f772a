import assert from "node:assert/strict";
import { test } from "node:test";
import type { Torrent } from "@shoal/engine/composition";
import { type Node, SimulatedWorld } from "../dist/index.js";

const FOLDER = "/data";
const LINK = { up: 100_000, down: 1_000_000, latencyMs: 10, loss: 0 };

/** One seed, and leechers that know only it. */
async function star(leechers: number): Promise<{ world: SimulatedWorld; seed: Node; torrent: Torrent }> {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 8_000_000 }, { kind: "v1", pieceLength: 65_536 });
  const config = { pex: false };
  const seed = await world.node({ config, link: LINK });
  world.write(seed, made, FOLDER);
  const add = { metainfo: made.metainfo, downloadDir: FOLDER };
  const torrent = await world.finish(seed.session.add({ ...add, seedOnly: true, hashed: true }));
  for (let i = 0; i < leechers; i++) {
    const node = await world.node({ config, link: LINK });
    await world.finish(node.session.add({ ...add, peers: [seed.endpoint] }));
  }
  await world.run(15_000);
  return { world, seed, torrent };
}

const served = (torrent: Torrent): number => torrent.peers().filter(({ choked }) => !choked).length;

test("fewer connections close those that are served least, and come back when there may be more", async () => {
  const { world, seed, torrent } = await star(12);
  assert.equal(torrent.peers().length, 12);
  const fastest = torrent.peers().toSorted((a, b) => b.upRate - a.upRate)[0]!.host;
  seed.session.limits.setSettings({ maxConnections: 6 });
  await world.run(1_000);
  assert.equal(torrent.peers().length, 6);
  assert.ok(torrent.peers().some(({ host }) => host === fastest));
  torrent.setLimits({ maxConnections: 3 });
  await world.run(1_000);
  assert.equal(torrent.peers().length, 3);
  torrent.setLimits({ maxConnections: null });
  seed.session.limits.setSettings({ maxConnections: 500 });
  // Those that were sent away try again.
  await world.until("all are back", () => torrent.peers().length === 12, 60 * 60_000);
});

test("upload slots are exactly those that were set, for the session and for one torrent", async () => {
  const { world, seed, torrent } = await star(12);
  seed.session.limits.setSettings({ uploadSlots: 2 });
  await world.run(11_000);
  assert.equal(served(torrent), 2);
  seed.session.limits.setSettings({ uploadSlots: 10 });
  await world.run(1_000);
  assert.equal(served(torrent), 10);
  torrent.setLimits({ uploadSlots: 1 });
  await world.run(11_000);
  assert.equal(served(torrent), 1);
});

test("request depth holds for peers that are there already", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 32_000_000 }, { kind: "v1", pieceLength: 65_536 });
  const link = { up: 4_000_000, down: Infinity, latencyMs: 50, loss: 0 };
  const add = { metainfo: made.metainfo, downloadDir: FOLDER };
  const seed = await world.node({ link });
  world.write(seed, made, FOLDER);
  await world.finish(seed.session.add({ ...add, seedOnly: true, hashed: true }));
  const node = await world.node({ link });
  const torrent = await world.finish(node.session.add({ ...add, peers: [seed.endpoint] }));
  await world.run(2_000);
  assert.ok(torrent.peers()[0]!.requests > 40, `${torrent.peers()[0]!.requests}`);
  node.session.limits.setSettings({ maxOutstandingRequests: 10 });
  await world.run(2_000);
  assert.ok(torrent.peers()[0]!.requests <= 10);
});

test("settings and limits that can't work are refused, and nothing has changed", async () => {
  const world = new SimulatedWorld();
  const { session } = await world.node();
  for (const bad of [0, -1, 1.5, Number.NaN, Infinity]) {
    assert.throws(() => session.limits.setSpeeds({ down: bad }), { code: "ERR_INVALID_ARGUMENT" });
    assert.throws(() => session.limits.setSettings({ uploadSlots: 3, maxConnections: bad }), {
      code: "ERR_INVALID_ARGUMENT",
    });
  }
  assert.deepEqual(session.limits.speeds, { down: null, up: null });
  assert.equal(session.limits.settings.uploadSlots, null);
});
