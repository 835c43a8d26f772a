import assert from "node:assert/strict";
import { test } from "node:test";
import { type Made, type Node, type ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import type { TorrentEvent } from "../../dist/session/events.js";
import { log, serves } from "./hardening-tools.ts";

const PIECE = 32_768;
const SIZES = { a: 5 * PIECE, b: 5 * PIECE };

/** A seed's second start, with the data as the first left it. */
async function secondStart(
  world: SimulatedWorld,
  made: Made,
  options: {
    readonly verify?: "none" | "stat" | "sample";
    readonly seedOnly?: boolean;
    readonly lazyVerify?: boolean;
  } = {},
  meanwhile: (node: Node) => void = () => undefined,
): Promise<{ node: Node; events: TorrentEvent[] }> {
  const { seedOnly = true, verify = "stat", lazyVerify = true } = options;
  const add = { metainfo: made.metainfo, downloadDir: "/data", seedOnly };
  const first = await world.node();
  world.write(first, made, "/data");
  await first.session.add(add);
  await world.run(1000);
  await world.finish(first.session.close());
  meanwhile(first);
  first.disk.log.length = 0;
  const node = await world.node({ disk: first.disk, store: first.store });
  const events: TorrentEvent[] = [];
  await node.session.add({ ...add, verify, lazyVerify, listener: log(events) });
  await world.settle();
  return { node, events };
}

/** Flips a byte where size and time don't tell. */
function corrupt(node: Node, path: string, at: number): void {
  const file = node.disk.files.get(path)!;
  const bytes = file.bytes.slice();
  bytes[at]! ^= 1;
  file.bytes = bytes;
}

/** A peer that asks for everything as soon as it may. */
function asker(world: SimulatedWorld, node: Node, made: Made): ScriptedPeer {
  const peer = world.dial(node, made);
  peer.onHeard = (heard) => {
    if (heard.kind === "handshake") {
      peer.out.haveNone();
      peer.out.interested();
    }
    if (heard.kind === "unchoke") {
      const { layout } = made.metainfo;
      for (let piece = 0; piece < layout.pieceCount; piece++) {
        for (let begin = 0; begin < layout.pieceSize(piece); begin += 16_384) {
          peer.out.request(piece, begin, Math.min(16_384, layout.pieceSize(piece) - begin));
        }
      }
    }
    peer.say();
  };
  return peer;
}

function assertAllRight(peer: ScriptedPeer, made: Made): void {
  for (const { kind, piece, begin, bytes } of peer.heard) {
    if (kind !== "block") continue;
    const at = piece! * made.metainfo.layout.pieceLength + begin!;
    assert.deepEqual(bytes, made.space.slice(at, at + bytes!.length), `block at ${begin} of piece ${piece}`);
  }
}

function hashes(node: Node): number {
  return node.disk.log.filter((operation) => operation === "hash").length;
}

test("a second start hashes nothing; what is asked for is hashed once, then sent", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { kind: "hybrid", pieceLength: PIECE });
  const { node } = await secondStart(world, made);
  assert.equal(node.session.torrents()[0]!.state, "seeding");
  assert.equal(hashes(node), 0);
  const peers = [asker(world, node, made), asker(world, node, made)];
  await world.run(5000);
  for (const peer of peers) {
    assert.equal(peer.count("block"), 20);
    assert.equal(peer.count("reject"), 0);
    assertAllRight(peer, made);
  }
  assert.equal(hashes(node), 10, "one for each piece");
  assert.equal(node.disk.log.indexOf("hash") < node.disk.log.indexOf("read"), true);
});

test("without lazy verification what is believed is sent unread, and a sample is still looked at", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { kind: "v1", pieceLength: PIECE });
  const { node } = await secondStart(world, made, { verify: "sample", lazyVerify: false });
  const sampled = hashes(node);
  assert.ok(sampled >= 8);
  const peer = asker(world, node, made);
  await world.run(5000);
  assert.equal(peer.count("block"), 20);
  assert.equal(hashes(node), sampled);
});

test("a request waits while its piece is hashed", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { kind: "v1", pieceLength: PIECE });
  const { node } = await secondStart(world, made);
  node.disk.hold("hash");
  const peer = asker(world, node, made);
  await world.run(5000);
  assert.equal(peer.count("block"), 0);
  assert.equal(peer.count("reject"), 0);
  assert.equal(hashes(node), 4, "not more than a few at a time");
  node.disk.letGo("hash");
  await world.run(1000);
  assert.equal(peer.count("block"), 20);
});

