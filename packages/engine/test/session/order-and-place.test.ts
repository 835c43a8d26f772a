import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { assertFile, Faucet, stateOf, wishes } from "./file-tools.ts";
import { seedNode, serves } from "./hardening-tools.ts";

const V1 = { kind: "v1", pieceLength: 32_768 } as const;
const SIZES = { a: 400_000, b: 300_000 };

test("a recheck of a paused torrent leaves it paused, and a resume meanwhile is heard", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await seedNode(world, made);
  const torrent = node.session.torrents()[0]!;
  await world.finish(torrent.pause());
  await world.finish(torrent.recheck());
  assert.equal(torrent.state, "paused");
  assert.equal(torrent.stats().piecesHave, made.metainfo.layout.pieceCount);
  node.disk.hold("hash");
  const checked = torrent.recheck();
  await world.settle();
  assert.equal(stateOf(torrent), "checking");
  torrent.resume();
  node.disk.letGo("hash");
  await world.finish(checked);
  assert.equal(stateOf(torrent), "seeding");
});

test("who comes while files are being checked waits until they are", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await seedNode(world, made);
  const torrent = node.session.torrents()[0]!;
  node.disk.hold("hash");
  const checked = torrent.recheck();
  await world.settle();
  const peer = world.dial(node, made);
  await world.run(500);
  assert.equal(peer.closed, false);
  assert.equal(peer.heard.length, 0);
  node.disk.letGo("hash");
  await world.finish(checked);
  await world.run(500);
  assert.equal(peer.closed, false);
  assert.ok(peer.heard.length > 0);
});

test("an order that is wished for before the metadata is known holds when it is", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 1_500_000 }, V1);
  const seed = await seedNode(world, made);
  const leech = await world.node();
  const verified: number[] = [];
  const torrent = await leech.session.add({
    infoHash: Buffer.from(made.metainfo.infoHashes.v1!).toString("hex"),
    downloadDir: "/out",
    listener: (event) => {
      if (event.type === "piece") verified.push(event.piece);
    },
  });
  await world.finish(torrent.setSequential(true));
  torrent.addPeer(seed.endpoint);
  await world.until("a seed", () => torrent.state === "seeding");
  assert.deepEqual(
    verified,
    verified.toSorted((a, b) => a - b),
  );
});

test("one folder in two ways of writing is one folder", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const leech = await world.node();
  const faucet = new Faucet();
  const peers = [await faucet.open(world, made)];
  const first = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out/", peers });
  assert.equal(first.downloadDir, "/out");
  await world.run(500);
  faucet.give(4);
  await world.run(500);
  const { piecesHave } = first.stats();
  assert.ok(piecesHave > 0);
  const events: string[] = [];
  first.on(({ type }) => events.push(type));
  await world.finish(first.moveTo("/out//./"));
  assert.deepEqual(events, [], "it is there already");
  await world.finish(first.moveTo("/else/../new/"));
  assert.equal(first.downloadDir, "/new");
  await world.finish(leech.session.remove(first));
  await assert.rejects(first.moveTo("/a\0b"), { code: "ERR_CLOSED" });
  const second = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/new", paused: true });
  await assert.rejects(world.finish(second.moveTo("/a\0b")), { code: "ERR_INVALID_ARGUMENT" });
});

test("files are listed with the numbers that they are changed by", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { ...V1, kind: "hybrid" });
  const node = await world.node();
  const source = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [source] });
  await world.finish(torrent.setFilePriorities(wishes(made, { a: 0 })));
  const listed = await world.finish(torrent.files());
  const other = listed.find(({ path }) => path.endsWith("/b"))!;
  assert.equal(made.metainfo.layout.files[other.index]!.path.join("/"), "b");
  await world.until("b", () => torrent.state === "finished");
  assertFile(node, made, "b");
});

test("a torrent that was added where a move had taken it is found by that folder after the next move, too", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const seed = await seedNode(world, made);
  let node = await world.node();
  const add = (downloadDir: string): Promise<Torrent> =>
    node.session.add({ metainfo: made.metainfo, downloadDir, peers: [seed.endpoint] });
  const restart = async (): Promise<void> => {
    await world.finish(node.session.close());
    node = await world.node({ disk: node.disk, store: node.store });
  };
  const first = await add("/home");
  await world.until("a seed", () => first.state === "seeding");
  await world.finish(first.moveTo("/other"));
  await restart();
  const second = await add("/other");
  await world.finish(second.moveTo("/home"));
  await world.finish(second.moveTo("/third"));
  for (const folder of ["/other", "/third", "/home"]) {
    await restart();
    const again = await add(folder);
    await world.until("it is known", () => again.state !== "checking");
    assert.equal(again.state, "seeding", folder);
    assert.equal(again.downloadDir, "/third", folder);
  }
});
