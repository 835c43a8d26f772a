import assert from "node:assert/strict";
import { test } from "node:test";
import { ShoalError } from "../../dist/base/errors.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { seedNode, serves } from "./hardening-tools.ts";
import { type Made, type Node, type ScriptedPeer, SimulatedWorld } from "@shoal/sim";

const MIB = 1_048_576;
const SIZE = { file: 8 * MIB };
const OPT = { kind: "v1", pieceLength: 262_144 } as const;

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly leech: Node;
  readonly torrent: Torrent;
  readonly events: TorrentEvent[];
}

/** A download from a seed, on a disk with room for so many bytes. */
async function download(room: number, sizes: Record<string, number> = SIZE): Promise<Scene> {
  const world = new SimulatedWorld();
  const made = await world.make(sizes, OPT);
  const seed = await seedNode(world, made);
  const leech = await world.node();
  const events: TorrentEvent[] = [];
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
    listener: (event) => {
      events.push(event);
      // Only once it has begun: what doesn't fit at the start is refused.
      if (event.type === "peer-connected" && events.length < 5) leech.disk.store.free = room;
    },
  });
  await world.until("begun", () => torrent.state === "downloading");
  return { world, made, leech, torrent, events };
}

function warnings(events: readonly TorrentEvent[]): ShoalError[] {
  return events.flatMap((event) => (event.type === "warning" ? [event.error] : []));
}

function written(made: Made, leech: Node): boolean {
  const found = leech.disk.files.get("/out/file");
  return found !== undefined && Buffer.from(found.bytes).equals(Buffer.from(made.files.get("file")!));
}

test("full in the middle: says so once, keeps sharing, goes on by itself when there is room; nothing is checked again", async () => {
  const { world, made, leech, torrent, events } = await download(4 * MIB);
  await world.until("full", () => torrent.stats().waiting?.code === "disk-full");
  const piecesHave = torrent.stats().piecesHave;
  assert.ok(piecesHave > 4 && piecesHave <= 16, `${piecesHave}`);
  // What it has is served all the while.
  const other = world.dial(leech, made);
  await world.settle();
  other.out.haveNone();
  other.out.interested();
  other.say();
  await world.until("served", () => other.count("unchoke") > 0);
  other.out.request([...torrent.live!.content!.have][0]!, 0, 16_384);
  other.say();
  await world.until("block", () => other.count("block") === 1);
  const hashes = leech.disk.log.filter((what) => what === "hash").length;
  await world.run(300_000);
  assert.equal(torrent.state, "downloading");
  assert.equal(torrent.stats().waiting?.code, "disk-full");
  assert.match(torrent.stats().waiting!.message, /MB needed in \/out, /);
  assert.ok(leech.disk.spacePolls < 20, `${leech.disk.spacePolls} polls`);
  assert.deepEqual(
    warnings(events).map((error) => error.code),
    ["ERR_NO_SPACE"],
  );
  leech.disk.store.free = 16 * MIB;
  await world.until("complete", () => torrent.state === "seeding", 90_000);
  assert.ok(written(made, leech));
  // Each piece once, and once more for those that lost blocks.
  assert.ok(leech.disk.log.filter((what) => what === "hash").length - hashes <= 32 - piecesHave + 4);
  assert.equal(events.filter((event) => event.type === "banned").length, 0);
  assert.equal(warnings(events).length, 1);
  assert.equal(torrent.stats().waiting, null);
  await world.finish(leech.session.close());
});

