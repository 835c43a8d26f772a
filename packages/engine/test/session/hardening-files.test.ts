import assert from "node:assert/strict";
import { test } from "node:test";
import { type ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import { hex, leeching, log, seedNode, serves, servesMetadata } from "./hardening-tools.ts";
import type { TorrentEvent } from "../../dist/session/events.js";
import { ShoalError } from "../../dist/base/errors.js";

const SIZE = { file: 300_000 };
const OPT = { kind: "v1", pieceLength: 32_768 } as const;

test("HAVE then HAVE_NONE must not crash", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const peer = world.dial(seed, made);
  await world.settle();
  peer.out.have(0);
  peer.out.haveNone();
  peer.say();
  await world.run(500);
});

test("malformed early bitfield must not stop a magnet download", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  const bad = await world.listen(made, { fast: false }, (p) => {
    p.onHeard = (h) => {
      if (h.kind === "handshake") {
        p.out.bitfield(new Uint8Array(50).fill(255));
        p.say();
      }
    };
  });
  const good = await world.listen(made, {}, (p) => {
    serves(p, made);
    servesMetadata(p, made);
  });
  const events: TorrentEvent[] = [];
  const got = await leech.session.add({
    infoHash: hex(made.metainfo.infoHashes.v1!),
    downloadDir: "/out",
    peers: [bad],
    listener: log(events),
  });
  await world.run(500);
  got.addPeer(good);
  await world.run(5000);
  assert.equal(got.state, "seeding", got.error?.message);
});

test("a seed whose handshake ends while the metadata is being opened is used", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  // first peer has only the metadata, second is slow to shake hands and has everything
  let slow: ScriptedPeer | null = null;
  const meta = await world.listen(made, {}, (p) => {
    p.onHeard = (h) => {
      if (h.kind === "handshake") {
        p.out.haveNone();
        p.say();
      }
    };
    servesMetadata(p, made);
  });
  const seed = await world.listen(made, {}, (p) => {
    serves(p, made);
    slow = p;
  });
  leech.disk.hold("stat");
  const got = await leech.session.add({
    infoHash: hex(made.metainfo.infoHashes.v1!),
    downloadDir: "/out",
    peers: [meta],
  });
  // dial seed just before metadata: pend the handshake by holding delivery: add both, seed reads paused
  await world.until("dialled", () => got.state === "checking", 5000).catch(() => undefined);
  assert.equal(got.state, "checking");
  void slow;
  void seed;
});

test("a peer that unchoked before the metadata was known is asked for blocks", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  let seedPeer: ScriptedPeer | null = null;
  let metaPeer: ScriptedPeer | null = null;
  const meta = await world.listen(made, {}, (p) => {
    metaPeer = p;
    p.onHeard = (h) => {
      if (h.kind === "handshake") {
        p.out.haveNone();
        p.say();
      }
    };
  });
  const seed = await world.listen(made, {}, (p) => {
    serves(p, made);
    seedPeer = p;
    p.connection.pauseReading();
  });
  const got = await leech.session.add({
    infoHash: hex(made.metainfo.infoHashes.v1!),
    downloadDir: "/out",
    peers: [meta, seed],
  });
  await world.until("both", () => metaPeer !== null && seedPeer !== null && metaPeer.infoHash !== null);
  await world.settle();
  // our scripted listener greets at once; that's fine: the leech's handshake with the seed is done. So bitfield comes late:
  leech.disk.hold("stat");
  servesMetadata(metaPeer!, made);
  metaPeer!.sayExtended(0, { m: { ut_metadata: 7 }, metadata_size: made.metainfo.infoBytes.length });
  await world.settle();
  assert.equal(got.state, "checking");
  // a third peer comes in... outgoing handshake ended during checking
  leech.disk.letGo("stat");
  seedPeer!.connection.resumeReading();
  await world.run(5000);
  assert.equal(got.state, "seeding");
});

