import assert from "node:assert/strict";
import { test } from "node:test";
import type { TorrentRow } from "../../dist/session/torrent-row.js";
import { type Made, type Node, type ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import { ShoalError } from "../../dist/base/errors.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { log, serves } from "./hardening-tools.ts";

const MIB = 1_048_576;
const OPT = { kind: "v1", pieceLength: 262_144 } as const;
const SIZES = { a: 2 * MIB, b: 2 * MIB, c: 2 * MIB };

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly node: Node;
  readonly torrent: Torrent;
  readonly events: TorrentEvent[];
}

/** A share with somebody connected who has nothing. */
async function share(): Promise<Scene & { readonly guest: ScriptedPeer }> {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, OPT);
  const node = await world.node();
  world.write(node, made, "/data");
  const events: TorrentEvent[] = [];
  const add = { metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true } as const;
  const torrent = await node.session.add({ ...add, listener: log(events) });
  await world.until("shared", () => torrent.state === "seeding");
  const guest = world.dial(node, made);
  await world.settle();
  guest.out.haveNone();
  guest.sayExtended(0, { m: { lt_donthave: 9 } });
  await world.run(3_000);
  return { world, made, node, torrent, events, guest };
}

/** A download that is half done: its only peer serves no more until `goOn`. */
async function half(): Promise<Scene & { readonly goOn: () => void }> {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, OPT);
  const node = await world.node();
  let isHeld = true;
  let served = 0;
  const held: (() => void)[] = [];
  const address = await world.listen(made, {}, (peer) => {
    serves(peer, made);
    const serve = peer.onHeard;
    peer.onHeard = (heard, from) => {
      if (heard.kind === "request" && ++served > 200 && isHeld) held.push(() => serve(heard, from));
      else serve(heard, from);
    };
  });
  const events: TorrentEvent[] = [];
  const add = { metainfo: made.metainfo, downloadDir: "/out", peers: [address], listener: log(events) };
  const torrent = await node.session.add(add);
  await world.until("half", () => held.length > 10 && torrent.stats().piecesHave > 5);
  const goOn = (): void => {
    isHeld = false;
    for (const serve of held.splice(0)) serve();
  };
  return { world, made, node, torrent, events, goOn };
}

function isRight({ made, node }: Scene, name: string): boolean {
  const found = node.disk.files.get(`/out/folder/${name}`);
  return found !== undefined && Buffer.from(found.bytes).equals(Buffer.from(made.files.get(name)!));
}

const count = (events: readonly TorrentEvent[], type: TorrentEvent["type"]): number =>
  events.filter((event) => event.type === type).length;

test("files that vanish under a share: taken back at once, one reason, nothing is made anew, shared again when they are back", async () => {
  const { world, made, node, torrent, events, guest } = await share();
  const all = made.metainfo.layout.pieceCount;
  const kept = ["a", "b"].map(
    (name) => [`/data/folder/${name}`, node.disk.files.get(`/data/folder/${name}`)!] as const,
  );
  for (const [path] of kept) node.disk.files.delete(path);
  await world.run(3_000);
  assert.equal(torrent.stats().piecesHave, 8);
  assert.equal(torrent.stats().waiting?.code, "files-missing");
  assert.match(torrent.stats().waiting!.message, /^\/data\/folder\/a and 1 more file are missing; /);
  assert.equal(count(events, "warning"), 1);
  const withdrawn = guest.heard.filter(({ kind, id }) => kind === "extended" && id === 9);
  assert.equal(withdrawn.length, 16, "pieces were taken back");
  // Also when everybody has left it is noticed that they are back.
  guest.connection.close();
  await world.run(60_000);
  assert.equal(node.disk.files.size, 1);
  const hashes = node.disk.counts.get("hash") ?? 0;
  for (const [path, file] of kept) node.disk.files.set(path, file);
  await world.until("back", () => torrent.stats().piecesHave === all, 70_000);
  assert.equal(torrent.stats().waiting, null);
  assert.equal(torrent.state, "seeding");
  assert.equal(node.disk.counts.get("hash") ?? 0, hashes, "what is unchanged is not read");
  await world.run(120_000);
});

