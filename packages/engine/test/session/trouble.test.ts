import assert from "node:assert/strict";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Extension, TorrentKind } from "@shoal/engine";
import { assertSameTree, type FakeBehaviour } from "@shoal/testkit";
import { SessionScene } from "./session-scene.ts";

const SPEC = { name: "file", size: 3_000_000, seed: 9 };

for (const kind of ["v1", "v2", "hybrid"] satisfies TorrentKind[]) {
  test(`a ${kind} download completes beside a peer that sends garbage, which is banned`, async (t) => {
    const scene = new SessionScene(t);
    const made = await scene.payload(SPEC, { kind, pieceLength: 65_536 });
    const liar = await scene.fake(made, { behaviour: { does: "garbage" } });
    const [seed] = await scene.seed(made);
    const got = await scene.add(await scene.session(), {
      metainfo: made.metainfo,
      downloadDir: scene.folder("out"),
      peers: [liar, seed.endpoint!],
    });
    await got.until("complete");
    await assertSameTree(made.path, join(scene.dir, "out", made.name));
    const banned = got.events.filter((event) => event.type === "banned");
    const fromLiar = liar.blocksSent > 0;
    assert.equal(banned.length, fromLiar ? 1 : 0);
  });

  test(`a ${kind} download from a peer that lies in one block bans it and nobody else`, async (t) => {
    const scene = new SessionScene(t);
    const made = await scene.payload(SPEC, { kind, pieceLength: 262_144 });
    const liar = await scene.fake(made, { behaviour: { does: "lie", piece: 3, block: 2 } });
    const got = await scene.add(await scene.session(), {
      metainfo: made.metainfo,
      downloadDir: scene.folder("out"),
      peers: [liar],
    });
    await got.until("banned");
    const [seed] = await scene.seed(made);
    got.torrent.addPeer(seed.endpoint!);
    await got.until("complete");
    assert.equal(got.events.filter((event) => event.type === "banned").length, 1);
    await assertSameTree(made.path, join(scene.dir, "out", made.name));
  });
}

for (const behaviour of [
  { does: "die", afterBlocks: 20 },
  { does: "stall", afterBlocks: 20 },
  { does: "oversized", length: 1 << 30 },
  { does: "silent" },
  { does: "choke" },
  { does: "short" },
] satisfies FakeBehaviour[]) {
  test(`a download completes beside a peer that does this: ${behaviour.does}`, async (t) => {
    const scene = new SessionScene(t);
    const made = await scene.payload(SPEC, { kind: "hybrid", pieceLength: 65_536 });
    const odd = await scene.fake(made, { behaviour });
    const got = await scene.add(await scene.session(), {
      metainfo: made.metainfo,
      downloadDir: scene.folder("out"),
      peers: [odd],
    });
    const [seed] = await scene.seed(made);
    got.torrent.addPeer(seed.endpoint!);
    await got.until("complete");
    await assertSameTree(made.path, join(scene.dir, "out", made.name));
  });
}

test("a file that changes under a seed is taken back, and shared again once it is right", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "hybrid", pieceLength: 65_536 });
  const [seed, seeding] = await scene.seed(made);
  const idle = await scene.fake(made, { behaviour: { does: "choke" }, has: () => false });
  seeding.torrent.addPeer(idle);
  await seeding.until("peer-connected");
  const right = readFileSync(made.path);
  writeFileSync(made.path, right.subarray(0, 1_000_000));
  const warning = await seeding.until("warning");
  assert.equal(warning.error.code, "ERR_FILES_MISSING");
  assert.match(warning.error.message, /file is shorter than it was/);
  assert.ok(seed.torrents()[0]!.stats().piecesHave < made.metainfo.layout.pieceCount);
});

test("pause disconnects, resume goes on, recheck finds what is wrong", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "v2", pieceLength: 65_536 });
  const [seed] = await scene.seed(made);
  const got = await scene.add(await scene.session(), {
    metainfo: made.metainfo,
    downloadDir: scene.folder("out"),
    peers: [seed.endpoint!],
    paused: true,
  });
  assert.equal(got.torrent.state, "paused");
  got.torrent.resume();
  await got.until("complete");
  const paused = got.torrent.pause();
  assert.equal(got.torrent.state, "paused");
  await paused;
  const file = join(scene.dir, "out", made.name);
  const bytes = readFileSync(file);
  bytes[0]! ^= 1;
  writeFileSync(file, bytes);
  await got.torrent.recheck();
  got.torrent.resume();
  await got.until("state", () => got.torrent.stats().piecesHave === made.metainfo.layout.pieceCount);
  await assertSameTree(made.path, file);
});

test("extensions registered on both sides exchange messages of their own", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload({ name: "file", size: 50_000, seed: 1 }, { kind: "v1" });
  const heard: string[] = [];
  const chat = (own: string): Extension => ({
    name: "x_chat",
    attach: (peer) => ({
      onAnnounced: () => void peer.send(Buffer.from(own)),
      onMessage: (payload) => void heard.push(Buffer.from(payload).toString()),
    }),
  });
  const a = await scene.session();
  const b = await scene.session();
  a.registerExtension(chat("from a"));
  b.registerExtension(chat("from b"));
  assert.throws(() => a.registerExtension(chat("again")), RangeError);
  await scene.add(a, { metainfo: made.metainfo, downloadDir: made.dir, seedOnly: true, hashed: true });
  const got = await scene.add(b, {
    metainfo: made.metainfo,
    downloadDir: scene.folder("out"),
    peers: [a.endpoint!],
  });
  await got.until("complete");
  assert.deepEqual(heard.toSorted(), ["from a", "from b"]);
});

test("a seed sends nothing of a piece that was edited in place, and says which file it was", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, { kind: "v1", pieceLength: 65_536 });
  const [seed, seeding] = await scene.seed(made);
  const idle = await scene.fake(made, { behaviour: { does: "choke" }, has: () => false });
  seeding.torrent.addPeer(idle);
  await seeding.until("peer-connected");
  const bytes = readFileSync(made.path);
  bytes[70_000]! ^= 1;
  writeFileSync(made.path, bytes);
  utimesSync(made.path, new Date(), new Date(Date.now() - 60_000));
  const warning = await seeding.until("warning");
  assert.equal(warning.error.details["path"], "file");
  const got = await scene.add(await scene.session(), {
    metainfo: made.metainfo,
    downloadDir: scene.folder("out"),
    peers: [seed.endpoint!],
  });
  const { pieceCount } = made.metainfo.layout;
  for (let piece = 0; piece < pieceCount; piece++) {
    if (piece !== 1) await got.until("piece", (event) => event.piece === piece);
  }
  assert.equal(got.torrent.stats().piecesHave, pieceCount - 1);
  assert.equal(got.events.filter((event) => event.type === "banned").length, 0);
});
