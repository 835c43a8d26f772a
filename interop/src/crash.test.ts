// kill -9 of our own process at random moments, then the same command again, until it is through.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  Libtorrent,
  Shoal,
  TestRandom,
  assertSameTree,
  lacks,
  openStage,
  writePayload,
} from "@shoal/testkit";
import type { PayloadSpec, ShoalEvent, TorrentKind } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";

const MIB = 1_048_576;
const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("libtorrent") };
const NEEDS = { needs: ["libtorrent"] } as const;
const KILLS = 4;

const FILE: PayloadSpec = { name: "film.bin", size: 20 * MIB + 777, seed: 31 };
const FOLDER: PayloadSpec = {
  name: "Album",
  seed: 32,
  files: {
    ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`photo ${i}.jpg`, 100_000 + i * 9_777])),
    empty: 0,
    "film.mkv": 9 * MIB + 3,
  },
};

function haveOf(event: ShoalEvent): number {
  return event["have"] as number;
}

describe("kill -9 of our download", { concurrency: 2 }, () => {
  const rounds: readonly { kind: TorrentKind; spec: PayloadSpec; seed: number }[] = [
    { kind: "v1", spec: FILE, seed: 1 },
    { kind: "v1", spec: FOLDER, seed: 2 },
    { kind: "v2", spec: FOLDER, seed: 3 },
    { kind: "v2", spec: FILE, seed: 4 },
    { kind: "hybrid", spec: FOLDER, seed: 5 },
    { kind: "hybrid", spec: FILE, seed: 6 },
  ];
  for (const { kind, spec, seed } of rounds) {
    test(`${KILLS} times, ${kind} ${spec.name}, random seed ${seed}`, OPTIONS, async (t) => {
      const random = new TestRandom(seed);
      const stage = openStage(t, NEEDS);
      const payload = await writePayload(stage.folder("data"), spec);
      const peer = await Libtorrent.start(stage);
      const file = join(stage.dir, "theirs.torrent");
      await peer.create({ path: payload.path, output: file, kind, pieceLength: 131_072 });
      const upload = await peer.seed({ file, saveDir: payload.dir, upLimit: 4 * MIB });
      const dir = stage.folder("got");
      const state = stage.folder("state");
      const args = [file, "-o", dir, "--peer", `${peer.host}:${peer.port}`, "--once"];

      let had = 0;
      for (let kill = 1; kill <= KILLS; kill++) {
        const shoal = Shoal.get(stage, args, state);
        // Each life gets on by some 1.2 MiB, and dies a random moment later: in a write, a check, a pause.
        const goal = had + random.between(MIB, MIB + 400_000);
        await shoal.waitFor("progress", 30_000, (event) => haveOf(event) >= goal);
        await Promise.race([delay(random.below(200)), shoal.child.exited]);
        await shoal.kill();
        const known = shoal.events.filter((event) => event.event === "progress").map(haveOf);
        had = Math.max(...known);
      }
      const last = Shoal.get(stage, args, state);
      const complete = await last.complete();
      await last.endsWith(0);
      await assertSameTree(join(dir, payload.name), payload.path);
      // Every life goes on from where the one before was. A kill may cost what arrived in its last moments: libtorrent
      // sends a second's worth at a time.
      const fetched = complete["downloaded"] as number;
      const missing = payload.contentSize - had;
      assert.ok(fetched < missing + 6 * MIB, `${fetched} bytes were fetched when ${missing} were missing`);
      const total = (await upload.status()).payloadUp;
      assert.ok(total < 2.2 * payload.contentSize, `${total} bytes were sent for ${payload.contentSize}`);
    });
  }

  for (const { kind, seed } of [
    { kind: "v1", seed: 101 },
    { kind: "v2", seed: 102 },
    { kind: "hybrid", seed: 103 },
  ] as const) {
    test(`at full speed, ${kind}, random seed ${seed}`, OPTIONS, async (t) => {
      const random = new TestRandom(seed);
      const stage = openStage(t, NEEDS);
      const payload = await writePayload(stage.folder("data"), { name: "big.bin", size: 96 * MIB + 1, seed });
      const peer = await Libtorrent.start(stage);
      const file = join(stage.dir, "theirs.torrent");
      await peer.create({ path: payload.path, output: file, kind, pieceLength: 1_048_576 });
      await peer.seed({ file, saveDir: payload.dir });
      const dir = stage.folder("got");
      const state = stage.folder("state");
      const args = [file, "-o", dir, "--peer", `${peer.host}:${peer.port}`, "--once"];
      for (let kill = 0; kill < 8; kill++) {
        const shoal = Shoal.get(stage, args, state);
        await Promise.race([shoal.waitFor("first-block"), shoal.child.exited]);
        await Promise.race([delay(random.below(80)), shoal.child.exited]);
        await shoal.kill();
        if (shoal.child.exit?.code === 0) break;
      }
      await Shoal.get(stage, args, state).endsWith(0, 30_000);
      await assertSameTree(join(dir, payload.name), payload.path);
    });
  }

  test("at any moment of its start", OPTIONS, async (t) => {
    const random = new TestRandom(77);
    const stage = openStage(t, NEEDS);
    const payload = await writePayload(stage.folder("data"), FOLDER);
    const peer = await Libtorrent.start(stage);
    const file = join(stage.dir, "theirs.torrent");
    await peer.create({ path: payload.path, output: file, kind: "hybrid", pieceLength: 131_072 });
    await peer.seed({ file, saveDir: payload.dir, upLimit: 24 * MIB });
    const dir = stage.folder("got");
    const state = stage.folder("state");
    const args = [file, "-o", dir, "--peer", `${peer.host}:${peer.port}`, "--once"];
    for (let kill = 0; kill < 10; kill++) {
      const shoal = Shoal.get(stage, args, state);
      await Promise.race([delay(100 + random.below(400)), shoal.child.exited]);
      if (shoal.child.exit !== null) {
        assert.equal(shoal.child.exit.code, 0, shoal.child.log);
        break;
      }
      await shoal.kill();
    }
    await Shoal.get(stage, args, state).endsWith(0, 30_000);
    await assertSameTree(join(dir, payload.name), payload.path);
  });
});

describe("kill -9 of our seed", { concurrency: 2 }, () => {
  for (const kind of ["v1", "v2", "hybrid"] as const) {
    test(`the same command goes on serving, ${kind}`, OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const payload = await writePayload(stage.folder("data"), FOLDER);
      const leecher = await Libtorrent.start(stage);
      const file = join(stage.dir, "theirs.torrent");
      await leecher.create({ path: payload.path, output: file, kind, pieceLength: 131_072 });
      const state = stage.folder("state");
      const port = String(await stage.freePort());
      const args = [file, "--data", payload.dir, "--port", port];
      const saveDir = stage.folder("got");
      const first = await Shoal.send(stage, args, state);
      const download = await leecher.add({ file, saveDir, downLimit: 6 * MIB });
      await download.connect(first);
      await download.waitFor("a third is there", (status) => status.done > payload.contentSize / 3);
      await first.kill();
      const second = await Shoal.send(stage, args, state);
      await download.connect(second);
      await download.waitForSeeding();
      await assertSameTree(join(saveDir, payload.name), payload.path);
    });
  }
});
