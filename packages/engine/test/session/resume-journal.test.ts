import assert from "node:assert/strict";
import { test } from "node:test";
import { type Made, type Node, SimulatedWorld } from "@shoal/sim";
import { ShoalError } from "../../dist/base/errors.js";
import { hex, serves, servesMetadata } from "./hardening-tools.ts";

const PIECE = 32_768;

/** A node that has downloaded everything, with the session still running. */
async function downloaded(
  world: SimulatedWorld,
  made: Made,
  source: { readonly metainfo: Made["metainfo"] } | { readonly infoHash: string },
  node: Node,
): Promise<void> {
  const peer = await world.listen(made, { v2: true, infoHash: wireHash(made, source) }, (seed) => {
    serves(seed, made);
    servesMetadata(seed, made);
  });
  const torrent = await node.session.add({ ...source, downloadDir: "/out", peers: [peer] });
  await world.until("complete", () => torrent.state === "seeding");
}

function wireHash(made: Made, source: object): Uint8Array {
  const { v1, v2 } = made.metainfo.infoHashes;
  return "infoHash" in source ? v2!.slice(0, 20) : v1!;
}

test("what was recorded around a failed sync is not claimed after a loss of power, whatever later syncs say", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 20 * PIECE }, { kind: "v1", pieceLength: PIECE });
  const node = await world.node();
  node.disk.failing.set("sync", new ShoalError("ERR_DISK", "the disk could not write"));
  await downloaded(world, made, { metainfo: made.metainfo }, node);
  await world.run(20_000);
  assert.ok(node.disk.log.includes("sync"));
  node.disk.failing.delete("sync");
  await world.run(40_000);
  await world.finish(node.session.close());

  const again = async (bootId: string): Promise<number> => {
    const store = node.store.copy();
    store.bootId = bootId;
    node.disk.log.length = 0;
    const next = await world.node({ disk: node.disk, store });
    const torrent = await next.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
    await world.settle();
    assert.equal(torrent.stats().piecesHave, 20);
    const count = node.disk.log.filter((operation) => operation === "hash").length;
    await world.finish(next.session.close());
    return count;
  };
  assert.equal(await again(node.store.bootId), 0, "while the machine runs its memory has the data");
  assert.equal(await again("after a loss of power"), 20);
});

test("a hybrid's records are found by either of its names", async () => {
  for (const first of ["magnet", "torrent"] as const) {
    const world = new SimulatedWorld();
    const made = await world.make({ file: 20 * PIECE }, { kind: "hybrid", pieceLength: PIECE });
    const magnet = { infoHash: hex(made.metainfo.infoHashes.v2!) };
    const torrent = { metainfo: made.metainfo };
    const node = await world.node();
    await downloaded(world, made, first === "magnet" ? magnet : torrent, node);
    await world.finish(node.session.close());
    node.disk.log.length = 0;
    const next = await world.node({ disk: node.disk, store: node.store });
    if (first === "magnet") {
      const added = await next.session.add({ ...torrent, downloadDir: "/out" });
      await world.settle();
      assert.equal(added.state, "seeding");
    } else await downloaded(world, made, magnet, next);
    assert.equal(node.disk.log.includes("write"), false, `${first} first: nothing is fetched again`);
    assert.equal(node.disk.log.includes("hash"), false, `${first} first: nothing is hashed again`);
    assert.equal(node.store.journals.size, 1);
    await world.finish(next.session.close());
  }
});

test("a torrent that is stopped and started waits with its hello until the tracker has taken its good-bye", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 2 * PIECE }, { kind: "v1", pieceLength: PIECE });
  const node = await world.node();
  const heard: { readonly event: string | null; readonly at: number }[] = [];
  world.web.serve("slow.example", (url) => {
    const event = url.searchParams.get("event");
    heard.push({ event, at: world.now() });
    return event === "stopped" ? null : new TextEncoder().encode("d8:intervali1800e5:peers0:e");
  });
  const trackers = ["http://slow.example/announce"];
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", trackers });
  await world.run(1000);
  void torrent.pause();
  torrent.resume();
  await world.run(10_000);
  assert.deepEqual(
    heard.map(({ event }) => event),
    ["started", "stopped", "started"],
  );
  assert.ok(heard[2]!.at - heard[1]!.at >= 3000, "given up after three seconds");
  void torrent.pause();
  torrent.resume();
  await world.finish(torrent.pause());
  await world.run(10_000);
  assert.equal(heard.at(-1)!.event, "stopped", "the last wish counts");
});
