import assert from "node:assert/strict";
import { test } from "node:test";
import { type ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import { hex, leeching, log, seedNode, servesMetadata } from "./hardening-tools.ts";
import type { TorrentEvent } from "../../dist/session/events.js";
import { truncate } from "../../dist/meta/info-hash.js";
import { parseMetainfo, parseInfo } from "../../dist/meta/metainfo.js";
import { nodeHasher } from "../../dist/node/hasher.js";

const SIZE = { file: 300_000 };
const OPT = { kind: "v1", pieceLength: 32_768 } as const;

test("hash requests of a peer that does not read are bounded", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 16_384 * 600 }, { kind: "v2", pieceLength: 16_384 });
  const seed = await seedNode(world, made);
  const peer = world.dial(seed, made, { v2: true });
  await world.run(1000);
  peer.connection.pauseReading();
  const root = made.metainfo.layout.files[0]!.piecesRoot!;
  for (let i = 0; i < 2000; i++)
    peer.out.hashRequest({ piecesRoot: root, baseLayer: 0, index: 0, length: 512, proofLayers: 1 });
  const sent = peer.out.length;
  peer.say();
  await world.run(1000);
  peer.connection.resumeReading();
  await world.run(1000);
  const got = peer.heard.filter((h) => h.kind === "hashes").reduce((s, h) => s + h.bytes!.length, 0);
  assert.ok(got < 4_000_000, `${sent} bytes of requests made ${got} bytes of answers`);
});
test("what one peer makes us read for its hash requests is bounded, and each request is answered", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 2_097_152 }, { kind: "v2", pieceLength: 1_048_576 });
  const seed = await seedNode(world, made);
  const peer = world.dial(seed, made, { v2: true });
  await world.run(1000);
  const piecesRoot = made.metainfo.layout.files[0]!.piecesRoot!;
  const from = world.now();
  for (let i = 0; i < 800; i++) {
    peer.out.hashRequest({ piecesRoot, baseLayer: 0, index: 0, length: 64, proofLayers: 0 });
    peer.say();
    await world.settle();
  }
  const seconds = (world.now() - from) / 1000;
  assert.equal(peer.count("hashes") + peer.count("hash reject"), 800);
  // 512 MiB at once and 16 MiB per second.
  const answered = peer.count("hashes");
  assert.ok(answered >= 512 && answered <= 513 + 16 * seconds, `${answered} in ${seconds} s`);
});
test("a peer that rejects every request is not asked in a tight loop", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  let requests = 0;
  const peer = await world.listen(made, {}, (p) => {
    p.onHeard = (h) => {
      if (h.kind === "handshake") p.out.haveAll();
      if (h.kind === "interested") p.out.unchoke();
      if (h.kind === "request" && ++requests < 5000) p.out.reject(h.piece!, h.begin!, h.length!);
      p.say();
    };
  });
  await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [peer] });
  await world.run(1000);
  assert.ok(requests < 500, `${requests} requests in a second`);
});
test("layers that come after completion do not complete it again", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(
    { a: 100_000, b: 100_000, c: 100_000 },
    { kind: "hybrid", pieceLength: 16_384 },
  );
  const seed = await seedNode(world, made);
  const node = await world.node();
  world.write(node, made, "/data");
  const bare = {
    ...parseInfo(made.metainfo.infoBytes, nodeHasher),
    trackers: [["http://tracker.example/announce"]],
    webSeeds: [],
  };
  const events: TorrentEvent[] = [];
  const t = await node.session.add({ metainfo: bare, downloadDir: "/data", listener: log(events) });
  await world.run(1000);
  assert.equal(t.state, "seeding");
  t.addPeer({ host: seed.host, port: 6881 });
  await world.run(5000);
  assert.equal(events.filter((e) => e.type === "complete").length, 1);
  assert.equal(world.web.asked.filter((u) => u.searchParams.get("event") === "completed").length, 0);
});
test("a v2 torrent by its 40-digit name is completed over the connection that brought the metadata", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, { kind: "v2", pieceLength: 16_384 });
  const seed = await seedNode(world, made);
  const node = await world.node();
  const t = await node.session.add({
    infoHash: hex(truncate(made.metainfo.infoHashes.v2!)),
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  await world.run(60_000);
  assert.equal(t.state, "seeding");
});
test("changes() tells of a pause of a torrent that nobody is connected to", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  world.write(node, made, "/data");
  node.disk.hold("hash");
  const t = await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true });
  await world.run(1000);
  node.disk.letGo("hash");
  await world.run(1000);
  assert.equal(t.state, "seeding");
  assert.equal(node.session.changes(0).changed[0]?.state, "seeding");
  void t.pause();
  await world.run(1000);
  assert.equal(node.session.changes(0).changed[0]?.state, "paused");
});
test("upload rate does not stay in changes() after the last peer has gone", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 3_000_000 }, OPT);
  const { seed, leech, torrent: t } = await leeching(world, made);
  await world.until("c", () => t.state === "seeding");
  await world.finish(leech.session.close());
  await world.run(60_000);
  assert.equal(seed.session.changes(0).changed[0]?.upRate, 0);
});
test("a removed torrent does not come back in changes()", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const t = seed.session.torrents()[0]!;
  await world.finish(seed.session.remove(t));
  t.addPeer({ host: "10.9.9.9", port: 1 });
  await world.run(1000);
  assert.equal(seed.session.changes(0).changed.length, 0);
});
test("a torrent added paused is in changes()", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", paused: true });
  await world.run(1000);
  assert.equal(node.session.changes(0).changed.length, 1);
});
test("requests for allowed-fast pieces are withdrawn from a choking peer that is silent", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  const peer = await world.listen(made, {}, (p) => {
    p.onHeard = (h) => {
      if (h.kind === "handshake") {
        p.out.haveAll();
        for (let i = 0; i < 10; i++) p.out.allowedFast(i);
        p.say();
      }
    };
  });
  const t = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [peer] });
  await world.run(5000);
  assert.ok(t.peers()[0]!.requests > 0);
  await world.run(130_000);
  assert.ok((t.peers()[0]?.requests ?? 0) <= 1, `${t.peers()[0]?.requests} requests still outstanding`);
});
test("an extension left out for a peer is not announced to it", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await world.node();
  seed.session.registerExtension({ name: "x_only_friends", attach: () => null });
  world.write(seed, made, "/data");
  await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  await world.settle();
  const peer = world.dial(seed, made);
  await world.run(300);
  const text = new TextDecoder("latin1").decode(peer.heard.find((h) => h.kind === "extended")!.bytes);
  const announced = text.includes("x_only_friends");
  peer.sayExtended(4, { hello: 1 });
  await world.run(300);
  assert.ok(!(announced && peer.closed), "announced, then disconnected for using it");
});
test("a peer that unchoked us before the metadata came loses silent requests", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  let requests = 0;
  const peer = await world.listen(made, {}, (p) => {
    p.onHeard = (h) => {
      if (h.kind === "handshake") {
        p.out.haveAll();
        p.out.unchoke();
        p.say();
      }
      if (h.kind === "request") requests++;
    };
    servesMetadata(p, made);
  });
  const t = await leech.session.add({
    infoHash: hex(made.metainfo.infoHashes.v1!),
    downloadDir: "/out",
    peers: [peer],
  });
  await world.run(5000);
  assert.ok(requests > 1);
  await world.run(100_000);
  assert.ok((t.peers()[0]?.requests ?? 0) <= 1, `${t.peers()[0]?.requests} requests outstanding for 100 s`);
});
test("a refused duplicate leaves no trace in the index", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, { kind: "hybrid", pieceLength: 32_768 });
  const node = await world.node();
  // knows only the v2 name
  const a = await node.session.add({ infoHash: hex(made.metainfo.infoHashes.v2!), downloadDir: "/out" });
  await assert.rejects(node.session.add({ metainfo: made.metainfo, downloadDir: "/out2" }), {
    code: "ERR_DUPLICATE_TORRENT",
    details: { id: hex(made.metainfo.infoHashes.v2!).slice(0, 40) },
  });
  const found = node.session.find(made.metainfo.infoHashes.v1!);
  assert.ok(found === undefined || found === a, "a torrent that was refused is found");
});
test("close while rechecking", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const { leech, torrent: t } = await leeching(world, made);
  await world.until("c", () => t.state === "seeding");
  await world.run(1000);
  leech.disk.hold("hash");
  const done = t.recheck();
  await world.run(500);
  const closed = leech.session.close();
  await world.run(500);
  leech.disk.letGo("hash");
  await world.finish(closed);
  await world.finish(done).catch((e) => {
    throw e;
  });
  await world.run(1000);
  assert.equal(t.state, "checking");
  assert.deepEqual(leech.disk.afterClose, []);
  const again = await world.node({ disk: leech.disk, store: leech.store });
  const u = await again.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(3000);
  assert.equal(u.stats().piecesHave, made.metainfo.layout.pieceCount);
});
test("peers are dialled as soon as the check is done", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const leech = await world.node();
  leech.disk.hold("stat");
  const t = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  await world.run(10);
  leech.disk.letGo("stat");
  const from = world.now();
  await world.until("piece", () => t.stats().downloaded > 0);
  assert.ok(world.now() - from < 50, `${world.now() - from} ms until the first block`);
});
test("pause and close at once", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const { leech, torrent: t } = await leeching(world, made);
  await world.until("c", () => t.state === "seeding");
  leech.disk.hold("sync");
  void t.pause();
  await world.run(100);
  const closed = leech.session.close();
  await world.run(100);
  leech.disk.letGo("sync");
  await world.finish(closed);
  await world.run(1000);
  assert.deepEqual(leech.disk.afterClose, []);
});
test("a file that changed while the session ends does not crash", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  // What the check has found is recorded as durable first: the end would wait for the stats of that.
  await world.run(20_000);
  world.dial(seed, made);
  await world.run(3000);
  seed.disk.touch("/data/file");
  seed.disk.hold("stat");
  await world.run(1300);
  await world.finish(seed.session.close());
  seed.disk.letGo("stat");
  await world.run(1000);
});
test("many files: check none without seedOnly closes", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  world.write(node, made, "/data");
  const t = await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", hashed: true });
  await world.run(1000);
  assert.equal(t.state, "seeding");
  await world.finish(node.session.remove(t));
});
test("seedOnly with missing data does not say complete", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  const events: TorrentEvent[] = [];
  const t = await node.session.add({
    metainfo: made.metainfo,
    downloadDir: "/data",
    seedOnly: true,
    listener: log(events),
  });
  await world.run(1000);
  assert.ok(
    !events.some((e) => e.type === "complete"),
    `complete with ${t.stats().have} of ${t.stats().wanted}`,
  );
});
void parseMetainfo;
type _P = ScriptedPeer;