test("a file that comes back as another is compared first; only what is right is shared", async () => {
  const { world, made, node, torrent } = await share();
  const all = made.metainfo.layout.pieceCount;
  node.disk.files.delete("/data/folder/b");
  await world.run(3_000);
  const other = made.files.get("b")!.slice();
  other[0]! ^= 1;
  node.disk.put("/data/folder/b", other);
  await world.run(70_000);
  assert.equal(torrent.stats().piecesHave, all - 1);
  assert.equal(torrent.stats().waiting?.code, "files-changed");
  node.disk.put("/data/folder/b", made.files.get("b")!.slice());
  await world.run(70_000);
  assert.equal(torrent.stats().piecesHave, all);
  assert.equal(torrent.stats().waiting, null);
});

test("a piece that can't be read is refused and taken back; the torrent lives, and shares it again once it can", async () => {
  const { world, made, node, torrent, events, guest } = await share();
  guest.out.interested();
  guest.say();
  await world.until("unchoked", () => guest.count("unchoke") > 0);
  const broken = new ShoalError("ERR_DISK", 'can\'t read "/data/folder/a": EIO', {
    path: "/data/folder/a",
    reason: "EIO",
  });
  node.disk.failing.set("read", broken);
  node.disk.failing.set("hash", broken);
  guest.out.request(3, 0, 16_384);
  guest.say();
  await world.run(1_000);
  assert.equal(guest.count("reject"), 1);
  assert.equal(torrent.stats().piecesHave, made.metainfo.layout.pieceCount - 1);
  assert.equal(torrent.stats().waiting?.code, "disk-error");
  await world.run(120_000);
  assert.equal(count(events, "warning"), 1);
  node.disk.failing.clear();
  await world.run(70_000);
  assert.equal(torrent.stats().piecesHave, made.metainfo.layout.pieceCount);
  assert.equal(torrent.stats().waiting, null);
});

test("files that vanish under a download stop it; nothing is made anew; it goes on by itself when they are back", async () => {
  const scene = await half();
  const { world, node, torrent, events, goOn } = scene;
  const have = torrent.stats().piecesHave;
  const kept = [...node.disk.files];
  node.disk.files.clear();
  await world.until("stopped", () => torrent.state === "error");
  assert.equal(torrent.error?.code, "ERR_FILES_MISSING");
  assert.match(torrent.stats().waiting!.message, /^\/out\/folder\/a and 2 more files are missing; /);
  goOn();
  await world.run(120_000);
  assert.equal(node.disk.files.size, 0);
  assert.equal(count(events, "error"), 1);
  for (const [path, file] of kept) node.disk.files.set(path, file);
  await world.until("going on", () => torrent.state === "downloading", 70_000);
  assert.equal(torrent.stats().piecesHave, have);
  await world.until("complete", () => torrent.state === "seeding", 120_000);
  for (const name of ["a", "b", "c"]) assert.ok(isRight(scene, name), name);
  assert.equal(count(events, "banned"), 0);
  await world.finish(node.session.close());
});

test("resume() after files vanished fetches them anew, and the journal claims nothing that is not there", async () => {
  const scene = await half();
  const { world, made, node, torrent, goOn } = scene;
  node.disk.files.delete("/out/folder/b");
  await world.until("stopped", () => torrent.state === "error");
  torrent.resume();
  await world.until("going on", () => torrent.state === "downloading");
  // The process dies when b has grown: the next run must not believe in the pieces that the old b had.
  const size = made.files.get("b")!.length;
  node.disk.files.get("/out/folder/b")!.bytes = new Uint8Array(size);
  const next = await world.node({ disk: world.disk(node.disk.store), store: node.store.copy() });
  const again = await next.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(1_000);
  assert.equal(again.state, "downloading", again.error?.message);
  const piecesOfB = [...again.live!.content!.have].filter((piece) => piece >= 8 && piece < 16);
  assert.deepEqual(piecesOfB, []);
  assert.ok(again.stats().piecesHave > 0);
  await world.finish(next.session.close());
  goOn();
  await world.until("complete", () => torrent.state === "seeding", 120_000);
  for (const name of ["a", "b", "c"]) assert.ok(isRight(scene, name), name);
});

