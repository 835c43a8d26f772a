import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import { hex, seedNode, serves, servesMetadata } from "./hardening-tools.ts";

const SIZE = { file: 300_000 };
const OPT = { kind: "v1", pieceLength: 32_768 } as const;

test("pause and resume while checking: the download goes on", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const node = await world.node();
  node.disk.hold("stat");
  const t = await node.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  await world.run(300);
  void t.pause();
  t.resume();
  await world.run(300);
  node.disk.letGo("stat");
  await world.run(10_000);
  assert.equal(t.state, "seeding");
});
test("pause on the metadata event", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  const peer = await world.listen(made, {}, (p) => {
    serves(p, made);
    servesMetadata(p, made);
  });
  const t = await node.session.add({
    infoHash: hex(made.metainfo.infoHashes.v1!),
    downloadDir: "/out",
    peers: [peer],
  });
  t.on((e) => {
    if (e.type === "metadata") void t.pause();
  });
  await world.run(5000);
  assert.equal(t.state, "paused");
});
test("a torrent that could not be added lets go of its state", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, { kind: "hybrid", pieceLength: 32_768 });
  const seed = await seedNode(world, made);
  const node = await world.node();
  const v1 = hex(made.metainfo.infoHashes.v1!),
    v2 = hex(made.metainfo.infoHashes.v2!);
  const t = await node.session.add({
    infoHash: v1,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  await world.until("meta", () => t.state === "seeding");
  await world.finish(node.session.close());
  const again = await world.node({ disk: node.disk, store: node.store });
  await again.session.add({ infoHash: v2, downloadDir: "/elsewhere" });
  await assert.rejects(again.session.add({ infoHash: v1, downloadDir: "/out" }), {
    code: "ERR_DUPLICATE_TORRENT",
  });
  assert.equal(node.store.locked.size, 1);
});
test("remove resolves although the disk fails to close", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 1 << 20 }, OPT);
  const seed = await seedNode(world, made);
  const node = await world.node();
  const events: string[] = [];
  const t = await node.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
    listener: (e) => events.push(e.type),
  });
  await world.until("some", () => t.stats().piecesHave > 3);
  await world.finish(node.session.remove(t));
  const count = events.length;
  await world.run(2000);
  assert.equal(events.length, count, `after remove: ${events.slice(count).join(",")}`);
});
test("withdrawn pieces of a large torrent: bytes sent to a peer", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 16_384 * 2000 }, { kind: "v1", pieceLength: 16_384 });
  const seed = await seedNode(world, made);
  const peer = world.dial(seed, made);
  await world.settle();
  peer.sayExtended(0, { m: { lt_donthave: 9 } });
  await world.run(3000);
  const before = peer.heard.length;
  seed.disk.touch("/data/file");
  await world.run(3000);
  const n = peer.heard.length - before;
  assert.ok(n < 2000, `${n} messages to one peer because a file was touched`);
});
