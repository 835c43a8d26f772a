// Obfuscated connections (MSE) with programs that insist on them, or on none, in both directions.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Aria2,
  Libtorrent,
  Opentracker,
  Shoal,
  Transmission,
  addTracker,
  assertSameTree,
  lacks,
  openStage,
  type ShoalEvent,
  type Stage,
} from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal, type Prepared } from "./scene.ts";

const SHAPE = { shape: "folder", pieceLength: 65_536 } as const;

/** Starts `shoal get` from one peer. */
function get(
  stage: Stage,
  prepared: Prepared,
  from: { readonly host: string; readonly port: number },
  ...more: string[]
): { readonly shoal: Shoal; readonly dir: string } {
  const dir = stage.folder("got");
  const peer = `${from.host}:${from.port}`;
  return { shoal: Shoal.get(stage, [prepared.file, "-o", dir, "--peer", peer, "--once", ...more]), dir };
}

async function completes(shoal: Shoal, dir: string, { payload }: Prepared): Promise<void> {
  await shoal.complete();
  await shoal.endsWith(0);
  await assertSameTree(join(dir, payload.name), payload.path);
}

/** Whether the first peer that it connected to, or that connected to it, is obfuscated. */
async function isObfuscated(shoal: Shoal): Promise<unknown> {
  const event: ShoalEvent = await shoal.waitFor("peer-connected");
  return event["obfuscated"];
}

/** libtorrent's settings: 0 takes and makes obfuscated connections only, 2 plain ones only; 2 offers RC4, 3 plain text as well. */
const libtorrentSettings = (policy: 0 | 2, level: 2 | 3): Record<string, number> => ({
  out_enc_policy: policy,
  in_enc_policy: policy,
  allowed_enc_level: level,
});

describe("libtorrent", { concurrency: 2 }, () => {
  const options = { timeout: TIMEOUT_MS, skip: lacks("libtorrent") };
  const needs = { needs: ["libtorrent"] } as const;

  for (const level of [2, 3] as const) {
    const settings = libtorrentSettings(0, level);
    for (const kind of ["v1", "v2", "hybrid"] as const) {
      for (const policy of ["prefer", "require"]) {
        const offers = level === 2 ? "RC4" : "RC4 and plain text";
        const what = `${kind}, offers ${offers}, we ${policy} obfuscation`;

        test(`that insists on it dials us: ${what}`, options, async (t) => {
          const stage = openStage(t, needs);
          const { payload, file } = await prepareByShoal(stage, { ...SHAPE, kind });
          const args = [file, "--data", payload.dir, "--obfuscation", policy];
          const [seed, leecher] = await Promise.all([
            Shoal.send(stage, args),
            Libtorrent.start(stage, { settings }),
          ]);
          const saveDir = stage.folder("got");
          const download = await leecher.add({ file, saveDir, downLimit: 200_000 });
          await download.connect(seed);
          assert.equal(await isObfuscated(seed), true);
          await download.waitFor("libtorrent gets data", ({ payloadDown }) => payloadDown > 0);
          const [peer] = await download.peers();
          // We take what is cheaper when we may.
          assert.equal(peer?.obfuscated, level === 2 || policy === "require");
          await download.limits({ down: 0 });
          await download.waitForSeeding();
          await assertSameTree(join(saveDir, payload.name), payload.path);
        });

        test(`that insists on it is dialled: ${what}`, options, async (t) => {
          const stage = openStage(t, needs);
          const prepared = await prepareByShoal(stage, { ...SHAPE, kind });
          const { payload, file } = prepared;
          const seed = await Libtorrent.start(stage, { settings });
          await seed.seed({ file, saveDir: payload.dir });
          const { shoal, dir } = get(stage, prepared, seed, "--obfuscation", policy);
          assert.equal(await isObfuscated(shoal), true);
          await completes(shoal, dir, prepared);
        });
      }
    }
  }

  test("that takes plain connections only gets one from who prefers others", options, async (t) => {
    const stage = openStage(t, needs);
    const prepared = await prepareByShoal(stage, { ...SHAPE, kind: "v1" });
    const { payload, file } = prepared;
    const seed = await Libtorrent.start(stage, { settings: libtorrentSettings(2, 3) });
    await seed.seed({ file, saveDir: payload.dir });
    const { shoal, dir } = get(stage, prepared, seed);
    assert.equal(await isObfuscated(shoal), false);
    await completes(shoal, dir, prepared);
  });

  test("that takes plain connections only gets none from who insists on others", options, async (t) => {
    const stage = openStage(t, needs);
    const prepared = await prepareByShoal(stage, { ...SHAPE, kind: "v1" });
    const { payload, file } = prepared;
    const seed = await Libtorrent.start(stage, { settings: libtorrentSettings(2, 3) });
    const torrent = await seed.seed({ file, saveDir: payload.dir });
    const { shoal } = get(stage, prepared, seed, "--obfuscation", "require");
    const failed = await shoal.waitFor("peer-failed");
    assert.match(String(failed["message"]), /takes no obfuscated connection/);
    assert.equal((await torrent.status()).payloadUp, 0);
    await shoal.interrupt();
    assert.ok(!shoal.events.some(({ event }) => event === "peer-connected"));
  });

  test("that insists on it gets nothing from who has it off", options, async (t) => {
    const stage = openStage(t, needs);
    const prepared = await prepareByShoal(stage, { ...SHAPE, kind: "v1" });
    const { payload, file } = prepared;
    const seed = await Libtorrent.start(stage, { settings: libtorrentSettings(0, 3) });
    await seed.seed({ file, saveDir: payload.dir });
    const { shoal } = get(stage, prepared, seed, "--obfuscation", "off");
    await shoal.waitFor("peer-failed");
    await shoal.interrupt();
    assert.ok(!shoal.events.some(({ event }) => event === "peer-connected"));
  });
});