test("pause while checking stays paused", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  world.write(node, made, "/data");
  node.disk.hold("hash");
  const t = await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true });
  await world.run(300);
  assert.equal(t.state, "checking");
  void t.pause();
  node.disk.letGo("hash");
  await world.run(1000);
  assert.equal(t.state, "paused");
});

test("pause and resume while checking opens one storage", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  world.write(node, made, "/data");
  node.disk.hold("hash");
  const events: TorrentEvent[] = [];
  const t = await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", listener: log(events) });
  await world.run(300);
  void t.pause();
  t.resume();
  await world.run(300);
  node.disk.letGo("hash");
  await world.run(1000);
  assert.equal(node.disk.opened, 1);
  assert.equal(events.filter((e) => e.type === "complete").length, 1);
});

test("remove of a magnet without metadata lets go of the state", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  const add = { infoHash: hex(made.metainfo.infoHashes.v1!), downloadDir: "/out" };
  const t = await node.session.add(add);
  await world.run(300);
  await world.finish(node.session.remove(t));
  assert.equal(node.store.locked.size, 0);
});
test("remove of a failed torrent lets go of the state and storage", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  node.disk.put("/out/file", new Uint8Array(4));
  const t = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(300);
  assert.equal(t.error?.code, "ERR_FILE_EXISTS");
  await world.finish(node.session.remove(t));
  assert.equal(node.store.locked.size, 0);
  assert.equal(node.disk.opened, 0);
});
test("remove while checking: forgotten, closed when remove resolves", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const node = await world.node();
  world.write(node, made, "/data");
  node.disk.hold("hash");
  const t = await node.session.add({ metainfo: made.metainfo, downloadDir: "/data" });
  await world.run(300);
  const removed = node.session.remove(t);
  await world.run(300);
  node.disk.letGo("hash");
  await world.finish(removed);
  await world.run(1000);
  assert.equal(node.store.locked.size, 0);
  assert.equal(node.disk.opened, 0);
  assert.equal(node.store.journals.size, 0, "forgotten");
});

test("pause with a disk that can't sync does not reject unhandled", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const { leech, torrent: t } = await leeching(world, made);
  await world.until("c", () => t.state === "seeding");
  leech.disk.failing.set("sync", new ShoalError("ERR_DISK", "gone"));
  void t.pause();
  await world.run(1000);
  // and close still lets go of everything
  await world.finish(leech.session.remove(t)).catch(() => undefined);
  assert.equal(leech.store.locked.size, 0);
});
test("a write error with failing sync: error state, no crash", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 3_000_000 }, OPT);
  const { leech, torrent: t } = await leeching(world, made);
  let pieces = 0;
  t.on((e) => {
    if (e.type === "piece" && ++pieces === 5) {
      leech.disk.failing.set("write", new ShoalError("ERR_DISK", "gone", { path: "/out", reason: "EACCES" }));
      leech.disk.failing.set("sync", new ShoalError("ERR_DISK", "gone"));
      leech.disk.failing.set("prepare", new ShoalError("ERR_DISK", "gone"));
    }
  });
  await world.run(3000);
  assert.equal(t.state, "error");
});
test("the state directory is full: no crash", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 3_000_000 }, OPT);
  const { leech, torrent: t } = await leeching(world, made);
  let pieces = 0;
  t.on((e) => {
    if (e.type === "piece" && ++pieces === 5) leech.store.failing = new ShoalError("ERR_NO_SPACE", "full");
  });
  await world.run(3000);
  assert.ok(["error", "seeding"].includes(t.state), t.state);
});

