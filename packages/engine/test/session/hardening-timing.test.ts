import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import { hex, log, seedNode, serves, servesMetadata } from "./hardening-tools.ts";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Connection } from "../../dist/ports/net.js";
import { parseInfo } from "../../dist/meta/metainfo.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { ShoalError } from "../../dist/base/errors.js";

const SIZE = { file: 300_000 };
const OPT = { kind: "v1", pieceLength: 32_768 } as const;

test("a seed whose handshake ends while the metadata is being opened is used", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  const accepted: Connection[] = [];
  await world.net.from("10.7.0.1").listen({ ports: [6881] }, (c) => void accepted.push(c));
  let meta: ScriptedPeer | null = null;
  const metaAt = await world.listen(made, {}, (p) => {
    meta = p;
    p.onHeard = (h) => {
      if (h.kind === "handshake") {
        p.out.haveNone();
        p.say();
      }
    };
  });
  const got = await leech.session.add({
    infoHash: hex(made.metainfo.infoHashes.v1!),
    downloadDir: "/out",
    peers: [metaAt, { host: "10.7.0.1", port: 6881 }],
  });
  await world.until("both dialled", () => meta?.infoHash !== undefined && accepted.length === 1);
  leech.disk.hold("stat");
  servesMetadata(meta!, made);
  meta!.sayExtended(0, { m: { ut_metadata: 7 }, metadata_size: made.metainfo.infoBytes.length });
  await world.settle();
  assert.equal(got.state, "checking");
  const seed = new ScriptedPeer(
    accepted[0]!,
    { infoHash: made.metainfo.infoHashes.v1!, id: "-XX0000-seedseedseed" },
    false,
  );
  serves(seed, made);
  await world.settle();
  leech.disk.letGo("stat");
  await world.run(30_000);
  assert.equal(
    got.state,
    "seeding",
    `seed heard: ${seed.heard.map((h) => h.kind).join(", ")}; ${got.stats().waiting?.message}`,
  );
});
test("requests that wait while the files are looked at get nothing of a changed file", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const peer = world.dial(seed, made);
  await world.settle();
  peer.out.haveNone();
  peer.out.interested();
  peer.say();
  await world.until("unchoked", () => peer.count("unchoke") > 0);
  await world.run(3000);
  const file = seed.disk.files.get("/data/file")!;
  file.flip(10);
  seed.disk.touch("/data/file");
  seed.disk.hold("stat");
  await world.run(1500);
  peer.out.request(0, 0, 16384);
  peer.say();
  await world.run(10);
  assert.equal(peer.count("block"), 0, "looks first");
  seed.disk.letGo("stat");
  await world.run(5);
  assert.equal(peer.count("block"), 0, "wrong bytes were sent");
  assert.equal(peer.count("reject"), 1);
});
test("layers that come after completion do not complete it again", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(
    { a: 100_000, b: 100_000, c: 100_000 },
    { kind: "hybrid", pieceLength: 16_384 },
  );
  const seed = await seedNode(world, made);
  const half = await world.node();
  const h = await half.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
    select: (f) => f.path[0] !== "c",
  });
  await world.until("half", () => h.state === "finished");
  await world.finish(seed.session.close());
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
  t.addPeer({ host: half.host, port: 6881 });
  await world.run(5000);
  assert.equal(events.filter((e) => e.type === "complete").length, 1);
  assert.equal(world.web.asked.filter((u) => u.searchParams.get("event") === "completed").length, 0);
});
test("the state directory is full: no crash", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 3_000_000 }, OPT);
  const leech = await world.node();
  let hold = true;
  const waiting: (() => void)[] = [];
  const peer = await world.listen(made, {}, (p) => {
    serves(p, made);
    const serve = p.onHeard;
    let n = 0;
    p.onHeard = (h, q) => {
      if (h.kind === "request" && ++n > 20 && hold) waiting.push(() => serve(h, q));
      else serve(h, q);
    };
  });
  const t = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [peer] });
  await world.run(3000);
  assert.ok(t.stats().piecesHave > 2);
  leech.store.failing = new ShoalError("ERR_NO_SPACE", "full");
  hold = false;
  for (const w of waiting) w();
  await world.run(3000);
  assert.ok(["error", "seeding"].includes(t.state), t.state);
});
for (const resumed of [false, true])
  test(`R24 a kill ${resumed ? "after pause and resume" : "while downloading"} does not cost a check of everything`, async () => {
    const world = new SimulatedWorld();
    const made = await world.make({ file: 3_000_000 }, OPT);
    const leech = await world.node();
    let allow = 60;
    const peer = await world.listen(made, {}, (p) => {
      serves(p, made);
      const serve = p.onHeard;
      p.onHeard = (h, q) => {
        if (h.kind === "request" && --allow < 0) return;
        serve(h, q);
      };
    });
    const t = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [peer] });
    await world.run(3000);
    const first = t.stats().piecesHave;
    assert.ok(first > 5 && first < made.metainfo.layout.pieceCount);
    if (resumed) {
      void t.pause();
      await world.run(100);
      t.resume();
    }
    allow = 20;
    await world.run(30_000);
    const then = t.stats().piecesHave;
    if (resumed) assert.ok(then > first);
    const again = await world.node({ disk: leech.disk, store: leech.store.copy() });
    const events: TorrentEvent[] = [];
    const u = await again.session.add({
      metainfo: made.metainfo,
      downloadDir: "/out",
      listener: log(events),
    });
    await world.run(1000);
    assert.equal(u.stats().piecesHave, then);
    assert.equal(events.filter((e) => e.type === "checked").length, 0, "everything is hashed again");
  });
test("a barrier under way does not vouch for what was written after it began", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 3_000_000 }, OPT);
  const leech = await world.node();
  let allow = 40;
  const waiting: (() => void)[] = [];
  const peer = await world.listen(made, {}, (p) => {
    serves(p, made);
    const serve = p.onHeard;
    p.onHeard = (h, q) => {
      if (h.kind === "request" && --allow < 0) {
        waiting.push(() => serve(h, q));
        return;
      }
      serve(h, q);
    };
  });
  const t = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [peer] });
  leech.disk.hold("sync");
  await world.until("a barrier is under way", () => leech.disk.log.includes("sync"), 30_000);
  const durable = t.stats().piecesHave;
  const content = leech.disk.files.get("/out/file")!;
  const onDisk = content.bytes.slice();
  allow = 1000;
  for (const w of waiting.splice(0, 20)) w();
  await world.run(1);
  const later = t.stats().piecesHave;
  assert.ok(later > durable);
  void t.pause();
  await world.settle();
  leech.disk.letGoOne("sync");
  await world.settle();
  // The power fails: what the first sync covered is there, what came after it is not.
  const left = new Uint8Array(content.size);
  left.set(onDisk);
  content.bytes = left;
  const store = leech.store.copy();
  store.bootId = "next";
  const disk = leech.disk;
  const again = await world.node({ disk, store });
  const u = await again.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(1000);
  assert.equal(u.stats().piecesHave, durable, `claims ${u.stats().piecesHave}, on disk ${durable}`);
});