test("full: requests are cancelled, the peer may serve others, and late blocks are not held against it", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node();
  let peer!: ScriptedPeer;
  const held: (() => void)[] = [];
  let hold = true;
  let requests = 0;
  const address = await world.listen(made, {}, (found) => {
    peer = found;
    serves(found, made);
    const serve = found.onHeard;
    found.onHeard = (heard, from) => {
      if (heard.kind === "request" && ++requests > 150 && hold) held.push(() => serve(heard, from));
      else serve(heard, from);
    };
  });
  const torrent = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [address] });
  await world.until("requests held", () => held.length > 30);
  leech.disk.store.free = 0;
  for (const serve of held.splice(0, 30)) serve();
  await world.until("full", () => torrent.stats().waiting?.code === "disk-full");
  await world.settle();
  assert.ok(held.length > 0);
  assert.ok(peer.count("cancel") >= held.length, "one for each request that was under way");
  assert.equal(peer.heard.findLast(({ kind }) => /interested/.test(kind))?.kind, "not interested");
  for (const serve of held.splice(0)) serve();
  await world.run(20_000);
  assert.equal(torrent.stats().peers, 1, "the late blocks were ours");
  assert.equal(held.length, 0, "nothing was asked for meanwhile");
  hold = false;
  leech.disk.store.free = 100 * MIB;
  await world.until("complete", () => torrent.state === "seeding", 90_000);
  assert.ok(written(made, leech));
});

test("room that is promised and not given, as with quotas: little is lost, and it completes when it is given", async () => {
  const { world, made, leech, torrent } = await download(4 * MIB);
  leech.disk.freeSpace = () => Promise.resolve(1e12);
  await world.run(600_000);
  assert.equal(torrent.state, "downloading");
  assert.ok(torrent.stats().wasted + torrent.stats().have < 8 * MIB, "lost again and again");
  leech.disk.store.free = Infinity;
  await world.until("complete", () => torrent.state === "seeding", 120_000);
  assert.ok(written(made, leech));
});

test("a write that fails for a moment is repeated; nobody is blamed and nothing is lost", async () => {
  const { world, made, leech, torrent, events } = await download(Infinity);
  leech.disk.failing.set(
    "write",
    new ShoalError("ERR_DISK", 'can\'t write "/out/file": EIO', { path: "/out/file", reason: "EIO" }),
  );
  await world.until("trouble", () => torrent.stats().waiting?.code === "disk-error");
  assert.match(torrent.stats().waiting!.message, /EIO; trying again$/);
  await world.run(2_000);
  leech.disk.failing.delete("write");
  await world.until("complete", () => torrent.state === "seeding");
  assert.ok(written(made, leech));
  assert.equal(warnings(events).length, 1);
  assert.equal(events.filter((event) => event.type === "banned").length, 0);
});

test("a write that fails for good stops the torrent with its reason; resume() tries again", async () => {
  const { world, made, leech, torrent, events } = await download(Infinity);
  leech.disk.failing.set(
    "write",
    new ShoalError("ERR_DISK", 'can\'t write "/out/file": EIO', { path: "/out/file", reason: "EIO" }),
  );
  await world.until("error", () => torrent.state === "error", 120_000);
  assert.equal(torrent.error?.details["path"], "/out/file");
  assert.equal(torrent.stats().waiting?.code, "disk-error");
  await world.run(600_000);
  assert.equal(torrent.state, "error");
  assert.equal(events.filter((event) => event.type === "error").length, 1);
  leech.disk.failing.delete("write");
  torrent.resume();
  await world.until("complete", () => torrent.state === "seeding", 120_000);
  assert.ok(written(made, leech));
});

test("a file system that becomes read-only stops the torrent, which starts again by itself once it is not", async () => {
  const { world, made, leech, torrent, events } = await download(Infinity);
  const refusal = new ShoalError("ERR_DISK", 'can\'t write "/out/file": EROFS', {
    path: "/out/file",
    reason: "EROFS",
  });
  leech.disk.failing.set("write", refusal);
  leech.disk.failing.set("prepare", refusal);
  await world.until("error", () => torrent.state === "error");
  await world.run(300_000);
  assert.equal(torrent.state, "error");
  assert.equal(events.filter((event) => event.type === "error").length, 1);
  leech.disk.failing.clear();
  await world.until("complete", () => torrent.state === "seeding", 180_000);
  assert.ok(written(made, leech));
});

test("a torrent that doesn't fit at the start is refused, and starts by itself once it does", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const leech = await world.node();
  leech.disk.store.free = MIB;
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  await world.until("error", () => torrent.state === "error");
  assert.equal(torrent.error?.code, "ERR_NO_SPACE");
  assert.equal(leech.disk.files.size, 0);
  await world.run(120_000);
  assert.equal(torrent.state, "error");
  leech.disk.store.free = 100 * MIB;
  await world.until("complete", () => torrent.state === "seeding", 180_000);
});

