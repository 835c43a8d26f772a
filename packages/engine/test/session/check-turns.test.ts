import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import { CheckTurns } from "../../dist/session/check-turns.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";

describe("CheckTurns", () => {
  const one = (rank: number) => ({ rank, told: 0, onCheckLine: () => {} });

  test("one at a time, in the order of the queue as it is when the turn comes", async () => {
    const turns = new CheckTurns();
    const [first, late, early] = [one(1), one(9), one(5)];
    const began: string[] = [];
    assert.equal(await turns.take(first), true);
    const waits = [
      turns.take(late).then((its) => began.push(`late ${its}`)),
      turns.take(early).then((its) => began.push(`early ${its}`)),
    ];
    assert.deepEqual([turns.before(first), turns.before(early), turns.before(late)], [null, 1, 2]);
    late.rank = 0;
    assert.deepEqual([turns.before(early), turns.before(late)], [2, 1]);
    turns.end(first);
    await waits[0];
    assert.deepEqual(began, ["late true"]);
    turns.end(early);
    assert.equal(turns.before(early), 1, "who waits has no turn to end");
    turns.giveUp(early);
    await waits[1];
    turns.end(late);
    assert.deepEqual(began, ["late true", "early false"]);
    assert.equal(await turns.take(early), true, "nobody is left");
  });
});

const BIG = 20 * 1024 * 1024;
const states = (torrents: readonly Torrent[]): string =>
  torrents.map((torrent) => torrent.stats().waiting?.code ?? torrent.state).join(" ");

/** Shares that are too big to be checked at once, and one that is not. */
async function scene(count: number) {
  const world = new SimulatedWorld();
  const node = await world.node();
  const torrents: Torrent[] = [];
  for (let i = 0; i <= count; i++) {
    const size = i < count ? BIG : 100_000;
    const made = await world.make({ [`f${i}`]: size }, { kind: "v1", pieceLength: 1 << 20 });
    world.write(node, made, `/data${i}`);
    const { metainfo } = made;
    torrents.push(
      await node.session.add({ metainfo, downloadDir: `/data${i}`, hashed: true, seedOnly: true }),
    );
  }
  await world.until("all are shared", () => torrents.every(({ state }) => state === "seeding"));
  return { world, node, torrents: torrents.slice(0, count), small: torrents[count]! };
}

describe("rechecks", () => {
  test("of many torrents go on one at a time and say who comes before; small ones don't wait", async () => {
    const { world, node, torrents, small } = await scene(3);
    node.disk.hold("hash");
    const checks = [...torrents, small].map((torrent) => torrent.recheck());
    await world.run(300);
    assert.equal(states([...torrents, small]), "checking queued queued checking");
    assert.match(torrents[2]!.stats().waiting!.message, /^waiting to be checked, after 2 others/);
    node.session.queue.move([torrents[2]!], "top");
    const { revision } = node.session.changes(0);
    let began = "";
    for (const torrent of torrents)
      torrent.on(({ type }) => {
        if (type === "checked" && began.at(-1) !== String(torrent.number)) began += torrent.number;
      });
    node.disk.letGo("hash");
    for (const check of checks) await world.finish(check);
    assert.equal(began, "132");
    assert.equal(states([...torrents, small]), "seeding seeding seeding seeding");
    assert.equal(node.session.changes(revision).changed.length, 4);
  });

  test("a pause, a removal and the end are for those, too, that wait for their turn", async () => {
    const { world, node, torrents } = await scene(4);
    node.disk.hold("hash");
    const checks = torrents.map((torrent) => torrent.recheck().catch(() => {}));
    await world.run(300);
    await world.finish(torrents[1]!.pause());
    assert.equal(torrents[1]!.state, "paused");
    await world.finish(node.session.remove(torrents[2]!));
    await world.finish(checks[2]!);
    assert.match(torrents[3]!.stats().waiting!.message, /after 1 other;/);
    node.disk.letGo("hash");
    await world.finish(torrents[0]!.pause());
    await world.until("the last one", () => torrents[3]!.state === "seeding");
    torrents[1]!.resume();
    await world.until("a share again", () => torrents[1]!.state === "seeding");
    node.disk.hold("hash");
    const again = [torrents[1]!, torrents[3]!].map((torrent) => torrent.recheck().catch(() => {}));
    await world.run(300);
    const closed = node.session.close();
    node.disk.letGo("hash");
    await world.finish(closed);
    for (const check of again) await world.finish(check);
  });
});