describe("Transmission that insists on it", { concurrency: 4 }, () => {
  const options = { timeout: TIMEOUT_MS, skip: lacks("transmission", "opentracker", "namespaces") };

  for (const policy of ["prefer", "require"]) {
    test(`dials us, who ${policy} obfuscation`, options, async (t) => {
      const stage = openStage(t, { needs: ["transmission", "opentracker"], ownNetwork: true });
      const { payload, file, facts } = await prepareByShoal(stage, { ...SHAPE, kind: "v1" });
      const tracker = await Opentracker.start(stage, [facts]);
      addTracker(file, tracker.httpUrl);
      const seed = await Shoal.send(stage, [file, "--data", payload.dir, "--obfuscation", policy]);
      await tracker.waitForSeeds(facts);
      const client = await Transmission.start(stage, { encryption: 2 });
      const dir = stage.folder("got");
      const torrent = await client.add({ file, dir });
      await torrent.waitForSeeding();
      assert.equal(await isObfuscated(seed), true);
      await assertSameTree(join(dir, payload.name), payload.path, { emptyMayLack: true });
    });

    test(`is dialled by us, who ${policy} obfuscation`, options, async (t) => {
      const stage = openStage(t, { needs: ["transmission"], ownNetwork: true });
      const prepared = await prepareByShoal(stage, { ...SHAPE, kind: "v1" });
      const { payload, file } = prepared;
      const client = await Transmission.start(stage, { encryption: 2 });
      await client.seed({ file, dir: payload.dir });
      const { shoal, dir } = get(stage, prepared, client, "--obfuscation", policy);
      assert.equal(await isObfuscated(shoal), true);
      await completes(shoal, dir, prepared);
    });
  }
});

describe("aria2 that insists on it", { concurrency: 2 }, () => {
  const options = { timeout: TIMEOUT_MS, skip: lacks("aria2", "opentracker") };
  const kinds = [
    ["RC4", "--bt-require-crypto=true", "--bt-min-crypto-level=arc4"],
    ["an obfuscated handshake", "--bt-require-crypto=true", "--bt-min-crypto-level=plain"],
    ["RC4 for all", "--bt-force-encryption=true"],
  ] as const;

  for (const [name, ...flags] of kinds) {
    for (const policy of ["prefer", "require"]) {
      test(`dials us, for ${name}, who ${policy} obfuscation`, options, async (t) => {
        const stage = openStage(t, { needs: ["aria2", "opentracker"] });
        const { payload, file, facts } = await prepareByShoal(stage, { ...SHAPE, kind: "v1" });
        const [tracker, aria2] = await Promise.all([
          Opentracker.start(stage, [facts]),
          Aria2.start(stage, flags),
        ]);
        addTracker(file, tracker.httpUrl);
        const seed = await Shoal.send(stage, [file, "--data", payload.dir, "--obfuscation", policy]);
        await tracker.waitForSeeds(facts);
        const dir = stage.folder("got");
        const download = await aria2.add({ file, dir });
        await download.waitForComplete();
        assert.equal(await isObfuscated(seed), true);
        await assertSameTree(join(dir, payload.name), payload.path);
      });
    }

    test(`is dialled, for ${name}`, options, async (t) => {
      const stage = openStage(t, { needs: ["aria2"] });
      const prepared = await prepareByShoal(stage, { ...SHAPE, kind: "v1" });
      const { payload, file } = prepared;
      const aria2 = await Aria2.start(stage, flags);
      await aria2.seed({ file, dir: payload.dir });
      const { shoal, dir } = get(stage, prepared, aria2, "--obfuscation", "require");
      assert.equal(await isObfuscated(shoal), true);
      await completes(shoal, dir, prepared);
    });
  }
});
