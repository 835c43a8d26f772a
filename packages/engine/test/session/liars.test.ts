import assert from "node:assert/strict";
import { test } from "node:test";
import { shortHashes } from "../../dist/meta/info-hash.js";
import { BLOCK_SIZE, type TorrentKind } from "../../dist/meta/layout.js";
import type { Endpoint } from "../../dist/ports/net.js";
import type { PieceDigest } from "../../dist/ports/disk.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent.js";
import { log, seedNode } from "./hardening-tools.ts";
import { RamDisk } from "./ram-disk.ts";
import { type Made, type Node, SimulatedWorld } from "./simulated-world.ts";

const PIECE = 131_072;
const KINDS = ["v1", "v2", "hybrid"] as const;

interface Liar extends Endpoint {
  /** Wrong blocks that it sent. */
  lies: number;
  sent: number;
}

/** A peer that has everything and sends wrong bytes where `lies` says so; `count` is the number of its blocks so far. */
async function liar(
  world: SimulatedWorld,
  made: Made,
  lies: (count: number, piece: number, begin: number) => boolean,
): Promise<Liar> {
  const hashes = shortHashes(made.metainfo.infoHashes);
  const told: Liar = { host: "", port: 0, lies: 0, sent: 0 };
  const how = { infoHash: hashes.at(-1)!, v2: made.metainfo.infoHashes.v2 !== null };
  const at = await world.listen(made, how, (peer) => {
    peer.onHeard = ({ kind, piece, begin, length }) => {
      if (kind === "handshake") peer.out.haveAll();
      if (kind === "interested") peer.out.unchoke();
      peer.say();
      if (kind !== "request") return;
      const from = piece! * made.metainfo.layout.pieceLength + begin!;
      const bytes = made.space.slice(from, from + length!);
      if (lies(++told.sent, piece!, begin!)) {
        told.lies++;
        bytes[7]! ^= 1;
      }
      peer.sayBlock(piece!, begin!, bytes);
    };
  });
  return Object.assign(told, at);
}

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
  disk?: RamDisk,
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
  for (let n = 0; n < count; n++) seeds.push({ host: (await seedNode(world, made)).host, port: 6881 });
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
    const world = new SimulatedWorld(3);
    const made = await make(world, kind, 6_000_000);
    const bad = await liar(world, made, (count) => count % 1_000 === 20);
    const got = await download(world, made, [bad, ...(await honest(world, made, 8))]);
    await world.until("complete", () => got.torrent.state === "seeding", 120_000);
    assert.equal(bad.lies, 1);
    assert.deepEqual(got.banned, [bad.host]);
    const { wasted } = got.torrent.stats();
    assert.ok(wasted < 2 * PIECE, `${wasted} bytes wasted`);
    if (kind !== "v1") assert.equal(wasted, BLOCK_SIZE);
    assertRight(made, got);
  });

  test(`${kind}: two that tell the same lies are both banned, and nobody else`, async () => {
    const world = new SimulatedWorld(4);
    const made = await make(world, kind, 4_000_000);
    const lies = (_count: number, piece: number, begin: number): boolean =>
      piece % 5 === 0 && begin === 3 * BLOCK_SIZE;
    const a = await liar(world, made, lies);
    const b = await liar(world, made, lies);
    const got = await download(world, made, [a, b, ...(await honest(world, made, 4))]);
    await world.until("complete", () => got.torrent.state === "seeding", 300_000);
    const liars = [a, b].filter((one) => one.lies > 0).map(({ host }) => host);
    assert.ok(liars.length > 0);
    for (const host of got.banned) assert.ok(liars.includes(host), `${host} is innocent`);
    assert.equal(got.banned.length, liars.length);
    assertRight(made, got);
  });

  test(`${kind}: memory that spoils everything: nobody is banned, one warning, and an end with a reason`, async () => {
    const world = new SimulatedWorld(5);
    const made = await make(world, kind, 2_000_000);
    const disk = new BadMemory(world, () => true);
    const got = await download(world, made, await honest(world, made, 8), disk);
    await world.until("the torrent stops", () => got.torrent.state === "error", 30 * 60_000);
    assert.equal(got.torrent.error?.code, "ERR_VERIFY");
    assert.match(got.torrent.error.message, /memory and disk/);
    assert.deepEqual(got.banned, []);
    assert.equal(got.events.filter(({ type }) => type === "warning").length, 1);
    const { wasted } = got.torrent.stats();
    // What was under way, then a piece or two for each peer in each round.
    assert.ok(wasted <= 8 * 20 * PIECE, `${wasted} bytes`);
  });
}

for (const kind of ["v1", "v2"] as const) {
  test(`${kind}: memory that spoils a block now and then: the download ends well, with one warning`, async () => {
    const world = new SimulatedWorld(6);
    const made = await make(world, kind, 6_000_000);
    const disk = new BadMemory(world, (count) => count % 23 === 0);
    const got = await download(world, made, await honest(world, made, 8), disk);
    await world.until("complete", () => got.torrent.state === "seeding", 30 * 60_000);
    assert.equal(got.events.filter(({ type }) => type === "warning").length, 1);
    assertRight(made, got);
  });
}

test("a disk that reads differently twice is noticed at the first piece, and nobody is banned", async () => {
  const world = new SimulatedWorld(7);
  const made = await make(world, "v1", 2_000_000);
  const disk = new BadReads((callback) => world.later(callback));
  const got = await download(world, made, await honest(world, made, 3), disk);
  await world.until("complete", () => got.torrent.state === "seeding", 300_000);
  assert.deepEqual(got.banned, []);
  assert.equal(got.events.filter(({ type }) => type === "warning").length, 1);
  assertRight(made, got);
});

test("a torrent goes on when all its peers are on parole, also those that have only a part", async () => {
  const world = new SimulatedWorld(8);
  // One piece, so that everybody has a part in the lie.
  const made = await world.make({ file: 2_000_000 }, { kind: "v1", pieceLength: 1_048_576 });
  const bad = await liar(world, made, (count) => count % 9 === 5);
  const got = await download(world, made, [bad, ...(await honest(world, made, 3))]);
  await world.until("complete", () => got.torrent.state === "seeding", 300_000);
  assert.ok(bad.lies > 0);
  assert.deepEqual(got.banned, [bad.host]);
  assertRight(made, got);
});

/** Memory that changes blocks on their way to the disk. */
class BadMemory extends RamDisk {
  readonly #spoils: (count: number) => boolean;
  #count = 0;

  constructor(world: SimulatedWorld, spoils: (count: number) => boolean) {
    super((callback) => world.later(callback));
    this.#spoils = spoils;
  }

  override copyIn(arenaOffset: number, source: Uint8Array, from: number, length: number): void {
    super.copyIn(arenaOffset, source, from, length);
    if (this.#spoils(++this.#count)) this.arena[arenaOffset + 100]! ^= 1 + (this.#count & 127);
  }
}

/** Every fifth digest is wrong. */
class BadReads extends RamDisk {
  #count = 0;

  override hash(...[storage, piece, kinds, done]: Parameters<RamDisk["hash"]>): void {
    super.hash(storage, piece, kinds, (error, digest) =>
      done(error, digest === null ? null : this.#spoil(digest)),
    );
  }

  #spoil(digest: PieceDigest): PieceDigest {
    if (++this.#count % 5 !== 0) return digest;
    const sha1 = digest.sha1?.map((byte) => byte ^ 1) ?? null;
    return { ...digest, sha1 };
  }
}
