import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Aria2,
  Libtorrent,
  Opentracker,
  Shoal,
  addTracker,
  assertSameTree,
  lacks,
  lacksHybrid,
  mktorrent,
  openStage,
  readTorrent,
  writePadFiles,
} from "@shoal/testkit";
import type { TorrentFacts } from "@shoal/testkit";
import { TIMEOUT_MS, cells, getOnce, linkFor, nameOf, prepareByShoal, writeCellPayload } from "./scene.ts";

const CELLS = cells(["v1", "hybrid"]);

describe("aria2 gets what we serve, met at opentracker", { concurrency: 3 }, () => {
  for (const cell of CELLS) {
    const skip = lacks("aria2", "opentracker") || (cell.kind === "hybrid" && lacksHybrid("aria2"));
    test(nameOf(cell), { timeout: TIMEOUT_MS, skip }, async (t) => {
      const stage = openStage(t, { needs: ["aria2", "opentracker"] });
      const prepared = await prepareByShoal(stage, cell);
      const { payload, file, facts } = prepared;
      const [tracker, aria2] = await Promise.all([Opentracker.start(stage, [facts]), Aria2.start(stage)]);
      addTracker(file, tracker.httpUrl);
      await Shoal.send(stage, [file, "--data", payload.dir]);
      await tracker.waitForSeeds(facts);
      const dir = stage.folder("got");
      const download = await aria2.add({ ...linkFor(cell, prepared, [tracker.httpUrl]), dir });
      await download.waitForComplete();
      await assertSameTree(join(dir, payload.name), payload.path);
    });
  }
});

describe("we get what aria2 serves", { concurrency: 3 }, () => {
  for (const cell of CELLS) {
    // mktorrent makes v1 only, and no pieces below 32 KiB.
    const byMktorrent = cell.kind === "v1" && cell.pieceLength >= 32_768;
    const makers = byMktorrent ? (["mktorrent"] as const) : (["libtorrent"] as const);
    const skip = lacks("aria2", ...makers) || (cell.kind === "hybrid" && lacksHybrid("aria2"));
    test(nameOf(cell), { timeout: TIMEOUT_MS, skip }, async (t) => {
      const stage = openStage(t, { needs: ["aria2", ...makers] });
      const payload = await writeCellPayload(stage, cell);
      const file = join(stage.dir, "theirs.torrent");
      let facts: TorrentFacts;
      if (byMktorrent) {
        const tracker = "http://127.0.0.1:1/announce";
        facts = await mktorrent({ path: payload.path, output: file, pieceLength: cell.pieceLength, tracker });
      } else {
        const maker = await Libtorrent.start(stage);
        facts = await maker.create({ path: payload.path, output: file, ...cell });
        await maker.child.kill();
        await writePadFiles(facts, payload.dir);
      }
      const aria2 = await Aria2.start(stage);
      await aria2.seed({ file, dir: payload.dir });
      const { dir } = await getOnce(stage, cell, { payload, file, facts: readTorrent(file) }, aria2);
      await assertSameTree(join(dir, payload.name), payload.path);
    });
  }
});
