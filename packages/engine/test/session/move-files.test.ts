import assert from "node:assert/strict";
import { test } from "node:test";
import { type Made, type Node, SimulatedWorld } from "@shoal/sim";
import { Xoshiro128 } from "../../dist/base/rng.js";
import type { ShoalError } from "../../dist/base/errors.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import { assertClaims, assertFile, Faucet, indexOf, partFile, stateOf } from "./file-tools.ts";
import { log, seedNode, serves } from "./hardening-tools.ts";

const V1 = { kind: "v1", pieceLength: 32_768 } as const;
const SIZES = { a: 300_000, "sub/b": 70_000, "sub/c": 200_000, empty: 0 };

function failsWith(code: string): (error: ShoalError) => boolean {
  return (error) => {
    assert.equal(error.code, code, error.message);
    return true;
  };
}

async function fourPeers(
  world: SimulatedWorld,
  made: Made,
): Promise<[Faucet[], { host: string; port: number }[]]> {
  const faucets = Array.from({ length: 4 }, () => new Faucet());
  return [faucets, await Promise.all(faucets.map((faucet) => faucet.open(world, made)))];
}

function pathsOf(node: Node): string[] {
  return [...node.disk.files.keys()].filter((path) => !path.startsWith("/state")).sort();
}

for (const isFar of [false, true]) {
  const where = isFar ? "to another file system" : "on one file system";

  for (let seed = 1; seed <= 3; seed++) {
    test(`a download from four peers is moved ${where} and renamed again and again (seed ${seed})`, async () => {
      const rng = new Xoshiro128(seed);
      const world = new SimulatedWorld({ seed });
      const made = await world.make(SIZES, V1);
      const leech = await world.node({
        diskSpec: { slotCount: 32, latencyMs: 5, rate: 20_000_000, disorderMs: 20 },
      });
      leech.disk.isFar = isFar;
      const [faucets, peers] = await fourPeers(world, made);
      const events: TorrentEvent[] = [];
      const torrent = await leech.session.add({
        metainfo: made.metainfo,
        downloadDir: "/out",
        peers,
        listener: log(events),
      });
      await world.run(300);
      for (let step = 0; step < 30; step++) {
        for (const faucet of faucets) faucet.give(rng.below(2));
        await world.run(rng.below(50));
        for (const faucet of faucets) faucet.give(rng.below(2));
        const what = rng.below(3);
        if (what === 0) await world.finish(torrent.moveTo(`/out${rng.below(3)}`));
        else if (what === 1) await world.finish(torrent.renameRoot(`name ${rng.below(3)}`));
        else {
          const file = indexOf(made, "sub/b");
          const folder = (await world.finish(torrent.files()))[0]!.path.split("/")[0]!;
          await world.finish(torrent.renameFile(file, `${folder}/${rng.below(3)}/b`));
        }
        if (step % 5 === 0) assertClaims(leech, made, torrent);
      }
      for (let i = 0; i < 100 && torrent.state !== "seeding"; i++) {
        for (const faucet of faucets) faucet.give(Infinity);
        await world.run(250);
      }
      assert.equal(torrent.state, "seeding", torrent.error?.message);
      assertClaims(leech, made, torrent);
      assert.equal(pathsOf(leech).length, 4, "nothing is left anywhere");
      const bad = events.filter(({ type }) => type === "banned" || type === "warning" || type === "error");
      assert.deepEqual(bad, [], "nobody was blamed for what the move did");
    });
  }

  test(`a seed goes on serving while its files are moved ${where}`, async () => {
    const world = new SimulatedWorld();
    const made = await world.make(SIZES, V1);
    const seed = await seedNode(world, made);
    seed.disk.isFar = isFar;
    const [served] = seed.session.torrents();
    const leech = await world.node();
    const events: TorrentEvent[] = [];
    const got = await leech.session.add({
      metainfo: made.metainfo,
      downloadDir: "/out",
      peers: [seed.endpoint],
      listener: log(events),
    });
    for (let i = 0; i < 20 && stateOf(got) !== "seeding"; i++) {
      await world.finish(served!.moveTo(`/data ${i % 2}`));
      await world.run(1);
    }
    await world.until("complete", () => got.state === "seeding");
    for (const path of made.files.keys()) assertFile(leech, made, path);
    assert.equal(events.filter((event) => event.type === "peer-disconnected").length <= 1, true);
    assert.equal(served!.state, "seeding");
  });

  test(`killed in the middle of a move ${where}, the files are at one place and nothing is lost`, async () => {
    for (const when of ["begun", "copied", "moved"] as const) {
      const world = new SimulatedWorld();
      const made = await world.make(SIZES, V1);
      const node = await world.node();
      node.disk.isFar = isFar;
      const [faucets, peers] = await fourPeers(world, made);
      const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers });
      await world.run(300);
      for (const faucet of faucets) faucet.give(3);
      await world.run(500);
      assert.ok(torrent.stats().piecesHave > 0);
      const before = torrent.stats().piecesHave;
      node.disk.hold("move");
      torrent.moveTo("/new").catch(() => undefined);
      await world.settle();
      if (when !== "begun") node.disk.letGoOne("move");
      await world.settle();
      // Moved, but the journal does not know yet: its next record is the last.
      if (when === "moved") node.disk.letGoOne("move");
      if (when === "moved") node.disk.hold("stat");
      await world.settle();
      node.kill();
      const again = await world.node({ disk: world.disk(node.disk.store), store: node.store });
      const downloadDir = when === "moved" ? "/new" : "/out";
      const events: TorrentEvent[] = [];
      const resumed = await again.session.add({
        metainfo: made.metainfo,
        downloadDir: "/out",
        peers,
        listener: log(events),
      });
      await world.run(300);
      assert.equal(resumed.stats().piecesHave, before, `${when}: ${downloadDir}`);
      assertClaims(again, made, resumed);
      for (let i = 0; i < 100 && stateOf(resumed) !== "seeding"; i++) {
        for (const faucet of faucets) faucet.give(Infinity);
        await world.run(250);
      }
      assert.equal(resumed.state, "seeding", resumed.error?.message);
      assertClaims(again, made, resumed);
      const roots = new Set(pathsOf(again).map((path) => path.split("/")[1]));
      assert.equal(roots.size, 1, "all at one place");
      await world.finish(again.session.close());
    }
  });
}

