import assert from "node:assert/strict";
import { type Made, type Node, SimulatedWorld } from "@shoal/sim";
import { type FuzzTarget, InputReader } from "@shoal/testkit/fuzz";
import type { Torrent } from "../../dist/session/torrent-handle.js";

const WORKSHOP = new SimulatedWorld({ seed: 2 });
const MADE = new Map<string, Promise<Made>>();
const KINDS = ["v1", "v2", "hybrid"] as const;
const LINK = { up: 200_000, down: 1_000_000, latencyMs: 20, loss: 0 };
const HOUR_MS = 3_600_000;

function madeFor(kind: (typeof KINDS)[number]): Promise<Made> {
  let made = MADE.get(kind);
  if (made === undefined) {
    made = WORKSHOP.make({ a: 150_000, "d/b": 70_001, empty: 0, e: 400_000 }, { kind, pieceLength: 32_768 });
    MADE.set(kind, made);
  }
  return made;
}

/**
 * A download that is killed again and again, and whose journal and files are changed between its lives. Whatever it claims
 * to have is on disk, whatever it serves is right, and it ends with the right files.
 */
async function play(input: InputReader): Promise<string> {
  const made = await madeFor(KINDS[input.u8() % 3]!);
  const { metainfo } = made;
  const world = new SimulatedWorld({ seed: 1, known: WORKSHOP.known });
  world.checkInvariants(20);
  const seed = await world.node({ link: LINK });
  world.write(seed, made, "/data");
  await seed.session.add({ metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  const disorder = { slotCount: 8, latencyMs: 1, rate: 2_000_000, disorderMs: input.u8() % 50 };
  let node = await world.node({ diskSpec: disorder });
  const lives = 1 + (input.u8() % 4);
  const words: string[] = [];
  // With "refuse" the download must know its files again, unless they are others now or the journal lost them.
  let existing: "refuse" | "overwrite" = "refuse";
  for (let life = 0; life < lives && !input.isEmpty; life++) {
    const torrent = await add(node, made, existing);
    torrent.addPeer(seed.endpoint);
    if ((input.u8() & 3) === 0) await disturb(world, torrent, input);
    await world.run((input.u16() % 6_000) + 1);
    if ((input.u8() & 3) === 0) await world.finish(node.session.close(), HOUR_MS);
    node.kill();
    await world.settle();
    const store = node.store.copy();
    const spoilt = spoil(node, input);
    const cut = cutJournal(store.journals, input);
    if (spoilt === "replaced" || cut) existing = "overwrite";
    words.push(spoilt);
    if (input.u8() > 230) store.bootId = `boot ${life}`;
    node = await world.node({ disk: world.disk(node.disk.store, disorder), store });
    assertOnDisk(node, made, await claimsOf(world, node, made, existing));
    node.kill();
    await world.settle();
    node = await world.node({ disk: world.disk(node.disk.store, disorder), store: node.store.copy() });
  }
  const last = await add(node, made, existing);
  last.addPeer(seed.endpoint);
  await world.until("the download ends", () => last.state === "seeding", HOUR_MS);
  for (const [path, bytes] of made.files)
    assert.deepEqual(node.disk.files.get(`/out/folder/${path}`)?.bytes, bytes);
  return `${words.join()} ${Math.ceil(Math.log2(1 + last.stats().downloaded))}`;
}

function add(node: Node, { metainfo }: Made, existing: "refuse" | "overwrite"): Promise<Torrent> {
  return node.session.add({ metainfo, downloadDir: "/out", existing });
}

/** What the torrent says it has when it has looked at its files; nobody is there to give it more. */
async function claimsOf(
  world: SimulatedWorld,
  node: Node,
  made: Made,
  existing: "refuse" | "overwrite",
): Promise<ReadonlySet<number>> {
  const torrent = await add(node, made, existing);
  await world.until("the files have been looked at", () => torrent.state !== "checking", HOUR_MS);
  await world.run(2_000);
  const peer = world.dial(node, made);
  await world.run(500);
  const claimed = new Set<number>();
  for (const { kind, bytes, piece } of peer.heard) {
    const { pieceCount } = made.metainfo.layout;
    for (let at = 0; at < pieceCount; at++) {
      const said =
        kind === "have all" ||
        (kind === "have" && piece === at) ||
        (kind === "bitfield" && ((bytes![at >>> 3]! << (at & 7)) & 0x80) !== 0);
      if (said) claimed.add(at);
    }
  }
  assert.equal(torrent.stats().piecesHave, claimed.size);
  return claimed;
}

function assertOnDisk(node: Node, { metainfo, space }: Made, claimed: ReadonlySet<number>): void {
  const { layout } = metainfo;
  for (const piece of claimed) {
    const from = piece * layout.pieceLength;
    layout.spans(from, layout.pieceSize(piece), (file, offset, length, at) => {
      if (file.pad) return;
      const bytes = node.disk.files
        .get(`/out/folder/${file.path.join("/")}`)
        ?.bytes.subarray(offset, offset + length);
      assert.deepEqual(bytes, space.subarray(from + at, from + at + length), `piece ${piece} is not on disk`);
    });
  }
}

/** What a user does meanwhile. */
async function disturb(world: SimulatedWorld, torrent: Torrent, input: InputReader): Promise<void> {
  await world.run(input.u8() * 10);
  if (input.u8() & 1) void torrent.pause();
  await world.run(input.u8() * 10);
  torrent.resume();
  if ((input.u8() & 7) === 0) void torrent.recheck();
}

/** Changes a file as other programs do, so that its size or identity shows it. */
function spoil(node: Node, input: InputReader): string {
  const paths = [...node.disk.files.keys()].filter((path) => path.startsWith("/out/"));
  if (paths.length === 0) return "no files";
  const path = paths[input.u8() % paths.length]!;
  const file = node.disk.files.get(path)!;
  switch (input.u8() % 6) {
    case 0:
      file.truncate(Math.floor((file.size * input.u8()) / 256));
      node.disk.touch(path);
      return "truncated";
    case 1:
      node.disk.files.delete(path);
      return "deleted";
    case 2:
      node.disk.put(path, new Uint8Array(file.size).fill(input.u8()));
      return "replaced";
    case 3:
      node.disk.touch(path);
      return "touched";
    default:
      return "left";
  }
}

/** The end of a journal is lost, as a crash of the machine loses it; a record in the middle never is. */
function cutJournal(journals: Map<string, Uint8Array[]>, input: InputReader): boolean {
  const cut = input.u8();
  if (cut < 128) return false;
  for (const records of journals.values()) records.length -= Math.min(records.length, cut - 128);
  return true;
}

const diskResume: FuzzTarget = {
  name: "disk-resume",
  about:
    "downloads killed again and again with journal and files changed between: nothing is claimed that is not on disk",
  seeds: () =>
    Array.from({ length: 6 }, (_, at) =>
      Uint8Array.from({ length: 80 }, (_unused, i) => (i === 0 ? at : (at * 97 + i * 61 + i * i) & 0xff)),
    ),
  maxBytes: 256,
  usesCoverage: false,
  limitMs: 8_000,
  limitBytes: 256 * 1024 * 1024,
  run: (input) => play(new InputReader(input)),
};

export const targets: readonly FuzzTarget[] = [diskResume];
