// The session that is watched, with default options: shares one torrent and fetches another one over and over.
//
//   node soak-session.js SHARED FOLDER FETCHED SEED_PORTS SECONDS
import { createSession } from "@shoal/engine";
import type { TorrentEvent } from "@shoal/engine";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LoopWatch, type LoopMeasured } from "./loop-watch.ts";

export interface SoakMeasured extends LoopMeasured {
  readonly rounds: number;
  readonly mostPeers: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

const [sharedFile = "", folder = "", fetchedFile = "", seedPorts = "", seconds = "300"] =
  process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "shoal-soak-"));
const session = await createSession({
  host: "127.0.0.1",
  ports: [0],
  stateDir: join(scratch, "state"),
  offline: true,
  lsd: false,
});
try {
  say(await soak(Number(seconds)));
} finally {
  await session.close();
  rmSync(scratch, { recursive: true });
}

async function soak(forSeconds: number): Promise<SoakMeasured> {
  const peers = seedPorts.split(",").map((port) => ({ host: "127.0.0.1", port: Number(port) }));
  const [sharedBytes, fetchedBytes] = await Promise.all([readFile(sharedFile), readFile(fetchedFile)]);
  const shared = await session.add({
    torrentBytes: sharedBytes,
    downloadDir: folder,
    seedOnly: true,
    hashed: true,
  });
  say({ port: session.endpoint?.port });
  await sleep(2_000);
  const watch = new LoopWatch();
  await sleep(500);
  watch.reset();
  const until = performance.now() + forSeconds * 1_000;
  let rounds = 0;
  let mostPeers = 0;
  let downloadedBytes = 0;
  while (performance.now() < until) {
    const downloadDir = join(scratch, `round-${rounds}`);
    let done = false;
    const listener = (event: TorrentEvent): void => {
      if (event.type === "complete" || event.type === "error") done = true;
    };
    const torrent = await session.add({ torrentBytes: fetchedBytes, downloadDir, peers, listener });
    while (!done && performance.now() < until) {
      await sleep(200);
      mostPeers = Math.max(mostPeers, shared.stats().peers + torrent.stats().peers);
      // What a program shows is part of its life.
      session.changes(0);
    }
    downloadedBytes += torrent.stats().downloaded;
    if (torrent.error !== null) throw torrent.error;
    rounds++;
    await session.remove(torrent);
    await rm(downloadDir, { recursive: true, force: true });
  }
  return { ...watch.stop(), rounds, mostPeers, uploadedBytes: shared.stats().uploaded, downloadedBytes };
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
