import { join } from "node:path";
import { describe, test } from "node:test";
import { Libtorrent, Shoal, assertSameTree, lacks, magnetOf, openStage } from "@shoal/testkit";
import { TIMEOUT_MS, cells, getOnce, linkFor, nameOf, prepareByShoal, writeCellPayload } from "./scene.ts";
import type { Prepared } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("libtorrent") };
const NEEDS = { needs: ["libtorrent"] } as const;

describe("libtorrent gets what we serve", { concurrency: 2 }, () => {
  for (const cell of cells(["v1", "v2", "hybrid"])) {
    test(nameOf(cell), OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const prepared = await prepareByShoal(stage, cell);
      const { payload } = prepared;
      const [seed, leecher] = await Promise.all([
        Shoal.send(stage, [prepared.file, "--data", payload.dir]),
        Libtorrent.start(stage),
      ]);
      const saveDir = stage.folder("got");
      const download = await leecher.add({ ...linkFor(cell, prepared), saveDir });
      await download.connect(seed);
      await download.waitForSeeding();
      await assertSameTree(join(saveDir, payload.name), payload.path);
    });
  }
});

describe("we get what libtorrent serves", { concurrency: 2 }, () => {
  for (const cell of cells(["v1", "v2", "hybrid"])) {
    test(nameOf(cell), OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const payload = await writeCellPayload(stage, cell);
      const seed = await Libtorrent.start(stage);
      const file = join(stage.dir, "theirs.torrent");
      const facts = await seed.create({ path: payload.path, output: file, ...cell });
      await seed.seed({ file, saveDir: payload.dir });
      const { dir } = await getOnce(stage, cell, { payload, file, facts }, seed);
      await assertSameTree(join(dir, payload.name), payload.path);
    });
  }
});

describe("one half of a hybrid's magnet is enough", { concurrency: 2 }, () => {
  const cell = { kind: "hybrid", shape: "folder", pieceLength: 16_384 } as const;
  for (const half of ["infoHashV1", "infoHashV2"] as const) {
    const halfMagnet = ({ facts }: Prepared): string =>
      magnetOf({ ...facts, infoHashV1: null, infoHashV2: null, [half]: facts[half] });

    test(`libtorrent gets it from us, ${half}`, OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const prepared = await prepareByShoal(stage, cell);
      const { payload } = prepared;
      const seed = await Shoal.send(stage, [prepared.file, "--data", payload.dir]);
      const leecher = await Libtorrent.start(stage);
      const saveDir = stage.folder("got");
      const download = await leecher.add({ magnet: halfMagnet(prepared), saveDir });
      await download.connect(seed);
      await download.waitForSeeding();
      await assertSameTree(join(saveDir, payload.name), payload.path);
    });

    test(`we get it from libtorrent, ${half}`, OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const payload = await writeCellPayload(stage, cell);
      const seed = await Libtorrent.start(stage);
      const file = join(stage.dir, "theirs.torrent");
      const facts = await seed.create({ path: payload.path, output: file, ...cell });
      await seed.seed({ file, saveDir: payload.dir });
      const dir = stage.folder("got");
      const magnet = halfMagnet({ payload, file, facts });
      const shoal = Shoal.get(stage, [magnet, "-o", dir, "--peer", `${seed.host}:${seed.port}`, "--once"]);
      await shoal.complete();
      await shoal.endsWith(0);
      await assertSameTree(join(dir, payload.name), payload.path);
    });
  }
});
