// Everybody around the session that is watched: seeds of the torrent that it fetches, and raw peers that come and go, tell of pieces
// in storms, and ask for blocks.
//
//   node crowd.js SHARED FETCHED FOLDER PEERS      then its port, as a line on stdin
import { createSession } from "@shoal/engine";
import type { Session } from "@shoal/engine";
import { readTorrent, TestRandom } from "@shoal/testkit";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RawPeer, type RawPeerHabits } from "./raw-peer.ts";

const SEEDS = 3;
/** Something happens this often. */
const STEP_MS = 200;

const [sharedFile = "", fetchedFile = "", folder = "", count = "50"] = process.argv.slice(2);
const random = new TestRandom(7);
const scratch = mkdtempSync(join(tmpdir(), "shoal-crowd-"));
const seeds: Session[] = [];
for (let i = 0; i < SEEDS; i++) seeds.push(await startSeed(i));
process.stdout.write(`${JSON.stringify({ ports: seeds.map((seed) => seed.endpoint?.port) })}\n`);

// The port comes as one line; the end of the input is the end of the show.
const [port] = (await once(process.stdin, "data")) as [Buffer];
const stop = mill(Number(port.toString()), Number(count) - SEEDS);
process.stdin.resume();
await once(process.stdin, "end");
stop();
await Promise.all(seeds.map((seed) => seed.close()));
rmSync(scratch, { recursive: true });
// Sockets that still have much to read would go on for a while.
process.exit();

async function startSeed(i: number): Promise<Session> {
  const stateDir = join(scratch, `state-${i}`);
  const seed = await createSession({ host: "127.0.0.1", ports: [0], stateDir, offline: true, lsd: false });
  const torrentBytes = readFileSync(fetchedFile);
  await seed.add({ torrentBytes, downloadDir: folder, seedOnly: true, hashed: true });
  return seed;
}

/** Keeps so many raw peers connected, none of them for long. Returns what ends it. */
function mill(port: number, peers: number): () => void {
  const torrents = [readTorrent(sharedFile), readTorrent(fetchedFile)];
  const present = new Set<RawPeer>();
  const timer = setInterval(() => {
    for (const peer of present) {
      if (random.below(50) === 0) peer.leave();
      else if (random.below(25) === 0) peer.storm();
    }
    while (present.size < peers) {
      const fetched = random.below(3) === 0;
      const peer: RawPeer = new RawPeer(port, torrents[fetched ? 1 : 0]!, habits(fetched), random, () => {
        present.delete(peer);
      });
      present.add(peer);
    }
  }, STEP_MS);
  return () => {
    clearInterval(timer);
    for (const peer of present) peer.leave();
  };
}

function habits(fetched: boolean): RawPeerHabits {
  const has = random.below(4) * 30;
  return { has, havesAtOnce: random.below(2) * 2_000, asks: !fetched && random.below(2) === 0 };
}
