import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { type Node, SimulatedWorld } from "@shoal/sim";

const MINUTE = 60_000;
const LIMIT = { download: 2, seed: Infinity };

/** A session with a limit and so many downloads for which there is nobody. */
async function scene(count: number): Promise<{ world: SimulatedWorld; node: Node; torrents: Torrent[] }> {
  const world = new SimulatedWorld();
  const node = await world.node();
  node.session.queue.setLimits(LIMIT);
  const torrents: Torrent[] = [];
  for (let i = 0; i < count; i++) {
    const { metainfo } = await world.make({ [`file${i}`]: 200_000 }, { kind: "v1", pieceLength: 32_768 });
    torrents.push(await node.session.add({ metainfo, downloadDir: `/out${i}` }));
  }
  await world.run(1_000);
  return { world, node, torrents };
}

function states(torrents: readonly Torrent[]): string {
  return torrents.map(({ state }) => state[0]).join("");
}

describe("the queue of a session", () => {
  test("lets so many download at a time, and says to the others which place they have", async () => {
    const { world, torrents } = await scene(4);
    assert.equal(states(torrents), "ddqq");
    const { code, message } = torrents[3]!.stats().waiting!;
    assert.deepEqual([code, message], ["queued", "in the queue behind one other; 2 run at once"]);
    await world.finish(torrents[0]!.pause());
    await world.run(1_000);
    assert.equal(states(torrents), "pddq");
    torrents[0]!.resume();
    await world.run(1_000);
    assert.equal(states(torrents), "ddqq", "it has its place again");
  });

  test("what moves nothing for a minute makes room for the next ones", async () => {
    const { world, torrents } = await scene(6);
    await world.run(MINUTE + 6_000);
    assert.equal(states(torrents), "ddddqq");
    await world.run(MINUTE + 6_000);
    assert.equal(states(torrents), "dddddd");
  });

  test("a download that is complete makes room", async () => {
    const { world, torrents } = await scene(2);
    const [node] = [torrents[0]!];
    assert.equal(node.state, "downloading");
    const other = await world.node();
    const made = await world.make({ last: 200_000 }, { kind: "v1", pieceLength: 32_768 });
    world.write(other, made, "/data");
    const seed = await other.session.add({ metainfo: made.metainfo, downloadDir: "/data" });
    await world.until("a seed", () => seed.state === "seeding");
    const { session } = await world.node();
    session.queue.setLimits({ download: 1, seed: Infinity });
    const first = await session.add({ metainfo: made.metainfo, downloadDir: "/a", peers: [other.endpoint] });
    const next = await session.add({ metainfo: node.metainfo!, downloadDir: "/b" });
    assert.equal(next.state, "queued");
    await world.until("the first is complete", () => first.state === "seeding");
    await world.until("the second has its turn", () => next.state === "downloading");
  });

  test("who is moved to the top or forced runs at once", async () => {
    const { world, node, torrents } = await scene(5);
    const moved = node.session.queue.move([torrents[4]!], "top");
    assert.deepEqual(moved, [torrents[4]]);
    assert.equal(torrents[4]!.position, 0);
    await world.run(1_000);
    assert.equal(states(torrents), "dqqqd");
    torrents[3]!.setForced(true);
    await world.run(1_000);
    assert.equal(states(torrents), "dqqdd");
    torrents[3]!.setForced(false);
    await world.run(1_000);
    assert.equal(states(torrents), "dqqqd");
  });

  test("limits change at any time", async () => {
    const { world, node, torrents } = await scene(4);
    node.session.queue.setLimits({ download: 1, seed: Infinity });
    await world.run(1_000);
    assert.equal(states(torrents), "dqqq");
    node.session.queue.setLimits({ download: Infinity, seed: Infinity });
    await world.run(1_000);
    assert.equal(states(torrents), "dddd");
  });

  test("a magnet needs no turn until its files are known", async () => {
    const { world, node, torrents } = await scene(2);
    const other = await world.node();
    const made = await world.make({ film: 200_000 }, { kind: "v1", pieceLength: 32_768 });
    world.write(other, made, "/data");
    const seed = await other.session.add({ metainfo: made.metainfo, downloadDir: "/data" });
    await world.until("a seed", () => seed.state === "seeding");
    const infoHash = Buffer.from(made.metainfo.infoHashes.v1!).toString("hex");
    const magnet = await node.session.add({ infoHash, downloadDir: "/m", peers: [other.endpoint] });
    assert.equal(magnet.state, "metadata");
    assert.equal(states(torrents), "dd");
    await world.until("its files are known", () => magnet.state === "queued");
    assert.equal(magnet.stats().downloaded, 0);
    await world.finish(torrents[0]!.pause());
    await world.until("it is fetched", () => magnet.state === "seeding");
  });

  test("what rests and waits costs nothing, and wakes up when it is its turn", async () => {
    const { world, node, torrents } = await scene(2);
    const made = await world.make({ film: 200_000 }, { kind: "v1", pieceLength: 32_768 });
    const scratch = await world.node();
    const before = await scratch.session.add({ metainfo: made.metainfo, downloadDir: "/x" });
    const row = before.row()!;
    await world.finish(scratch.session.close());
    let loads = 0;
    const load = (): Promise<Uint8Array> => Promise.resolve((loads++, made.torrentBytes));
    const waiting = await node.session.add({ row, load, downloadDir: "/x" });
    await world.run(1_000);
    assert.deepEqual([waiting.state, waiting.isAtRest, loads], ["queued", true, 0]);
    await world.finish(torrents[0]!.pause());
    await world.until("its turn", () => waiting.state === "downloading");
    assert.equal(loads, 1);
  });

  test("a recheck of what waits ends with waiting; a pause of it is a pause", async () => {
    const { world, torrents } = await scene(3);
    const waiting = torrents[2]!;
    await world.finish(waiting.recheck());
    await world.run(1_000);
    assert.equal(states(torrents), "ddq");
    await world.finish(waiting.pause());
    assert.equal(waiting.state, "paused");
    await world.finish(torrents[0]!.pause());
    await world.run(1_000);
    assert.equal(states(torrents), "pdp");
    waiting.resume();
    await world.run(1_000);
    assert.equal(states(torrents), "pdd");
  });

  test("what turns out to be complete is shared, though no turn is free", async () => {
    const { world, node, torrents } = await scene(2);
    const made = await world.make({ film: 200_000 }, { kind: "v1", pieceLength: 32_768 });
    world.write(node, made, "/have");
    const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/have" });
    assert.equal(torrent.state, "queued");
    await world.finish(torrent.recheck());
    await world.until("it is shared", () => torrent.state === "seeding");
    assert.equal(states(torrents), "dd");
  });

  test("decides nothing any more when the session has ended, whatever was under way", async () => {
    const { world, node, torrents } = await scene(4);
    const gone = node.session.remove(torrents[0]!);
    await world.finish(node.session.close());
    await world.finish(gone);
    node.session.queue.setLimits({ download: 1, seed: 1 });
    torrents[1]!.setForced(true);
    assert.equal(node.clock.timers, 0);
  });
});