test("after a move the torrent is found by its new folder and by its old one", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const first = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const add = { metainfo: made.metainfo, peers: [seed] };
  const events: TorrentEvent[] = [];
  const torrent = await first.session.add({
    ...add,
    downloadDir: "/out",
    select: (file) => file.path[0] !== "a",
    listener: log(events),
  });
  await world.until("finished", () => torrent.state === "finished");
  await world.finish(torrent.moveTo("/new"));
  await world.finish(torrent.renameFile(indexOf(made, "sub/b"), "folder/sub/B 2"));
  assert.equal(torrent.downloadDir, "/new");
  assert.ok(events.some((event) => event.type === "moved" && event.downloadDir === "/new"));
  const part = partFile(first);
  assert.ok(part !== undefined);
  await world.finish(first.session.close());
  for (const downloadDir of ["/new", "/out"]) {
    const next = await world.node({ disk: first.disk, store: first.store });
    const again = await next.session.add({ ...add, downloadDir });
    await world.until("finished again", () => again.state === "finished");
    assert.equal(again.downloadDir, "/new");
    assert.ok((await world.finish(again.files())).some((file) => file.path === "folder/sub/B 2"));
    assert.deepEqual(partFile(next), part);
    assert.equal(again.stats().downloaded, torrent.stats().downloaded);
    await world.finish(next.session.close());
  }
  // Another folder is another download.
  const other = await world.node({ disk: first.disk, store: first.store });
  const fresh = await other.session.add({ ...add, downloadDir: "/third" });
  await world.until("a seed", () => fresh.state === "seeding");
  assertFile(other, made, "a", "/third/folder");
  await world.finish(other.session.close());
});

