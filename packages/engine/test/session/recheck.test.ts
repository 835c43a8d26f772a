import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import type { TorrentEvent } from "../../dist/session/events.js";
import { assertClaims, assertFile, Faucet, partFile, stateOf } from "./file-tools.ts";
import { log, seedNode, serves } from "./hardening-tools.ts";

const V1 = { kind: "v1", pieceLength: 32_768 } as const;
const SIZES = { a: 400_000, b: 300_000 };

test("a recheck in the middle of a download keeps the peers and the blocks of unfinished pieces", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const leech = await world.node();
  const faucets = [new Faucet(), new Faucet(), new Faucet()];
  const peers = await Promise.all(faucets.map((faucet) => faucet.open(world, made)));
  const events: TorrentEvent[] = [];
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers,
    listener: log(events),
  });
  await world.until("requests", () => faucets.every((faucet) => faucet.waiting > 0));
  // An odd number of blocks: one piece at least is half there.
  for (const faucet of faucets) faucet.give(3);
  await world.run(500);
  const { piecesHave } = torrent.stats();
  const blocks = torrent.live!.content!.download.rate.total;
  await world.finish(torrent.recheck());
  assert.equal(torrent.stats().piecesHave, piecesHave);
  assert.equal(torrent.state, "downloading");
  assert.equal(events.filter(({ type }) => type === "peer-disconnected").length, 0);
  assert.ok(events.some(({ type }) => type === "checked"));
  for (let i = 0; i < 40 && stateOf(torrent) !== "seeding"; i++) {
    for (const faucet of faucets) faucet.give(Infinity);
    await world.run(250);
  }
  assert.equal(torrent.state, "seeding");
  for (const path of made.files.keys()) assertFile(leech, made, path);
  assert.ok(blocks > 0);
  const { downloaded, wasted } = torrent.stats();
  assert.equal(downloaded - wasted, 700_000, "nothing that was there came again");
});

test("a recheck of a seed takes back what is wrong, and who is connected hears of it", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await world.node();
  const source = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [source] });
  await world.until("a seed", () => torrent.state === "seeding");
  await world.run(500);
  // Nobody who needs nothing stays; this one is still there, and has nothing.
  const peer = world.dial(node, made);
  await world.run(500);
  const file = node.disk.files.get("/out/folder/b")!;
  const { modifiedMs } = file;
  file.flip(200_000);
  file.modifiedMs = modifiedMs;
  const checked = torrent.recheck();
  await world.settle();
  await world.finish(checked);
  await world.run(500);
  assert.equal(peer.closed, false);
  assert.equal(peer.heard.filter(({ kind, id }) => kind === "extended" && id !== 0).length <= 1, true);
  // The source left as seeds do; it is called again.
  await world.until("a seed again", () => torrent.state === "seeding", 40 * 60_000);
  assertFile(node, made, "b");
  assertClaims(node, made, torrent);
});

test("a pause ends a recheck early, and the claims are what they were", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await seedNode(world, made);
  const leech = await world.node();
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [node.endpoint],
  });
  await world.until("a seed", () => torrent.state === "seeding");
  await world.run(500);
  leech.disk.hold("hash");
  const checked = torrent.recheck();
  await world.settle();
  const hashes = leech.disk.counts.get("hash")!;
  const paused = torrent.pause();
  leech.disk.letGo("hash");
  await world.finish(paused);
  await world.finish(checked);
  assert.equal(torrent.state, "paused");
  assert.equal(leech.disk.counts.get("hash"), hashes, "nothing more was read");
  assert.equal(torrent.stats().piecesHave, made.metainfo.layout.pieceCount);
  torrent.resume();
  await world.until("a seed again", () => torrent.state === "seeding");
  assert.equal(leech.disk.counts.get("hash"), hashes);
});

test("a pause ends the check of a share early; it begins anew when the share goes on", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await world.node();
  world.write(node, made, "/data");
  node.disk.hold("hash");
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true });
  await world.run(300);
  const paused = torrent.pause();
  node.disk.letGo("hash");
  await world.finish(paused);
  assert.ok(node.disk.counts.get("hash")! < made.metainfo.layout.pieceCount);
  assert.equal(torrent.state, "paused");
  torrent.resume();
  await world.until("a seed", () => torrent.state === "seeding");
  assert.equal(partFile(node), undefined);
});

test("what somebody has put in place of missing data is found by a recheck and offered", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await world.node();
  const faucet = new Faucet();
  const torrent = await node.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [await faucet.open(world, made)],
  });
  await world.run(500);
  const other = world.dial(node, made);
  await world.run(500);
  node.disk.files.get("/out/folder/b")!.bytes = made.files.get("b")!;
  await world.finish(torrent.recheck());
  await world.run(500);
  const { piecesHave } = torrent.stats();
  assert.ok(piecesHave >= 8, `${piecesHave} pieces were found`);
  assert.ok(other.count("have") >= 8);
});
