import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_SIZE, type TorrentKind } from "../../dist/meta/layout.js";
import type { Endpoint } from "../../dist/ports/net.js";
import type { PieceDigest } from "../../dist/ports/disk.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { log, seedNode } from "./hardening-tools.ts";
import { type Liar, liar, LINK } from "./liar.ts";
import { DiskFiles, type Made, type Node, type SimulatedDisk, SimulatedWorld } from "@shoal/sim";

const PIECE = 131_072;
const KINDS = ["v1", "v2", "hybrid"] as const;

interface Download {
  readonly node: Node;
  readonly torrent: Torrent;
  readonly events: TorrentEvent[];
  readonly banned: string[];
}

async function download(
  world: SimulatedWorld,
  made: Made,
  peers: readonly Endpoint[],
  disk?: SimulatedDisk,
): Promise<Download> {
  const node = await world.node(disk === undefined ? {} : { disk });
  const events: TorrentEvent[] = [];
  const { metainfo } = made;
  const torrent = await node.session.add({ metainfo, downloadDir: "/out", peers, listener: log(events) });
  const banned = (): string[] => events.flatMap((event) => (event.type === "banned" ? [event.host] : []));
  return {
    node,
    torrent,
    events,
    get banned() {
      return banned();
    },
  };
}

async function honest(world: SimulatedWorld, made: Made, count: number): Promise<Endpoint[]> {
  const seeds: Endpoint[] = [];
  for (let n = 0; n < count; n++)
    seeds.push({ host: (await seedNode(world, made, "/data", { link: LINK })).host, port: 6881 });
  return seeds;
}

function assertRight(made: Made, { node }: Download): void {
  const [name] = made.files.keys();
  assert.deepEqual(node.disk.files.get(`/out/${name}`)!.bytes, made.files.get(name!));
}

const make = (world: SimulatedWorld, kind: TorrentKind, size: number): Promise<Made> =>
  world.make({ file: size }, { kind, pieceLength: PIECE });

for (const kind of KINDS) {
  test(`${kind}: of nine peers, the one that lies in every thousandth block is banned, for less than two pieces`, async () => {
    const world = new SimulatedWorld({ seed: 3 });
    const made = await make(world, kind, 6_000_000);
    const bad = await liar(world, made, (count) => count % 1_000 === 20);
    const got = await download(world, made, [bad, ...(await honest(world, made, 8))]);
    await world.until("complete", () => got.torrent.state === "seeding", 120_000);
    // The verdict on the last piece comes a moment after it.
    await world.run(1_000);
    assert.equal(bad.lies, 1);
    assert.deepEqual(got.banned, [bad.host]);
    const { failed } = got.torrent.stats();
    assert.ok(failed < 2 * PIECE, `${failed} bytes in vain`);
    if (kind !== "v1") assert.equal(failed, BLOCK_SIZE);
    assertRight(made, got);
  });

  test(`${kind}: two that tell the same lies are both banned, and nobody else`, async () => {
    const world = new SimulatedWorld({ seed: 4 });
    const made = await make(world, kind, 4_000_000);
    const lies = (_count: number, piece: number, begin: number): boolean =>
      piece % 5 === 0 && begin === 3 * BLOCK_SIZE;
    const a = await liar(world, made, lies);
    const b = await liar(world, made, lies);
    const got = await download(world, made, [a, b, ...(await honest(world, made, 4))]);
    await world.until("complete", () => got.torrent.state === "seeding", 300_000);
    await world.run(1_000);
    const liars = [a, b].filter((one) => one.lies > 0).map(({ host }) => host);
    assert.ok(liars.length > 0);
    for (const host of got.banned) assert.ok(liars.includes(host), `${host} is innocent`);
    assert.equal(got.banned.length, liars.length);
    assertRight(made, got);
  });

  test(`${kind}: memory that spoils everything: nobody is banned, one warning, and an end with a reason`, async () => {
    const world = new SimulatedWorld({ seed: 5 });
    const made = await make(world, kind, 2_000_000);
    const disk = badMemory(world, () => true);
    const got = await download(world, made, await honest(world, made, 8), disk);
    await world.until("the torrent stops", () => got.torrent.state === "error", 30 * 60_000);
    assert.equal(got.torrent.error?.code, "ERR_VERIFY");
    assert.match(got.torrent.error.message, /memory and disk/);
    assert.deepEqual(got.banned, []);
    assert.equal(got.events.filter(({ type }) => type === "warning").length, 1);
    const { failed } = got.torrent.stats();
    // What was under way, then a piece or two for each peer in each round.
    assert.ok(failed <= 8 * 20 * PIECE, `${failed} bytes`);
  });
}

