import assert from "node:assert/strict";
import { test } from "node:test";
import { ShoalError } from "../../dist/base/errors.js";
import type { Session } from "../../dist/session/session.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import type { TorrentRow } from "../../dist/session/torrent-row.js";
import { type Made, type Node, type ScriptedPeer, SimulatedWorld } from "@shoal/sim";

const MINUTE = 60_000;
const TRACKER = "http://10.9.9.9/announce";

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly row: TorrentRow;
  /** A session in which nothing was added yet; its disk and store are those of a run that has the torrent complete. */
  readonly node: Node;
  readonly loads: () => number;
  readonly add: (options?: Partial<Parameters<Session["add"]>[0]>) => Promise<Torrent>;
}

/** A run that has downloaded everything and ended; then a new session with what that run left. */
async function scene(options: { readonly trackers?: readonly string[] } = {}): Promise<Scene> {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 300_000 }, { kind: "v1", pieceLength: 32_768 });
  const first = await world.node();
  world.write(first, made, "/out");
  const { trackers = [] } = options;
  const { metainfo } = made;
  const torrent = await first.session.add({ metainfo, downloadDir: "/out", trackers });
  await world.until("complete", () => torrent.state === "seeding");
  const row = JSON.parse(JSON.stringify(torrent.row())) as TorrentRow;
  await world.finish(first.session.close());
  world.web.asked.length = 0;
  const node = await world.node({ disk: first.disk, store: first.store });
  let loads = 0;
  const load = (): Promise<Uint8Array> => {
    loads++;
    return Promise.resolve(made.torrentBytes);
  };
  const add: Scene["add"] = (more) => node.session.add({ row, load, downloadDir: "/out", ...more });
  return { world, made, row, node, add, loads: () => loads };
}

/** The peer asks for the first block, and gets it. */
async function fetchBlock(world: SimulatedWorld, peer: ScriptedPeer): Promise<void> {
  await world.until("handshake", () => peer.infoHash !== null);
  peer.out.interested();
  peer.say();
  await world.until("unchoke", () => peer.count("unchoke") === 1);
  peer.out.request(0, 0, 16_384);
  peer.say();
  await world.until("a block", () => peer.count("block") === 1);
}

function sayHaveNone(peer: ScriptedPeer): void {
  peer.out.haveNone();
  peer.say();
}

test("a torrent added by its row touches no disk and sets no timer, and is found", async () => {
  const { world, made, node, add, loads } = await scene();
  const torrent = await add();
  await world.run(24 * 60 * MINUTE);
  assert.equal(torrent.state, "seeding");
  assert.equal(torrent.isAtRest, true);
  assert.equal(torrent.name, made.metainfo.name);
  assert.equal(torrent.stats().have, 300_000);
  assert.equal(node.session.find(made.metainfo.infoHashes.v1!), torrent);
  assert.equal(loads(), 0);
  assert.equal(node.disk.opened, 0);
  assert.equal(node.store.locked.size, 0);
  assert.equal(world.timers, 0);
  assert.equal(node.session.changes(0).changed[0]?.state, "seeding");
  assert.equal(world.timers, 0);
});

test("a peer wakes the torrent, is served, and a minute after it has left the torrent rests again", async () => {
  const { world, made, node, add, loads } = await scene();
  const torrent = await add();
  const events: string[] = [];
  torrent.on(({ type }) => events.push(type));
  const peer = world.dial(node, made);
  await world.until("awake", () => !torrent.isAtRest);
  await fetchBlock(world, peer);
  assert.equal(events.includes("complete"), false, "that it is complete is nothing new");
  peer.connection.close();
  await world.run(30_000);
  assert.equal(torrent.isAtRest, false);
  await world.run(2 * MINUTE);
  assert.equal(torrent.isAtRest, true);
  assert.equal(torrent.state, "seeding");
  assert.equal(torrent.stats().uploaded, 16_384);
  assert.equal(node.disk.opened, 0);
  assert.equal(node.store.locked.size, 0);
  assert.equal(world.timers, 0);
  assert.equal(loads(), 1);
  const second = world.dial(node, made);
  await fetchBlock(world, second);
  assert.equal(loads(), 2);
  assert.equal(torrent.stats().uploaded, 32_768, "totals go on");
});

