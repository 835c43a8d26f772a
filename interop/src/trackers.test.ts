// Our announces and scrapes at opentracker, over HTTP and UDP, and what it then knows of us.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createSession, createTorrent, type Session, type Torrent, type TorrentEvent } from "@shoal/engine";
import {
  assertSameTree,
  lacks,
  Opentracker,
  openStage,
  readTorrent,
  seededBytes,
  writePayload,
} from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import { writeFileSync } from "node:fs";
import { TIMEOUT_MS } from "./scene.ts";

const NEEDS = ["opentracker"] as const;
const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks(...NEEDS) };
const SPEC = { name: "Song", seed: 7, files: { "a.bin": 300_000, "b.bin": 77 } };

function open(stage: Stage): Promise<Session> {
  return createSession({
    stateDir: stage.folder("state"),
    host: stage.nextHost(),
    ports: [0],
    offline: true,
    lsd: false,
  });
}

function until(torrent: Torrent, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    torrent.on((event) => {
      if (event.type === what) resolve();
      else if (event.type === "error") reject(event.error);
    });
  });
}

describe("a download whose two ends meet at opentracker", () => {
  for (const scheme of ["http", "udp"] as const) {
    for (const kind of ["v1", "v2", "hybrid"] as const) {
      test(
        `${kind} over ${scheme}: started, completed once, stopped, and the counts of a scrape`,
        OPTIONS,
        async (t) => {
          const stage = openStage(t, { needs: NEEDS });
          const payload = await writePayload(stage.folder("data"), SPEC);
          const { metainfo, bytes } = await createTorrent(payload.path, { kind, pieceLength: 16_384 });
          const file = join(stage.dir, "song.torrent");
          writeFileSync(file, bytes);
          const facts = readTorrent(file);
          const tracker = await Opentracker.start(stage, [facts]);
          const url = scheme === "http" ? tracker.httpUrl : tracker.udpUrl;
          const seeder = await open(stage);
          const leecher = await open(stage);
          try {
            await seeder.add({ metainfo, downloadDir: payload.dir, seedOnly: true, trackers: [url] });
            await tracker.waitForSeeds(facts);
            const downloadDir = stage.folder("got");
            const got = await leecher.add({ metainfo, downloadDir, trackers: [url] });
            await until(got, "complete");
            await assertSameTree(join(downloadDir, payload.name), payload.path);
            await tracker.waitFor(
              "a completion",
              facts,
              ({ seeds, completed }) => seeds === 2 && completed === 1,
            );

            await got.scrape();
            const [status] = got.trackers();
            assert.deepEqual(
              {
                url: status?.url,
                state: status?.state,
                seeds: status?.seeds,
                downloaded: status?.downloaded,
              },
              { url, state: "ok", seeds: 2, downloaded: 1 },
            );
            assert.ok(status!.nextAnnounceAt! > Date.now() + 60_000);

            await leecher.close();
            await tracker.waitFor(
              "one seed less",
              facts,
              ({ seeds, leechers }) => seeds === 1 && leechers === 0,
            );
            await seeder.close();
            await tracker.waitFor("nobody", facts, ({ seeds, completed }) => seeds === 0 && completed === 1);
          } finally {
            await Promise.all([leecher.close(), seeder.close()]);
          }
        },
      );
    }
  }
});

describe("many torrents at opentracker", () => {
  for (const scheme of ["http", "udp"] as const) {
    test(
      `over ${scheme}: paused ones are scraped together, and all say good-bye when the session ends`,
      OPTIONS,
      async (t) => {
        const stage = openStage(t, { needs: NEEDS });
        const names = Array.from({ length: 200 }, (_, i) => seededBytes(i, 20));
        const facts = names.map((name) => ({
          infoHashV1: Buffer.from(name).toString("hex"),
          infoHashV2: null,
        }));
        const tracker = await Opentracker.start(stage, facts);
        const url = scheme === "http" ? tracker.httpUrl : tracker.udpUrl;
        const session = await open(stage);
        try {
          await Promise.all(
            facts.map(
              ({ infoHashV1 }) =>
                new Promise<void>((resolve, reject) => {
                  const listener = (event: TorrentEvent): void => {
                    if (event.type === "tracker") resolve();
                  };
                  session
                    .add({ infoHash: infoHashV1, downloadDir: stage.dir, trackers: [url], listener })
                    .catch(reject);
                }),
            ),
          );
          const other = await open(stage);
          const paused = await Promise.all(
            facts.map(({ infoHashV1 }) =>
              other.add({ infoHash: infoHashV1, downloadDir: stage.dir, trackers: [url], paused: true }),
            ),
          );
          await Promise.all(paused.map((torrent) => torrent.scrape()));
          for (const torrent of paused) {
            const [status] = torrent.trackers();
            assert.deepEqual([status?.state, status?.seeds, status?.leechers], ["idle", 0, 1]);
          }
          await other.close();
          await session.close();
          const [first, last] = [facts[0]!, facts.at(-1)!];
          for (const one of [first, last]) {
            await tracker.waitFor("nobody", one, ({ leechers }) => leechers === 0);
          }
        } finally {
          await session.close();
        }
      },
    );
  }
});