for (const kind of ["v1", "v2"] as const) {
  test(`${kind}: memory that spoils a block now and then: the download ends well, with one warning`, async () => {
    const world = new SimulatedWorld({ seed: 6 });
    const made = await make(world, kind, 6_000_000);
    const disk = badMemory(world, (count) => count % 23 === 0);
    const got = await download(world, made, await honest(world, made, 8), disk);
    await world.until("complete", () => got.torrent.state === "seeding", 30 * 60_000);
    assert.equal(got.events.filter(({ type }) => type === "warning").length, 1);
    // Who was banned before it was clear is free again.
    assert.deepEqual(
      got.node.session.reputations().filter(({ ban }) => ban !== null),
      [],
    );
    assertRight(made, got);
  });
}

for (const kind of ["v1", "v2"] as const) {
  test(`${kind}: four that only lie don't stop the torrent that one honest peer has, and are found out`, async () => {
    const world = new SimulatedWorld({ seed: 9 });
    const made = await make(world, kind, 4_000_000);
    const liars: Liar[] = [];
    for (let n = 0; n < 4; n++) liars.push(await liar(world, made, () => true));
    const got = await download(world, made, [...liars, ...(await honest(world, made, 1))]);
    await world.until("complete", () => got.torrent.state === "seeding", 600_000);
    await world.run(1_000);
    const hosts = new Set(liars.map(({ host }) => host));
    for (const host of got.banned) assert.ok(hosts.has(host), `${host} is innocent`);
    assert.ok(got.banned.length >= 3, `${got.banned.length} banned`);
    assertRight(made, got);
  });
}

test("a disk that reads differently twice is noticed at the first piece, and nobody is banned", async () => {
  const world = new SimulatedWorld({ seed: 7 });
  const made = await make(world, "v1", 2_000_000);
  const disk = badReads(world);
  const got = await download(world, made, await honest(world, made, 3), disk);
  await world.until("complete", () => got.torrent.state === "seeding", 300_000);
  assert.deepEqual(got.banned, []);
  assert.equal(got.events.filter(({ type }) => type === "warning").length, 1);
  assertRight(made, got);
});

test("a torrent goes on when all its peers are on parole, also those that have only a part", async () => {
  const world = new SimulatedWorld({ seed: 8 });
  // One piece, so that everybody has a part in the lie.
  const made = await world.make({ file: 2_000_000 }, { kind: "v1", pieceLength: 1_048_576 });
  const bad = await liar(world, made, (count) => count === 5, 10);
  const got = await download(world, made, [bad]);
  await world.until("the liar is silent", () => bad.sent === 10);
  for (const seed of await honest(world, made, 3)) got.torrent.addPeer(seed);
  await world.until("everybody is suspected", () => got.torrent.stats().failed > 0, 300_000);
  await world.until("complete", () => got.torrent.state === "seeding", 300_000);
  // The blocks are compared once the piece is right.
  await world.run(1_000);
  assert.equal(bad.lies, 1);
  assert.deepEqual(got.banned, [bad.host]);
  assertRight(made, got);
});

/** Memory that changes blocks on their way to the disk. */
function badMemory(world: SimulatedWorld, spoils: (count: number) => boolean): SimulatedDisk {
  const disk = world.disk(new DiskFiles(world.known));
  const copyIn = disk.copyIn.bind(disk);
  let count = 0;
  disk.copyIn = (arenaOffset, source, from, length) => {
    const bytes = source.slice(from, from + length);
    if (spoils(++count)) bytes[100]! ^= 1 + (count & 127);
    copyIn(arenaOffset, bytes, 0, length);
  };
  return disk;
}

/** A disk of which every fifth digest is wrong. */
function badReads(world: SimulatedWorld): SimulatedDisk {
  const disk = world.disk(new DiskFiles(world.known));
  const hash = disk.hash.bind(disk);
  let count = 0;
  const spoil = (digest: PieceDigest): PieceDigest =>
    ++count % 5 === 0 ? { ...digest, sha1: digest.sha1?.map((byte) => byte ^ 1) ?? null } : digest;
  disk.hash = (storage, piece, kinds, done) =>
    hash(storage, piece, kinds, (error, digest) => done(error, digest === null ? null : spoil(digest)));
  return disk;
}