test("who comes while the torrent wakes up waits, but not for ever", async () => {
  const { world, made, node, add } = await scene();
  let letGo: (bytes: Uint8Array) => void = () => undefined;
  await add({ load: () => new Promise((resolve) => (letGo = resolve)) });
  const patient = world.dial(node, made);
  await world.run(5_000);
  sayHaveNone(patient);
  await world.run(5_000);
  assert.equal(patient.closed, false);
  assert.equal(patient.infoHash, null, "not answered yet");
  await world.run(6_000);
  assert.equal(patient.closed, true);
  const late = world.dial(node, made);
  await world.run(1_000);
  sayHaveNone(late);
  await world.run(1_000);
  letGo(made.torrentBytes);
  await fetchBlock(world, late);
});

test("a crowd that waits is bounded, and nobody who talks on meanwhile stays", async () => {
  const { world, made, node, add } = await scene();
  await add({ load: () => new Promise(() => undefined) });
  const crowd = Array.from({ length: 20 }, () => world.dial(node, made));
  await world.run(1_000);
  assert.equal(crowd.filter((peer) => peer.closed).length, 4);
  const [talker] = crowd.filter((peer) => !peer.closed);
  for (let i = 0; i < 200; i++) talker!.connection.write(new Uint8Array(1_024));
  await world.run(20_000);
  assert.equal(
    crowd.every((peer) => peer.closed),
    true,
  );
});

test("at rest its trackers are told of it all the time, and only one that has leechers wakes it", async () => {
  const { world, made, node, add } = await scene({ trackers: [TRACKER] });
  const torrent = await add();
  await world.run(90 * MINUTE);
  assert.equal(torrent.isAtRest, true);
  const told = world.web.asked.map((url) => url.searchParams.get("event"));
  assert.deepEqual(told.slice(0, 3), ["started", null, null]);
  assert.equal(world.web.asked[0]!.searchParams.get("left"), "0");
  assert.equal(world.timers, 1, "the next announce");

  const met: ScriptedPeer[] = [];
  const { host } = await world.listen(made, {}, (peer) => met.push(peer));
  const address = Uint8Array.from([...host.split(".").map(Number), 6881 >> 8, 6881 & 255]);
  const text = (incomplete: number): string =>
    `d8:completei1e10:incompletei${incomplete}e8:intervali1800e5:peers6:`;
  const answer = (incomplete: number): Uint8Array =>
    Uint8Array.from([...new TextEncoder().encode(text(incomplete)), ...address, "e".charCodeAt(0)]);
  world.web.serve("10.9.9.9", () => answer(0));
  await world.run(31 * MINUTE);
  assert.equal(torrent.isAtRest, true);
  assert.equal(met.length, 0);
  world.web.serve("10.9.9.9", () => answer(1));
  await world.until("the torrent dials", () => met.length > 0, 60 * MINUTE);
  assert.equal(torrent.isAtRest, false);
  await world.finish(node.session.close());
  assert.equal(world.web.asked.at(-1)!.searchParams.get("event"), "stopped");
});

test("many are announced one after another", async () => {
  const { world, made, node, add } = await scene({ trackers: [TRACKER] });
  await add();
  for (let i = 0; i < 200; i++) {
    const v1 = i.toString(16).padStart(40, "0");
    const row = { v1, v2: null, name: `torrent ${i}`, private: false, trackers: [[TRACKER]], pieceCount: 1 };
    const sizes = { piecesHave: 1, wanted: 5, have: 5, downloaded: 0, uploaded: 0, complete: true };
    await node.session.add({
      row: { ...row, ...sizes },
      load: () => Promise.resolve(made.torrentBytes),
      downloadDir: "/out",
    });
  }
  await world.run(1_000);
  assert.ok(
    world.web.asked.length >= 35 && world.web.asked.length <= 45,
    `${world.web.asked.length} in a second`,
  );
  assert.equal(world.timers, 1);
  await world.run(9_000);
  assert.equal(world.web.asked.length, 201);
});