test("a stranger's file in the place of one being downloaded is not written to; its own, moved back, is", async () => {
  const scene = await half();
  const { world, node, torrent, events, goOn } = scene;
  const own = node.disk.files.get("/out/folder/b")!;
  const strange = new Uint8Array(own.size).fill(7);
  node.disk.put("/out/folder/b", strange.slice());
  goOn();
  await world.until("stopped", () => torrent.state === "error");
  assert.equal(torrent.error?.code, "ERR_FILE_CHANGED");
  assert.equal(torrent.stats().waiting?.code, "files-changed");
  torrent.resume();
  await world.run(120_000);
  assert.equal(torrent.state, "error");
  assert.deepEqual(node.disk.files.get("/out/folder/b")!.bytes, strange);
  node.disk.files.set("/out/folder/b", own);
  await world.until("complete", () => torrent.state === "seeding", 180_000);
  for (const name of ["a", "b", "c"]) assert.ok(isRight(scene, name), name);
  assert.equal(count(events, "banned"), 0);
});

test("a file that was written into during a pause is compared: only what is wrong comes again, and nobody is blamed", async () => {
  const scene = await half();
  const { world, node, torrent, events, goOn } = scene;
  void torrent.pause();
  await world.until("paused", () => torrent.state === "paused");
  await world.run(3_000);
  // All of what has come of the file that grew most, in place.
  const [path, file] = [...node.disk.files].toSorted(([, a], [, b]) => b.usedBytes - a.usedBytes)[0]!;
  file.bytes = new Uint8Array(file.size).fill(9);
  node.disk.touch(path);
  goOn();
  torrent.resume();
  await world.until("complete", () => torrent.state === "seeding", 120_000);
  for (const name of ["a", "b", "c"]) assert.ok(isRight(scene, name), name);
  assert.equal(count(events, "banned"), 0);
  assert.ok(events.some((event) => event.type === "checked" && event.reason === "changed"));
});

test("a share that is wrong from the start says so, and is whole once its file is put right", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, OPT);
  const node = await world.node();
  world.write(node, made, "/data");
  const right = node.disk.files.get("/data/folder/b")!.bytes.slice();
  node.disk.files.get("/data/folder/b")!.flip(700_000);
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true });
  const all = made.metainfo.layout.pieceCount;
  await world.until("checked", () => torrent.stats().piecesHave === all - 1);
  await world.run(5_000);
  assert.equal(torrent.stats().waiting?.code, "files-changed");
  assert.match(torrent.stats().waiting!.message, /^\/data\/folder\/b was changed; /);
  node.disk.put("/data/folder/b", right);
  await world.until("whole", () => torrent.state === "seeding", 130_000);
  assert.equal(torrent.stats().waiting, null);
});

test("a copy with the same content in the place of a file being downloaded is taken for it", async () => {
  const scene = await half();
  const { world, node, torrent, events, goOn } = scene;
  for (const name of ["a", "b", "c"]) {
    const path = `/out/folder/${name}`;
    node.disk.put(path, node.disk.files.get(path)!.bytes.slice());
  }
  goOn();
  await world.until("complete", () => torrent.state === "seeding", 180_000);
  for (const name of ["a", "b", "c"]) assert.ok(isRight(scene, name), name);
  assert.equal(count(events, "banned"), 0);
});

