import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import { Xoshiro128 } from "../../dist/base/rng.js";
import type { FilePriority } from "../../dist/core/file-selection.js";
import type { ShoalError } from "../../dist/base/errors.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import { assertClaims, assertFile, Faucet, partFile, stateOf, wishes } from "./file-tools.ts";
import { hex, log, serves } from "./hardening-tools.ts";

const OUT = "/out";
const NAME = `${OUT}/folder`;
const V1 = { kind: "v1", pieceLength: 32_768 } as const;

test("a file that is wanted later is fetched by a download that was finished, and then it is a seed", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 50_000, b: 70_000, c: 90_000 }, V1);
  const leech = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const events: TorrentEvent[] = [];
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: OUT,
    peers: [seed],
    select: (file) => file.path[0] !== "b",
    listener: log(events),
  });
  await world.until("finished", () => torrent.state === "finished");
  assert.ok(partFile(leech) !== undefined, "pieces at the borders brought bytes of b");
  assert.equal(leech.disk.files.has(`${NAME}/b`), false);
  const before = torrent.stats();
  assert.equal(before.wanted, 140_000);
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 7 })));
  assert.equal(torrent.stats().wanted, 210_000);
  await world.until("a seed", () => torrent.state === "seeding");
  for (const path of made.files.keys()) assertFile(leech, made, path);
  assert.equal(partFile(leech), undefined, "nothing needs the part file any more");
  // What the part file had was not fetched again.
  assert.equal(torrent.stats().downloaded, 210_000);
  assert.equal(torrent.stats().wasted, 0);
  assert.equal(events.filter((event) => event.type === "complete").length, 2);
  assert.deepEqual(
    events.flatMap((event) => (event.type === "state" ? [event.state] : [])),
    ["checking", "downloading", "finished", "downloading", "seeding"],
  );
});

test("what is no longer wanted is not requested any more, and what is there of it stays", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 200_000, b: 400_000 }, V1);
  const leech = await world.node();
  const faucet = new Faucet();
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: OUT,
    peers: [await faucet.open(world, made)],
  });
  await world.until("requests", () => faucet.waiting > 8);
  faucet.give(8);
  await world.run(300);
  const there =
    leech.disk.files.get(`${NAME}/b`)!.bytes.length + leech.disk.files.get(`${NAME}/a`)!.bytes.length;
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 0 })));
  await world.run(50);
  assert.ok(faucet.cancelled > 0, "requests were taken back");
  const requested = torrent.peers()[0]!.requests;
  assert.ok(requested <= Math.ceil(200_000 / 16_384) + 1, `${requested} requests for a`);
  for (let i = 0; i < 20 && stateOf(torrent) !== "finished"; i++) {
    faucet.give(Infinity);
    await world.run(500);
  }
  assert.equal(stateOf(torrent), "finished");
  assertFile(leech, made, "a");
  assert.ok(leech.disk.files.has(`${NAME}/b`), "nothing of the user's is deleted");
  assert.ok(there > 0);
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 4 })));
  for (let i = 0; i < 20 && stateOf(torrent) !== "seeding"; i++) {
    faucet.give(Infinity);
    await world.run(500);
  }
  assert.equal(stateOf(torrent), "seeding");
  assertFile(leech, made, "b");
});

test("peers hear whether we still want something", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 40_000, b: 40_000 }, V1);
  const leech = await world.node();
  const said: string[] = [];
  const seed = await world.listen(made, {}, (peer) => {
    serves(peer, made);
    const serve = peer.onHeard;
    peer.onHeard = (heard, from) => {
      if (heard.kind === "handshake") from.sayExtended(0, { m: { upload_only: 3 } });
      if (heard.kind === "extended" && heard.id === 3) said.push(new TextDecoder().decode(heard.bytes));
      if (heard.kind === "interested" || heard.kind === "not interested") said.push(heard.kind);
      serve(heard, from);
    };
  });
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: OUT,
    peers: [seed],
    select: (file) => file.path[0] === "a",
  });
  await world.until("finished", () => torrent.state === "finished");
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 4 })));
  await world.settle();
  const uploadOnly = said.filter((word) => !word.includes("interested")).map((word) => word.charCodeAt(0));
  // Nothing is wanted, something is, nothing is.
  assert.equal(uploadOnly.length, 3);
  assert.notEqual(uploadOnly[0], uploadOnly[1]);
  assert.equal(uploadOnly[0], uploadOnly[2]);
  assert.deepEqual(
    said.filter((word) => word.includes("interested")),
    ["interested", "not interested", "interested", "not interested"],
  );
});

test("a file of somebody else's in the way is replaced by a download that may overwrite", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 50_000, b: 70_000 }, V1);
  const leech = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: OUT,
    peers: [seed],
    select: (file) => file.path[0] === "a",
    existing: "overwrite",
  });
  await world.until("finished", () => torrent.state === "finished");
  leech.disk.put(`${NAME}/b`, new Uint8Array(100_000).fill(1));
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 4 })));
  await world.until("a seed", () => torrent.state === "seeding");
  for (const path of made.files.keys()) assertFile(leech, made, path);
});