test("a lock that somebody else holds is a plain error, from which resume leads out", async () => {
  const { world, made, node, add } = await scene();
  const torrent = await add();
  const [key] = node.store.journals.keys();
  node.store.locked.add(key!);
  const peer = world.dial(node, made);
  await world.settle();
  assert.equal(peer.closed, true);
  assert.equal(torrent.state, "error");
  assert.equal(torrent.error?.code, "ERR_LOCKED");
  assert.equal(torrent.isAtRest, true);
  await assert.rejects(torrent.files(), { code: "ERR_LOCKED" });
  node.store.locked.delete(key!);
  torrent.resume();
  await world.until("awake", () => torrent.state === "seeding");
  assert.equal(torrent.error, null);
});

test("what can't be loaded, or is something else, is an error", async () => {
  const { world, add, node } = await scene();
  const torrent = await add({ load: () => Promise.reject(new Error("no such row")) });
  await assert.rejects(torrent.files(), { code: "ERR_NOT_FOUND", message: /no such row/ });
  assert.equal(torrent.state, "error");
  await world.finish(node.session.remove(torrent));
  const other = await world.make({ other: 50_000 }, { kind: "v1", pieceLength: 32_768 });
  const wrong = await add({ load: () => Promise.resolve(other.torrentBytes) });
  await assert.rejects(wrong.files(), { code: "ERR_METAINFO" });
  await assert.rejects(add({ load: undefined as never }), ShoalError);
});

test("what can't be loaded any more can be removed, though its files stay", async () => {
  const { world, node, add } = await scene({ trackers: [TRACKER] });
  const gone = new ShoalError("ERR_NOT_FOUND", "the torrent file is gone");
  const torrent = await add({ load: () => Promise.reject(gone) });
  await assert.rejects(world.finish(node.session.remove(torrent, { deleteData: true })), gone);
  assert.deepEqual(node.session.torrents(), []);
  assert.equal(node.store.journals.size, 0, "it is forgotten");
  assert.deepEqual([...node.disk.files.keys()], ["/out/file"]);
  torrent.resume();
  await world.run(MINUTE);
  assert.equal(torrent.state, "error", "what was removed does nothing any more");
  assert.equal(node.clock.timers, 0);
});

test("at rest it is known where its files were moved to", async () => {
  const { world, add } = await scene();
  const torrent = await add();
  await world.finish(torrent.moveTo("/there"));
  await world.until("at rest", () => torrent.isAtRest, 3 * MINUTE);
  assert.equal(torrent.downloadDir, "/there");
});

test("files are known after waking up, and a paused torrent stays paused", async () => {
  const { world, add } = await scene();
  const torrent = await add();
  const files = await world.finish(torrent.files());
  assert.deepEqual(files, [
    { index: 0, path: "file", size: 300_000, have: 300_000, wanted: true, priority: 4 },
  ]);
  await world.finish(torrent.pause());
  await world.run(3 * MINUTE);
  assert.equal(torrent.isAtRest, true);
  assert.equal(torrent.state, "paused");
  torrent.resume();
  await world.until("seeding", () => torrent.state === "seeding");
});

test("pause while waking up holds", async () => {
  const { world, made, node, add } = await scene();
  let letGo: (bytes: Uint8Array) => void = () => undefined;
  const torrent = await add({ load: () => new Promise((resolve) => (letGo = resolve)) });
  const peer = world.dial(node, made);
  await world.settle();
  await world.finish(torrent.pause());
  assert.equal(torrent.state, "paused");
  letGo(made.torrentBytes);
  await world.run(1_000);
  assert.equal(torrent.state, "paused");
  assert.equal(peer.closed, true);
});

test("pause holds against a recheck that had to wake the torrent up first", async () => {
  const { world, add } = await scene();
  const torrent = await add();
  const checked = torrent.recheck();
  await torrent.pause();
  await world.finish(checked);
  await world.run(MINUTE);
  assert.equal(torrent.state, "paused");
});