test("a full disk ends no pause, no close, and outlives both", async () => {
  const { world, made, leech, torrent } = await download(4 * MIB);
  await world.until("full", () => torrent.stats().waiting?.code === "disk-full");
  await world.finish(torrent.pause());
  assert.equal(torrent.state, "paused");
  assert.equal(torrent.stats().waiting?.code, "paused-user");
  await world.run(120_000);
  const before = leech.disk.spacePolls;
  await world.run(120_000);
  assert.equal(leech.disk.spacePolls, before, "nothing is asked while paused");
  torrent.resume();
  await world.until("full again", () => torrent.stats().waiting?.code === "disk-full", 120_000);
  leech.disk.store.free = 100 * MIB;
  await world.until("complete", () => torrent.state === "seeding", 180_000);
  assert.ok(written(made, leech));
  await world.finish(leech.session.close());
  assert.deepEqual(leech.disk.afterClose, []);
});

test("torrents in one folder share their polls", async () => {
  const world = new SimulatedWorld();
  const leech = await world.node();
  const torrents: Torrent[] = [];
  let fills = true;
  for (const name of ["a", "b", "c", "d", "e"]) {
    const made = await world.make({ [name]: 2 * MIB }, OPT);
    const seed = await seedNode(world, made);
    const peers = [{ host: seed.host, port: 6881 }];
    const listener = (event: TorrentEvent): void => {
      if (event.type === "peer-connected" && fills) leech.disk.store.free = 0;
    };
    torrents.push(await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers, listener }));
  }
  await world.until("full", () => torrents.every((one) => one.stats().waiting?.code === "disk-full"));
  fills = false;
  await world.run(120_000);
  const before = leech.disk.spacePolls;
  await world.run(600_000);
  assert.ok(leech.disk.spacePolls - before <= 11, `${leech.disk.spacePolls - before} polls in ten minutes`);
  leech.disk.store.free = Infinity;
  await world.until("complete", () => torrents.every(({ state }) => state === "seeding"), 120_000);
});

test("a state folder that is full: said once, the download goes on, and what is done is noted once there is room", async () => {
  const { world, made, leech, torrent, events } = await download(Infinity);
  const path = "/state/x.resume";
  leech.store.failing = new ShoalError("ERR_NO_SPACE", `there is no space left for "${path}"`, { path });
  await world.until("complete", () => torrent.state === "seeding");
  await world.run(60_000);
  assert.deepEqual(
    warnings(events).map((error) => error.code),
    ["ERR_NO_SPACE"],
  );
  const claims = async (): Promise<number> => {
    const next = await world.node({ disk: world.disk(leech.disk.store), store: leech.store.copy() });
    const again = await next.session.add({ metainfo: made.metainfo, downloadDir: "/out", paused: true });
    again.resume();
    await world.until("known", () => again.state !== "checking");
    const hashes = next.disk.counts.get("hash") ?? 0;
    await world.finish(next.session.close());
    return again.stats().piecesHave - hashes;
  };
  assert.ok((await claims()) < made.metainfo.layout.pieceCount, "what was not written can't be known");
  leech.store.failing = null;
  await world.run(30_000);
  assert.equal(await claims(), made.metainfo.layout.pieceCount);
  assert.equal(warnings(events).length, 1);
});

test("data that can't be made durable is said once, and again only after it could", async () => {
  const { world, leech, torrent, events } = await download(Infinity);
  const failure = new ShoalError("ERR_DISK", 'can\'t write "/out/file": EIO', {
    path: "/out/file",
    reason: "EIO",
  });
  leech.disk.failing.set("sync", failure);
  await world.until("complete", () => torrent.state === "seeding");
  await world.run(120_000);
  assert.equal(warnings(events).length, 1);
  leech.disk.failing.clear();
  await world.run(60_000);
  assert.equal(warnings(events).length, 1);
  assert.equal(torrent.state, "seeding");
});
