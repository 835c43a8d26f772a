// The foreign clients among themselves, without us: when these fail, it is the scene, not the play.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Aria2,
  FakePeer,
  Libtorrent,
  Opentracker,
  Transmission,
  addTracker,
  assertSameTree,
  lacks,
  lacksHybrid,
  magnetOf,
  mktorrent,
  oddFolderSpec,
  openStage,
  readTorrent,
  singleFileSpec,
  torrentSpace,
  writePadFiles,
  writePayload,
} from "@shoal/testkit";
import type { TorrentKind } from "@shoal/testkit";

const TIMEOUT = { timeout: 60_000 };
const KINDS: readonly TorrentKind[] = ["v1", "v2", "hybrid"];

describe("rigs", { concurrency: 3 }, () => {
  for (const kind of KINDS) {
    test(
      `libtorrent to libtorrent, ${kind}, folder by magnet`,
      { ...TIMEOUT, skip: lacks("libtorrent") },
      async (t) => {
        const stage = openStage(t, { needs: ["libtorrent"] });
        const payload = await writePayload(stage.folder("data"), oddFolderSpec(16_384));
        const seeder = await Libtorrent.start(stage);
        const file = join(stage.dir, "made.torrent");
        const facts = await seeder.create({ path: payload.path, output: file, kind, pieceLength: 16_384 });
        assert.equal(facts.kind, kind);
        await seeder.seed({ file, saveDir: payload.dir });
        const leecher = await Libtorrent.start(stage);
        const saveDir = stage.folder("got");
        const download = await leecher.add({ magnet: magnetOf(facts), saveDir });
        await download.connect(seeder);
        await download.waitForSeeding(30_000);
        await assertSameTree(join(saveDir, payload.name), payload.path);
      },
    );
  }

  for (const kind of ["v1", "hybrid"] as const) {
    test(
      `libtorrent to aria2 and on to libtorrent, through opentracker, ${kind}`,
      {
        ...TIMEOUT,
        skip: lacks("libtorrent", "aria2", "opentracker") || (kind === "hybrid" && lacksHybrid("aria2")),
      },
      async (t) => {
        const stage = openStage(t, { needs: ["libtorrent", "aria2", "opentracker"] });
        const payload = await writePayload(stage.folder("data"), oddFolderSpec(16_384));
        const seeder = await Libtorrent.start(stage);
        const file = join(stage.dir, "made.torrent");
        const facts = await seeder.create({ path: payload.path, output: file, kind, pieceLength: 16_384 });
        const tracker = await Opentracker.start(stage, [facts]);
        addTracker(file, tracker.httpUrl);
        assert.deepEqual(readTorrent(file).info, facts.info);
        await seeder.seed({ file, saveDir: payload.dir });
        await tracker.waitForSeeds(facts);

        const aria2 = await Aria2.start(stage);
        const middle = stage.folder("middle");
        const magnet = magnetOf(facts, [tracker.httpUrl]);
        await (await aria2.add({ magnet, dir: middle })).waitForComplete();
        await assertSameTree(join(middle, payload.name), payload.path);
        await seeder.child.kill();

        const last = await Libtorrent.start(stage);
        const saveDir = stage.folder("got");
        const download = await last.add({ file, saveDir });
        await download.connect(aria2);
        await download.waitForSeeding();
        await assertSameTree(join(saveDir, payload.name), payload.path);
      },
    );

    test(
      `Transmission to libtorrent and back through opentracker, ${kind}`,
      {
        ...TIMEOUT,
        skip:
          lacks("libtorrent", "transmission", "opentracker", "namespaces") ||
          (kind === "hybrid" && lacksHybrid("transmission")),
      },
      async (t) => {
        const stage = openStage(t, {
          needs: ["libtorrent", "transmission", "opentracker"],
          ownNetwork: true,
        });
        const payload = await writePayload(stage.folder("data"), oddFolderSpec(16_384));
        const middle = await Libtorrent.start(stage, { host: stage.host });
        const file = join(stage.dir, "made.torrent");
        const facts = await middle.create({ path: payload.path, output: file, kind, pieceLength: 16_384 });
        const tracker = await Opentracker.start(stage, [facts]);
        addTracker(file, tracker.httpUrl);
        await writePadFiles(facts, payload.dir);
        const first = await Transmission.start(stage);
        await first.seed({ file, dir: payload.dir });
        const saveDir = stage.folder("middle");
        const download = await middle.add({ file, saveDir });
        await download.connect(first);
        await download.waitForSeeding();
        await first.child.kill();
        await tracker.waitForSeeds(facts, 2);

        const last = await Transmission.start(stage);
        const dir = stage.folder("got");
        await (await last.add({ magnet: magnetOf(facts, [tracker.httpUrl]), dir })).waitForSeeding();
        await assertSameTree(join(dir, payload.name), payload.path, { emptyMayLack: true });
      },
    );
  }

  test(
    "mktorrent's torrent, honest fake peer to libtorrent, and a liar found out",
    { ...TIMEOUT, skip: lacks("libtorrent", "mktorrent") },
    async (t) => {
      const stage = openStage(t, { needs: ["libtorrent", "mktorrent"] });
      const payload = await writePayload(stage.folder("data"), singleFileSpec(32_768));
      const file = join(stage.dir, "made.torrent");
      const facts = await mktorrent({
        path: payload.path,
        output: file,
        pieceLength: 32_768,
        tracker: "http://127.0.0.1:1/announce",
      });
      const data = await torrentSpace(facts, payload.dir);
      const liar = await FakePeer.listen({
        torrent: facts,
        data,
        host: "127.0.0.3",
        behaviour: { does: "garbage" },
      });
      const honest = await FakePeer.listen({ torrent: facts, data, behaviour: { does: "honest" } });
      stage.onEnd(() => Promise.all([liar.stop(), honest.stop()]));
      const leecher = await Libtorrent.start(stage);
      const saveDir = stage.folder("got");
      const download = await leecher.add({ file, saveDir });
      await download.connect(liar);
      await download.connect(honest);
      const status = await download.waitForSeeding();
      await assertSameTree(join(saveDir, payload.name), payload.path);
      assert.ok(liar.blocksSent > 0 && status.failedBytes > 0, `the liar was asked: ${liar.summary()}`);
    },
  );
});
