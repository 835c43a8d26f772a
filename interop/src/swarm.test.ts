import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Aria2,
  FakePeer,
  Libtorrent,
  MESSAGE,
  Opentracker,
  Shoal,
  addTracker,
  assertSameTree,
  lacks,
  magnetOf,
  openStage,
  torrentSpace,
  writePayload,
} from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal } from "./scene.ts";

const MIB = 1_048_576;

describe("swarms of three and more", { concurrency: 2 }, () => {
  test(
    "libtorrent seeds; we and aria2 meet it and each other at opentracker",
    { timeout: TIMEOUT_MS, skip: lacks("libtorrent", "aria2", "opentracker") },
    async (t) => {
      const stage = openStage(t, { needs: ["libtorrent", "aria2", "opentracker"] });
      const payload = await writePayload(stage.folder("data"), {
        name: "film.bin",
        size: 9 * MIB + 5,
        seed: 11,
      });
      const seed = await Libtorrent.start(stage);
      const file = join(stage.dir, "theirs.torrent");
      const facts = await seed.create({ path: payload.path, output: file, kind: "v1", pieceLength: 65_536 });
      const tracker = await Opentracker.start(stage, [facts]);
      addTracker(file, tracker.httpUrl);
      await seed.seed({ file, saveDir: payload.dir, upLimit: 4 * MIB });
      await tracker.waitForSeeds(facts);
      const dirs = [stage.folder("ours"), stage.folder("theirs")] as const;
      const shoal = Shoal.get(stage, [magnetOf(facts, [tracker.httpUrl]), "-o", dirs[0]]);
      const aria2 = await Aria2.start(stage);
      const download = await aria2.add({ file, dir: dirs[1] });
      await Promise.all([shoal.complete(), download.waitForComplete()]);
      for (const dir of dirs) await assertSameTree(join(dir, payload.name), payload.path);
      await tracker.waitFor("that both completed", facts, ({ completed }) => completed >= 2);
    },
  );

  for (const kind of ["v1", "v2", "hybrid"] as const) {
    test(
      `we seed to two libtorrents that know each other, ${kind}`,
      { timeout: TIMEOUT_MS, skip: lacks("libtorrent") },
      async (t) => {
        const stage = openStage(t, { needs: ["libtorrent"] });
        const { payload, file } = await prepareByShoal(stage, { kind, shape: "folder", pieceLength: 65_536 });
        const seed = await Shoal.send(stage, [file, "--data", payload.dir]);
        const clients = await Promise.all([Libtorrent.start(stage), Libtorrent.start(stage)]);
        const dirs = [stage.folder("got"), stage.folder("got")];
        const downloads = await Promise.all(
          clients.map((client, i) => client.add({ file, saveDir: dirs[i] ?? "" })),
        );
        await downloads[0]?.connect(clients[1]);
        for (const download of downloads) await download.connect(seed);
        await Promise.all(downloads.map((download) => download.waitForSeeding()));
        for (const dir of dirs) await assertSameTree(join(dir, payload.name), payload.path);
      },
    );

    test(
      `we pass on what we are still getting, ${kind}`,
      { timeout: TIMEOUT_MS, skip: lacks("libtorrent") },
      async (t) => {
        const stage = openStage(t, { needs: ["libtorrent"] });
        const payload = await writePayload(stage.folder("data"), {
          name: "film.bin",
          size: 12 * MIB + 5,
          seed: 12,
        });
        const seed = await Libtorrent.start(stage);
        const file = join(stage.dir, "theirs.torrent");
        await seed.create({ path: payload.path, output: file, kind, pieceLength: 131_072 });
        const upload = await seed.seed({ file, saveDir: payload.dir, upLimit: 4 * MIB });
        const ours = stage.folder("ours");
        const shoal = Shoal.get(stage, [file, "-o", ours, "--peer", `${seed.host}:${seed.port}`]);
        const { port } = await shoal.listening();
        const last = await Libtorrent.start(stage);
        const saveDir = stage.folder("got");
        const download = await last.add({ file, saveDir });
        await download.connect({ host: shoal.host, port });
        const early = await download.waitFor("the last one has something", (status) => status.done > 0);
        assert.ok(early.done < payload.contentSize);
        assert.ok(
          (await upload.status()).payloadUp < payload.contentSize,
          "we are not complete yet ourselves",
        );
        await shoal.complete();
        await assertSameTree(join(ours, payload.name), payload.path);
        // Not on a terminal, "get" ends when it is complete: "send" goes on with what it got.
        await shoal.endsWith(0);
        await download.connect(await Shoal.send(stage, [file, "--data", ours]));
        await download.waitForSeeding();
        await assertSameTree(join(saveDir, payload.name), payload.path);
      },
    );
  }

  test(
    "two of ours and a libtorrent meet at opentracker over UDP",
    { timeout: TIMEOUT_MS, skip: lacks("libtorrent", "opentracker") },
    async (t) => {
      const stage = openStage(t, { needs: ["libtorrent", "opentracker"] });
      const prepared = await prepareByShoal(stage, { kind: "hybrid", shape: "folder", pieceLength: 16_384 });
      const { payload, file, facts } = prepared;
      const tracker = await Opentracker.start(stage, [facts]);
      await Shoal.send(stage, [file, "--data", payload.dir, "--tracker", tracker.udpUrl]);
      await tracker.waitForSeeds(facts);
      const magnet = magnetOf(facts, [tracker.udpUrl]);
      const dirs = [stage.folder("got"), stage.folder("got")] as const;
      const shoal = Shoal.get(stage, [magnet, "-o", dirs[0]]);
      const client = await Libtorrent.start(stage);
      const download = await client.add({ magnet, saveDir: dirs[1] });
      await Promise.all([shoal.complete(), download.waitForSeeding()]);
      for (const dir of dirs) await assertSameTree(join(dir, payload.name), payload.path);
    },
  );

  test(
    "peers of a hybrid that know one half only get it from us and from each other",
    { timeout: TIMEOUT_MS, skip: lacks("libtorrent") },
    async (t) => {
      const stage = openStage(t, { needs: ["libtorrent"] });
      const prepared = await prepareByShoal(stage, { kind: "hybrid", shape: "folder", pieceLength: 16_384 });
      const { payload, file, facts } = prepared;
      const seed = await Shoal.send(stage, [file, "--data", payload.dir]);
      const magnets = [
        magnetOf({ ...facts, infoHashV2: null }),
        magnetOf({ ...facts, infoHashV1: null }),
        magnetOf(facts),
      ];
      const downloads = await Promise.all(
        magnets.map(async (magnet) => {
          const client = await Libtorrent.start(stage);
          const saveDir = stage.folder("got");
          return { saveDir, download: await client.add({ magnet, saveDir }) };
        }),
      );
      for (const { download } of downloads) await download.connect(seed);
      for (const { download, saveDir } of downloads) {
        await download.waitForSeeding();
        await assertSameTree(join(saveDir, payload.name), payload.path);
      }
    },
  );

  test(
    "a v1 peer that knows no pad files asks us for the padding of a hybrid",
    { timeout: TIMEOUT_MS },
    async (t) => {
      const stage = openStage(t);
      const prepared = await prepareByShoal(stage, { kind: "hybrid", shape: "folder", pieceLength: 65_536 });
      const { payload, file, facts } = prepared;
      const space = await torrentSpace(facts, payload.dir);
      const seed = await Shoal.send(stage, [file, "--data", payload.dir]);
      const got = Buffer.alloc(space.length, 0xff);
      let bytes = 0;
      const plain = { ...facts, kind: "v1" } as const;
      const peer = FakePeer.dialler({
        torrent: plain,
        data: space,
        behaviour: { does: "honest" },
        has: () => false,
        onBlock: (piece, begin, data) => {
          data.copy(got, piece * facts.pieceLength + begin);
          bytes += data.length;
        },
      });
      stage.onEnd(() => peer.stop());
      const connection = peer.dial(seed);
      await peer.waitFor("handshake", () => connection.handshake !== null);
      connection.say(MESSAGE.interested);
      await peer.waitFor("unchoke", () => connection.received.has(MESSAGE.unchoke));
      for (let at = 0; at < space.length; at += 16_384) {
        const piece = Math.floor(at / facts.pieceLength);
        connection.request(piece, at % facts.pieceLength, Math.min(16_384, space.length - at));
      }
      await peer.waitFor("all blocks, padding included", () => bytes >= space.length);
      assert.ok(got.equals(space));
    },
  );

  test(
    "a dead tracker does not keep us from the next one, which hears that we completed",
    { timeout: TIMEOUT_MS, skip: lacks("libtorrent", "opentracker") },
    async (t) => {
      const stage = openStage(t, { needs: ["libtorrent", "opentracker"] });
      const prepared = await prepareByShoal(stage, { kind: "v1", shape: "file", pieceLength: 65_536 });
      const { payload, file, facts } = prepared;
      const seed = await Libtorrent.start(stage);
      const tracker = await Opentracker.start(stage, [facts]);
      await seed.seed({ file, saveDir: payload.dir, trackers: [tracker.httpUrl] });
      await tracker.waitForSeeds(facts);
      const dead = `http://127.0.0.1:${await stage.freePort()}/announce`;
      const dir = stage.folder("got");
      const shoal = Shoal.get(stage, [magnetOf(facts, [dead, tracker.httpUrl]), "-o", dir]);
      await shoal.complete();
      await assertSameTree(join(dir, payload.name), payload.path);
      await tracker.waitFor("that we completed", facts, ({ completed }) => completed >= 1);
    },
  );
});