test("a file of somebody else's in the way is refused, and nothing changes", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 50_000, b: 70_000 }, V1);
  const leech = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: OUT,
    peers: [seed],
    select: (file) => file.path[0] === "a",
  });
  await world.until("finished", () => torrent.state === "finished");
  const mine = new Uint8Array(10).fill(1);
  leech.disk.put(`${NAME}/b`, mine);
  for (let i = 0; i < 2; i++) {
    const refused = torrent.setFilePriorities(wishes(made, { b: 4 }));
    await assert.rejects(world.finish(refused), (error: ShoalError) => error.code === "ERR_FILE_EXISTS");
    assert.equal(torrent.state, "finished");
    assert.equal((await world.finish(torrent.files()))[1]!.wanted, false);
    assert.deepEqual(leech.disk.files.get(`${NAME}/b`)!.bytes, mine);
  }
  leech.disk.store.free = 0;
  leech.disk.files.delete(`${NAME}/b`);
  const full = torrent.setFilePriorities(wishes(made, { b: 4 }));
  await assert.rejects(world.finish(full), (error: ShoalError) => error.code === "ERR_NO_SPACE");
  leech.disk.store.free = Infinity;
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 4 })));
  await world.until("a seed", () => torrent.state === "seeding");
  assertFile(leech, made, "b");
});

test("a part file that was damaged meanwhile costs a fetch, not a wrong claim", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 50_000, b: 70_000, c: 90_000 }, V1);
  const leech = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: OUT,
    peers: [seed],
    select: (file) => file.path[0] !== "b",
  });
  await world.until("finished", () => torrent.state === "finished");
  partFile(leech)!.fill(9);
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 4 })));
  assertClaims(leech, made, torrent);
  await world.until("a seed", () => torrent.state === "seeding");
  for (const path of made.files.keys()) assertFile(leech, made, path);
});

test("priorities can be set while a torrent is paused before it ever ran, and hold in the next run", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 50_000, b: 70_000, c: 90_000 }, V1);
  const first = await world.node();
  const seed = await world.listen(made, {}, (peer) => serves(peer, made));
  const add = { metainfo: made.metainfo, downloadDir: OUT, peers: [seed] };
  const torrent = await first.session.add({ ...add, paused: true });
  await world.finish(torrent.setFilePriorities(wishes(made, { b: 0, c: 7 })));
  torrent.resume();
  await world.until("finished", () => torrent.state === "finished");
  assert.equal(first.disk.files.has(`${NAME}/b`), false, "nothing appears of what is not wanted");
  await world.finish(first.session.close());
  const second = await world.node({ disk: first.disk, store: first.store });
  const again = await second.session.add(add);
  await world.until("finished again", () => again.state === "finished");
  assert.deepEqual(
    (await world.finish(again.files())).map(({ priority }) => priority),
    [4, 0, 7],
  );
  await world.finish(second.session.close());
  // What is said when it is added stands above what was remembered, and uses what the part file has.
  const third = await world.node({ disk: first.disk, store: first.store });
  const all = await third.session.add({ ...add, select: () => true });
  await world.until("a seed", () => all.state === "seeding");
  for (const path of made.files.keys()) assertFile(third, made, path);
  assert.equal(partFile(third), undefined);
  const { downloaded } = all.stats();
  assert.equal(downloaded, 210_000, "no byte came twice");
});

test("files are not known before the metadata", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ a: 50_000 }, V1);
  const leech = await world.node();
  const torrent = await leech.session.add({ infoHash: hex(made.metainfo.infoHashes.v1!), downloadDir: OUT });
  const early = torrent.setFilePriorities(new Map([[0, 4]]));
  await assert.rejects(world.finish(early), (error: ShoalError) => error.code === "ERR_INVALID_ARGUMENT");
});

for (const kind of ["v1", "hybrid"] as const) {
  for (let seed = 1; seed <= 4; seed++) {
    test(`wishes that change 200 times during a ${kind} transfer lose and spoil nothing (seed ${seed})`, async () => {
      const rng = new Xoshiro128(seed);
      const world = new SimulatedWorld({ seed });
      const sizes: Record<string, number> = { empty: 0 };
      for (let i = 0; i < 12; i++)
        sizes[`f${String(i).padStart(2, "0")}`] = 1 + rng.below(i % 3 === 0 ? 5_000 : 300_000);
      const made = await world.make(sizes, { kind, pieceLength: 32_768 });
      const disk = (await world.node()).disk;
      const faucets = [new Faucet(), new Faucet(), new Faucet()];
      const peers = await Promise.all(faucets.map((faucet) => faucet.open(world, made)));
      let node = await world.node({ disk });
      let torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: OUT, peers });
      const indices = made.metainfo.layout.files.filter((file) => !file.pad).map((file) => file.index);
      await world.run(300);
      for (let step = 0; step < 200; step++) {
        const changes = new Map<number, FilePriority>();
        for (const index of indices) {
          if (rng.below(3) === 0)
            changes.set(index, (rng.below(2) === 0 ? 0 : 1 + rng.below(7)) as FilePriority);
        }
        const changed = torrent.setFilePriorities(changes);
        for (const faucet of faucets) if (rng.below(2) === 0) faucet.give(rng.below(2));
        await world.finish(changed);
        await world.run(rng.below(120));
        if (step % 10 === 0) assertClaims(node, made, torrent);
        if (rng.below(40) === 0) {
          await world.finish(node.session.close());
          node = await world.node({ disk, store: node.store });
          torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: OUT, peers });
          await world.run(300);
        }
      }
      await world.finish(torrent.setFilePriorities(new Map(indices.map((index) => [index, 4]))));
      for (let i = 0; i < 200 && torrent.state !== "seeding"; i++) {
        for (const faucet of faucets) faucet.give(Infinity);
        await world.run(250);
      }
      assert.equal(torrent.state, "seeding", torrent.error?.message);
      for (const path of made.files.keys()) assertFile(node, made, path);
      assert.equal(partFile(node), undefined);
      await world.finish(node.session.close());
    });
  }
}