test("no peer ever gets a byte of a piece that was damaged on disk", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { kind: "v1", pieceLength: PIECE });
  const { node, events } = await secondStart(world, made, {}, (first) => {
    corrupt(first, "/data/folder/a", 2 * PIECE + 5);
    corrupt(first, "/data/folder/a", 4 * PIECE + 5);
  });
  const torrent = node.session.torrents()[0]!;
  assert.equal(torrent.state, "seeding", "size and time don't tell");
  const peer = asker(world, node, made);
  await world.run(5000);
  assertAllRight(peer, made);
  assert.equal(peer.count("block"), 16);
  assert.equal(peer.count("reject"), 4);
  const warnings = events.filter((event) => event.type === "warning");
  assert.equal(warnings.length, 1, "once for the file");
  assert.match(warnings[0]!.error.message, /folder\/a is damaged on disk/);
  assert.equal(torrent.stats().piecesHave, 8);
  await world.finish(node.session.close());
  const again = await world.node({ disk: node.disk, store: node.store });
  const events2: TorrentEvent[] = [];
  const add = { metainfo: made.metainfo, downloadDir: "/data", seedOnly: true };
  const third = await again.session.add({ ...add, listener: log(events2) });
  await world.settle();
  assert.equal(third.stats().piecesHave, 8, "it is not claimed again");
});

test("one damaged piece has the rest of its file looked at, and no other file", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { kind: "v1", pieceLength: PIECE });
  const { node } = await secondStart(world, made, {}, (first) => {
    corrupt(first, "/data/folder/a", 1);
    corrupt(first, "/data/folder/a", 4 * PIECE);
  });
  const peer = world.dial(node, made);
  await world.settle();
  peer.out.interested();
  peer.say();
  await world.run(1000);
  peer.out.request(0, 0, 16_384);
  peer.say();
  await world.run(1000);
  assert.equal(hashes(node), 5);
  assert.equal(node.session.torrents()[0]!.stats().piecesHave, 8);
});

test("a download fetches a damaged piece again", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { kind: "hybrid", pieceLength: PIECE });
  const { node, events } = await secondStart(world, made, { seedOnly: false }, (first) =>
    corrupt(first, "/data/folder/b", 3),
  );
  const torrent = node.session.torrents()[0]!;
  assert.equal(torrent.state, "seeding");
  const peer = asker(world, node, made);
  await world.run(2000);
  assert.equal(torrent.state, "downloading");
  assertAllRight(peer, made);
  torrent.addPeer(await world.listen(made, {}, (seed) => serves(seed, made)));
  await world.until("repaired", () => torrent.state === "seeding");
  assert.equal(torrent.stats().downloaded, PIECE);
  assert.deepEqual(node.disk.files.get("/data/folder/b")!.bytes, made.files.get("b"));
  assert.equal(events.filter((event) => event.type === "warning").length, 1);
});

test("a sample finds damage before anything is shared, and looks at the whole file then", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 5 * PIECE, b: 300 * PIECE }, { kind: "v1", pieceLength: PIECE });
  const damaged = [0, 17, 18, 150];
  const { node, events } = await secondStart(world, made, { verify: "sample" }, (first) => {
    for (const piece of damaged) corrupt(first, "/data/folder/b", piece * PIECE);
  });
  const torrent = node.session.torrents()[0]!;
  assert.equal(torrent.stats().piecesHave, 305 - damaged.length);
  assert.equal(torrent.state, "downloading", "not all of it is shared");
  const checked = events.filter((event) => event.type === "checked");
  assert.ok(checked.length > 0 && checked.every(({ reason }) => reason === "sample"));
  assert.ok(hashes(node) < 305);
});

test("files that look changed are hashed at level stat and believed at level none, until they are read", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { kind: "v1", pieceLength: PIECE });
  const change = (first: Node): void => {
    corrupt(first, "/data/folder/a", 7);
    first.disk.touch("/data/folder/a");
  };
  const stat = await secondStart(world, made, { verify: "stat" }, change);
  assert.equal(stat.node.session.torrents()[0]!.stats().piecesHave, 9);
  assert.equal(hashes(stat.node), 5);
  const none = await secondStart(world, made, { verify: "none" }, change);
  assert.equal(none.node.session.torrents()[0]!.stats().piecesHave, 10);
  assert.equal(hashes(none.node), 0);
  const peer = asker(world, none.node, made);
  await world.run(5000);
  assertAllRight(peer, made);
  assert.equal(peer.count("block"), 18);
});

test("a pause ends a long check at once, and the check begins anew after it", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 100 * PIECE }, { kind: "v1", pieceLength: PIECE });
  const node = await world.node();
  world.write(node, made, "/data");
  node.disk.hold("hash");
  const add = { metainfo: made.metainfo, downloadDir: "/data", seedOnly: true };
  const torrent = await node.session.add(add);
  await world.settle();
  const paused = torrent.pause();
  node.disk.letGo("hash");
  await world.finish(paused);
  assert.equal(torrent.state, "paused");
  assert.ok(hashes(node) < 10, `${hashes(node)} pieces were hashed`);
  torrent.resume();
  await world.settle();
  assert.equal(torrent.state, "seeding");
  assert.equal(torrent.stats().piecesHave, 100);
});
