import assert from "node:assert/strict";
import { type Made, type Node, SimulatedWorld } from "@shoal/sim";
import { type FuzzTarget, InputReader } from "@shoal/testkit/fuzz";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { decideMetadata, HostilePeer } from "./hostile-peer.ts";

const KINDS = ["v1", "v2", "hybrid"] as const;
const SIZES = [{ film: 300_000 }, { a: 40_000, "d/b": 70_001, "d/c": 5, e: 100_000 }] as const;
/** The honest one needs some seconds for everything, so that there is time to disturb. */
const LINK = { up: 100_000, down: 1_000_000, latencyMs: 20, loss: 0 };
const HOUR_MS = 3_600_000;
/** Where all torrents were made. */
const WORKSHOP = new SimulatedWorld({ seed: 1 });
const MADE: Map<string, Made> = new Map();

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly seed: Node;
  readonly victim: Node;
  readonly torrent: Torrent;
  /** Why connections ended. */
  readonly reasons: ReadonlySet<string>;
}

/**
 * A real session that downloads from an honest seed while up to three peers say whatever the input makes them say, to it and
 * to the seed. Nobody throws, the honest one is not banned, the download ends right, and nothing is left open.
 */
async function play(input: InputReader): Promise<string> {
  const flags = input.u8();
  const scene = await begin(flags, input.u8());
  const { world, made, seed, victim, torrent, reasons } = scene;
  const peers = Array.from(
    { length: 1 + (input.u8() % 3) },
    (_, at) => new HostilePeer(world, made, at === 2 ? seed : victim, input.u8()),
  );
  let isHonestKnown = (flags & 0x80) !== 0;
  if (isHonestKnown) torrent.addPeer(seed.endpoint);
  for (let step = 0; step < 400 && !input.isEmpty; step++) {
    const choice = input.u8();
    if (choice < 40) await world.run(choice * choice);
    else if (choice < 44 && !isHonestKnown) {
      torrent.addPeer(seed.endpoint);
      isHonestKnown = true;
    } else peers[choice % peers.length]!.act(input);
    assertBounded(torrent);
  }
  if (!isHonestKnown) torrent.addPeer(seed.endpoint);
  await world.until("the download ends", () => torrent.state === "seeding", HOUR_MS);
  for (const [path, bytes] of made.files) {
    const at = made.metainfo.multiFile ? `/out/folder/${path}` : `/out/${path}`;
    assert.deepEqual(victim.disk.files.get(at)?.bytes, bytes);
  }
  for (const { session } of [victim, seed]) await world.finish(session.close());
  await world.run(1_000);
  assertLetGo(victim);
  assertLetGo(seed);
  assert.equal(world.timers, 0);
  const wasted = Math.ceil(Math.log2(1 + torrent.stats().wasted));
  return `${[...reasons].sort().join()} ${wasted} ${flags % 3}`;
}

async function begin(flags: number, more: number): Promise<Scene> {
  const made = await madeFor(flags % 3, (flags >> 2) & 1, more & 1 ? 16_384 : 65_536);
  const world = new SimulatedWorld({ seed: 1, known: WORKSHOP.known });
  world.checkInvariants(20);
  const seed = await world.node({ link: LINK });
  world.write(seed, made, "/data");
  await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  const victim = await world.node({ link: { ...LINK, up: 1_000_000 } });
  const reasons = new Set<string>();
  const listener = (event: TorrentEvent): void => {
    if (event.type === "banned") assert.notEqual(event.host, seed.host, event.reason);
    if (event.type === "error") throw event.error;
    if (event.type === "peer-disconnected" && event.reason !== null) reasons.add(event.reason);
  };
  const source = flags & 0x40 ? decideMetadata(made) : { metainfo: made.metainfo };
  const torrent = await victim.session.add({ ...source, downloadDir: "/out", listener });
  await world.settle();
  return { world, made, seed, victim, torrent, reasons };
}

async function madeFor(kind: number, sizes: number, pieceLength: number): Promise<Made> {
  const key = `${kind} ${sizes} ${pieceLength}`;
  const known = MADE.get(key);
  if (known !== undefined) return known;
  const made = await WORKSHOP.make(SIZES[sizes]!, { kind: KINDS[kind]!, pieceLength });
  MADE.set(key, made);
  return made;
}

function assertBounded(torrent: Torrent): void {
  for (const peer of torrent.peers()) assert.ok(peer.requests <= 2_000);
  assert.ok(torrent.peers().length <= 30);
}

function assertLetGo({ disk, store }: Node): void {
  assert.equal(store.locked.size, 0, "locks");
  assert.equal(disk.opened, 0, "storages");
  assert.deepEqual(disk.afterClose, []);
}

const session: FuzzTarget = {
  name: "session",
  about: "a session in a simulated network with hostile peers: the download ends right all the same",
  seeds: () => {
    const seeds: Uint8Array[] = [];
    for (let flags = 0; flags < 6; flags++) {
      for (const bits of [0, 0x40, 0x80]) {
        const steps = Array.from({ length: 60 }, (_, at) => (at * 37 + flags * 11 + bits) & 0xff);
        seeds.push(Uint8Array.of(flags | bits, flags, 2, 3, 1, 0, ...steps));
      }
    }
    return seeds;
  },
  maxBytes: 2_048,
  usesCoverage: false,
  limitMs: 8_000,
  limitBytes: 256 * 1024 * 1024,
  run: (input) => play(new InputReader(input)),
};

export const targets: readonly FuzzTarget[] = [session];