test("remove while waking up and while going to rest leaves nothing open", async () => {
  const { world, made, node, add } = await scene();
  const torrent = await add();
  const waking = torrent.files();
  const removed = node.session.remove(torrent);
  await Promise.allSettled([world.finish(waking), world.finish(removed)]);
  assert.equal(node.store.locked.size, 0);
  assert.equal(node.store.journals.size, 0);
  assert.equal(node.disk.opened, 0);
  assert.equal(node.session.find(made.metainfo.infoHashes.v1!), undefined);

  const again = await add();
  await world.finish(again.files());
  // It comes to rest a minute after what was checked has been made durable.
  await world.run(15_000 + 59_000);
  node.disk.hold("stat");
  await world.run(5_000);
  assert.equal(again.isAtRest, true);
  const gone = node.session.remove(again);
  node.disk.letGo("stat");
  await world.finish(gone);
  await world.run(1_000);
  assert.equal(node.store.locked.size, 0);
  assert.equal(node.store.journals.size, 0);
  assert.equal(node.disk.opened, 0);
  assert.equal(world.timers, 0);
});

test("who comes while the torrent goes to rest is served after it has woken up again", async () => {
  const { world, made, node, add } = await scene();
  const torrent = await add();
  await world.finish(torrent.files());
  node.disk.hold("stat");
  await world.run(65_000);
  assert.equal(torrent.isAtRest, true);
  const peer = world.dial(node, made);
  await world.settle();
  assert.equal(peer.closed, false);
  node.disk.letGo("stat");
  await fetchBlock(world, peer);
});

test("a row that is not complete starts as any download does", async () => {
  const { world, made, row, node } = await scene();
  node.disk.files.delete("/out/file");
  node.store.journals.clear();
  const seed = await world.node();
  world.write(seed, made, "/data");
  await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  const torrent = await node.session.add({
    row: { ...row, have: 0, piecesHave: 0, complete: false },
    load: () => Promise.resolve(made.torrentBytes),
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  assert.equal(torrent.isAtRest, false);
  await world.until("complete", () => torrent.state === "seeding");
  await world.run(5 * MINUTE);
  assert.equal(torrent.isAtRest, true, "the seed at its last known address does not keep it awake");
  assert.equal(torrent.row()?.complete, true);
});

test("magnets that know nobody set no timer", async () => {
  const { world, node } = await scene();
  for (let i = 1; i <= 20; i++) {
    await node.session.add({ infoHash: i.toString(16).padStart(40, "0"), downloadDir: "/out" });
  }
  await world.run(1_000);
  assert.equal(world.timers, 0);
});

test("a seed whose only candidate is dead wakes up for it when it is due", async () => {
  const { world, made, node, add } = await scene();
  const torrent = await add({ peers: [{ host: "10.7.7.7", port: 1 }] });
  await world.finish(torrent.files());
  await world.run(20_000);
  const before = world.events;
  await world.run(20_000);
  assert.ok(world.events - before < 40, `${world.events - before} events in 20 seconds`);
  assert.equal(torrent.state, "seeding");
  assert.equal(node.session.find(made.metainfo.infoHashes.v1!), torrent);
});

test("a download that knows nobody sets no timer, and goes on as soon as somebody comes", async () => {
  const { world, made } = await scene();
  const node = await world.node();
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/new" });
  await world.run(2 * MINUTE);
  assert.equal(torrent.state, "downloading");
  assert.equal(world.timers, 0);
  const seed = await world.node();
  world.write(seed, made, "/data");
  await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  torrent.addPeer({ host: seed.host, port: 6881 });
  await world.until("complete", () => torrent.state === "seeding");
});

test("a torrent that is removed on its way to life is not announced after that, nor asked about", async () => {
  const { world, node, add } = await scene({ trackers: [TRACKER] });
  const torrent = await add();
  await world.run(10 * MINUTE);
  node.disk.hold("stat");
  const waking = torrent.files();
  await world.run(1_000);
  const removed = node.session.remove(torrent);
  await world.run(5_000);
  node.disk.letGo("stat");
  await Promise.allSettled([world.finish(waking), world.finish(removed)]);
  world.web.asked.length = 0;
  await world.run(180 * MINUTE);
  assert.deepEqual(world.web.asked, []);
  assert.equal(world.timers, 0);
});