test("a file that appeared after a download that had created nothing is not overwritten", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const first = await world.node();
  await first.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(1000);
  await world.finish(first.session.close());
  first.disk.put("/out/file", new TextEncoder().encode("mine"));
  const seed = await seedNode(world, made);
  const again = await world.node({ disk: first.disk, store: first.store });
  const t = await again.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  await world.run(5000);
  assert.equal(new TextDecoder().decode(first.disk.files.get("/out/file")!.bytes.subarray(0, 4)), "mine");
  assert.equal(t.error?.code, "ERR_FILE_EXISTS");
});
test("a file that was there complete before and is edited later is not written to", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const first = await world.node();
  world.write(first, made, "/out");
  const a = await first.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(1000);
  assert.equal(a.state, "seeding");
  await world.finish(first.session.close());
  const mine = first.disk.files.get("/out/file")!;
  mine.flip(5);
  mine.modifiedMs = 999;
  const edited = mine.bytes.slice();
  const again = await world.node({ disk: first.disk, store: first.store });
  const t = await again.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  await world.run(5000);
  assert.deepEqual(first.disk.files.get("/out/file")!.bytes.subarray(0, 10), edited.subarray(0, 10));
  assert.equal(t.error?.code, "ERR_FILE_EXISTS");
});
test("a download whose finished file was deleted meanwhile does not say complete", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 65_536, b: 655_360 }, OPT);
  const leech = await world.node();
  let hold = true;
  const waiting: (() => void)[] = [];
  const peer = await world.listen(made, {}, (p) => {
    serves(p, made);
    const serve = p.onHeard;
    p.onHeard = (h, q) => {
      if (h.kind === "request" && h.piece! >= 10 && hold) waiting.push(() => serve(h, q));
      else serve(h, q);
    };
  });
  const events: TorrentEvent[] = [];
  const t = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [peer],
    sequential: true,
    listener: log(events),
  });
  await world.run(3000);
  const a = (await t.files()).find((f) => f.path === "folder/a")!;
  assert.equal(a.have, a.size);
  leech.disk.files.delete("/out/folder/a");
  await world.run(3000);
  assert.equal(t.error?.code, "ERR_FILES_MISSING");
  assert.equal(t.stats().waiting?.code, "files-missing");
  hold = false;
  for (const w of waiting) w();
  await world.run(5000);
  const { have, wanted } = t.stats();
  assert.ok(
    have === wanted || !events.some((e) => e.type === "complete"),
    `complete with ${have} of ${wanted}`,
  );
});
test("requests that wait while the files are looked at get nothing of a changed file", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  await world.run(5000);
  const file = seed.disk.files.get("/data/file")!;
  file.flip(10);
  seed.disk.touch("/data/file");
  const peer = world.dial(seed, made);
  await world.settle();
  peer.out.haveNone();
  peer.out.interested();
  peer.say();
  await world.until("unchoked", () => peer.count("unchoke") > 0);
  peer.out.request(0, 0, 16384);
  peer.say();
  await world.run(2000);
  assert.equal(peer.count("block"), 0, "wrong bytes were sent");
  assert.equal(peer.count("reject"), 1);
});
test("pieces found again after a file was touched are remembered", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const { leech, torrent: t } = await leeching(world, made);
  await world.until("c", () => t.state === "seeding");
  const idle = world.dial(leech, made);
  await world.run(3000);
  leech.disk.touch("/out/file");
  await world.run(3000);
  assert.equal(t.stats().piecesHave, made.metainfo.layout.pieceCount);
  void idle;
  assert.equal(t.state, "seeding", "state after the file was found right again");
});
test("what was found again after a touch is remembered also in the next session", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const { leech, torrent: t } = await leeching(world, made);
  await world.until("c", () => t.state === "seeding");
  world.dial(leech, made);
  await world.run(3000);
  leech.disk.touch("/out/file");
  await world.run(3000);
  await world.finish(leech.session.close());
  const again = await world.node({ disk: leech.disk, store: leech.store });
  const u = await again.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(3000);
  assert.equal(u.stats().piecesHave, made.metainfo.layout.pieceCount);
});
test("recheck after a file was deleted fetches it again", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const { seed, leech, torrent: t } = await leeching(world, made);
  await world.until("c", () => t.state === "seeding");
  world.dial(leech, made);
  await world.run(3000);
  leech.disk.files.delete("/out/file");
  await world.run(3000);
  await world.finish(t.recheck());
  t.addPeer({ host: seed.host, port: 6881 });
  await world.run(5000);
  assert.equal(t.stats().piecesHave, made.metainfo.layout.pieceCount, t.state);
});