test("a move that can't be made is refused in words, and changes nothing", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [seed] });
  await world.until("a seed", () => torrent.state === "seeding");
  const mine = new Uint8Array(3);
  node.disk.put("/new/folder/sub/b", mine);
  const files = pathsOf(node);
  await assert.rejects(world.finish(torrent.moveTo("/new")), failsWith("ERR_FILE_EXISTS"));
  await assert.rejects(world.finish(torrent.moveTo("new")), failsWith("ERR_INVALID_ARGUMENT"));
  const b = indexOf(made, "sub/b");
  for (const name of [
    "../b",
    "/b",
    "",
    "folder//b",
    "folder/con",
    "folder/b.",
    "folder/a\u202Eb",
    "folder/a:b",
  ])
    await assert.rejects(world.finish(torrent.renameFile(b, name)), failsWith("ERR_PATH"), name);
  for (const name of ["folder/a", "folder/A", "folder/a/b", "folder/sub", "folder"])
    await assert.rejects(world.finish(torrent.renameFile(b, name)), failsWith("ERR_PATH"), name);
  await assert.rejects(world.finish(torrent.renameFile(99, "folder/x")), failsWith("ERR_INVALID_ARGUMENT"));
  for (const name of ["a/b", "..", "nul", ""])
    await assert.rejects(world.finish(torrent.renameRoot(name)), failsWith("ERR_PATH"), name);
  assert.deepEqual(pathsOf(node), files);
  assert.equal(torrent.state, "seeding");
  assert.equal(torrent.downloadDir, "/out");
  await world.finish(torrent.moveTo("/new", { overwrite: true }));
  await world.finish(torrent.renameFile(b, "folder/SUB/B"));
  assert.equal(torrent.state, "seeding");
  await world.run(3000);
  assert.equal(torrent.state, "seeding", "nobody took the move for a change");
});

test("closing the session ends a move that is under way, and everything is where it was", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await world.node();
  node.disk.isFar = true;
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [seed] });
  await world.until("a seed", () => torrent.state === "seeding");
  node.disk.hold("move");
  const moved = torrent.moveTo("/new");
  await world.settle();
  const closed = node.session.close();
  node.disk.letGo("move");
  await assert.rejects(world.finish(moved), failsWith("ERR_CLOSED"));
  await world.finish(closed);
  for (const path of made.files.keys()) assertFile(node, made, path);
  const again = await world.node({ disk: node.disk, store: node.store });
  const resumed = await again.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.until("a seed", () => resumed.state === "seeding");
});

test("removing with the data takes what the download made, and nothing else", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const node = await world.node();
  // This one was there, complete, before the download.
  node.disk.put("/out/folder/empty", new Uint8Array(0));
  node.disk.put("/out/folder/mine", new Uint8Array(1));
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await node.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [seed],
    existing: "overwrite",
    select: (file) => file.path[0] !== "a",
  });
  await world.until("finished", () => torrent.state === "finished");
  // This one was put there by somebody since.
  node.disk.files.delete("/out/folder/sub/c");
  node.disk.put("/out/folder/sub/c", new Uint8Array(5));
  await world.finish(node.session.remove(torrent, { deleteData: true }));
  assert.ok(node.disk.files.has("/out/folder/mine"));
  assert.ok(node.disk.files.has("/out/folder/sub/c"));
  assert.equal(node.disk.files.has("/out/folder/sub/b"), false);
  assert.equal(partFile(node), undefined);
  assert.equal(node.store.journals.size, 0);
  const shared = await seedNode(world, made, "/data");
  await world.finish(shared.session.remove(shared.session.torrents()[0]!, { deleteData: true }));
  assertFile(shared, made, "a", "/data/folder");
});

test("files that somebody has moved are adopted where they are now, and checked", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 50_000, b: 70_000 }, { kind: "v1", pieceLength: 32_768 });
  const { disk, session } = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [seed] });
  await world.until("complete", () => torrent.state === "seeding");
  for (const [path, bytes] of made.files) disk.put(`/new/folder/${path}`, bytes.slice());
  const kept = [...disk.files.keys()].filter((path) => path.startsWith("/out/"));
  await world.finish(torrent.moveTo("/new", { adopt: true }));
  await world.finish(torrent.recheck());
  assert.equal(torrent.downloadDir, "/new");
  await world.until("shared from there", () => torrent.state === "seeding");
  for (const path of kept) assert.ok(disk.files.has(path), "nothing was taken away");
  assert.equal(torrent.stats().downloaded, 120_000);
});