test("a file that is gone when a paused download is resumed stops it with the reason", async () => {
  const scene = await half();
  const { world, node, torrent, goOn } = scene;
  await world.finish(torrent.pause());
  node.disk.files.delete("/out/folder/c");
  torrent.resume();
  await world.until("stopped", () => torrent.state === "error");
  assert.equal(torrent.error?.code, "ERR_FILES_MISSING");
  goOn();
  torrent.resume();
  await world.until("complete", () => torrent.state === "seeding", 180_000);
  assert.ok(isRight(scene, "c"));
});

/** A torrent that a run has downloaded completely, and that run's disk and state in a new session. */
async function downloadedBefore(): Promise<{
  world: SimulatedWorld;
  made: Made;
  row: TorrentRow;
  node: Node;
}> {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, OPT);
  const first = await world.node();
  const address = await world.listen(made, {}, (peer) => serves(peer, made));
  const add = { metainfo: made.metainfo, downloadDir: "/out", peers: [address] };
  const torrent = await first.session.add(add);
  await world.until("complete", () => torrent.state === "seeding");
  const row = torrent.row()!;
  await world.finish(first.session.close());
  return { world, made, row, node: await world.node({ disk: first.disk, store: first.store }) };
}

test("a kept torrent whose files are gone at the start makes nothing anew; it starts by itself when they are back", async () => {
  const { world, made, row, node } = await downloadedBefore();
  const kept = [...node.disk.files];
  node.disk.files.clear();
  const hashes = node.disk.counts.get("hash");
  const events: TorrentEvent[] = [];
  const torrent = await node.session.add({
    row: { ...row, complete: false },
    load: () => Promise.resolve(made.torrentBytes),
    downloadDir: "/out",
    listener: log(events),
  });
  await world.run(120_000);
  assert.equal(torrent.state, "error");
  assert.equal(torrent.error?.code, "ERR_FILES_MISSING");
  assert.equal(torrent.stats().waiting?.code, "files-missing");
  assert.equal(node.disk.files.size, 0);
  assert.equal(count(events, "error"), 1);
  for (const [path, file] of kept) node.disk.files.set(path, file);
  await world.until("seeding", () => torrent.state === "seeding", 70_000);
  assert.equal(node.disk.counts.get("hash"), hashes, "what is unchanged is not read");
});

test("a download asked for again whose files are gone says so and fetches them again", async () => {
  const { world, made, node } = await downloadedBefore();
  node.disk.files.delete("/out/folder/b");
  const events: TorrentEvent[] = [];
  const address = await world.listen(made, {}, (peer) => serves(peer, made));
  const load = (): Promise<Uint8Array> => Promise.resolve(made.torrentBytes);
  const { metainfo } = made;
  const add = { metainfo, load, downloadDir: "/out", peers: [address], listener: log(events) };
  const torrent = await node.session.add(add);
  await world.until("complete", () => torrent.state === "seeding");
  const warnings = events.filter((event) => event.type === "warning");
  assert.deepEqual(
    warnings.map((event) => event.error.message),
    ["/out/folder/b is missing and fetched again"],
  );
});

test("a share that lost a file doesn't go to rest before it has found it", async () => {
  const { world, made, node } = await downloadedBefore();
  const load = (): Promise<Uint8Array> => Promise.resolve(made.torrentBytes);
  const torrent = await node.session.add({ metainfo: made.metainfo, load, downloadDir: "/out" });
  await world.until("seeding", () => torrent.state === "seeding");
  const guest = world.dial(node, made);
  await world.settle();
  guest.out.haveNone();
  guest.say();
  const file = node.disk.files.get("/out/folder/b")!;
  node.disk.files.delete("/out/folder/b");
  await world.until("missing", () => torrent.stats().waiting?.code === "files-missing");
  guest.connection.close();
  await world.run(600_000);
  assert.equal(torrent.isAtRest, false);
  assert.equal(node.disk.files.size, 2);
  node.disk.files.set("/out/folder/b", file);
  await world.until("found", () => torrent.stats().waiting === null, 70_000);
  await world.run(600_000);
  assert.equal(torrent.isAtRest, true);
  assert.equal(torrent.stats().have, 6 * MIB);
});
