// Transmission moves in steps of ten seconds but uses next to no processor time: its tests run side by side, each in a
// network of its own.
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  Libtorrent,
  Opentracker,
  Shoal,
  Transmission,
  addTracker,
  assertSameTree,
  lacks,
  lacksHybrid,
  openStage,
  writePadFiles,
} from "@shoal/testkit";
import { TIMEOUT_MS, cells, getOnce, linkFor, nameOf, prepareByShoal, writeCellPayload } from "./scene.ts";

const CELLS = cells(["v1", "hybrid"]);

describe("Transmission gets what we serve, met at opentracker", { concurrency: 8 }, () => {
  for (const cell of CELLS) {
    const skip =
      lacks("transmission", "opentracker", "namespaces") ||
      (cell.kind === "hybrid" && lacksHybrid("transmission"));
    test(nameOf(cell), { timeout: TIMEOUT_MS, skip }, async (t) => {
      const stage = openStage(t, { needs: ["transmission", "opentracker"], ownNetwork: true });
      const prepared = await prepareByShoal(stage, cell);
      const { payload, file, facts } = prepared;
      const tracker = await Opentracker.start(stage, [facts]);
      addTracker(file, tracker.httpUrl);
      await Shoal.send(stage, [file, "--data", payload.dir]);
      await tracker.waitForSeeds(facts);
      const client = await Transmission.start(stage);
      const dir = stage.folder("got");
      const torrent = await client.add({ ...linkFor(cell, prepared, [tracker.httpUrl]), dir });
      await torrent.waitForSeeding();
      await assertSameTree(join(dir, payload.name), payload.path, { emptyMayLack: true });
    });
  }
});

describe("we get what Transmission serves", { concurrency: 8 }, () => {
  for (const cell of CELLS) {
    const skip =
      lacks("transmission", "libtorrent", "namespaces") ||
      (cell.kind === "hybrid" && lacksHybrid("transmission"));
    test(nameOf(cell), { timeout: TIMEOUT_MS, skip }, async (t) => {
      const stage = openStage(t, { needs: ["transmission", "libtorrent"], ownNetwork: true });
      const payload = await writeCellPayload(stage, cell);
      const maker = await Libtorrent.start(stage);
      const file = join(stage.dir, "theirs.torrent");
      const facts = await maker.create({ path: payload.path, output: file, ...cell });
      await maker.child.kill();
      await writePadFiles(facts, payload.dir);
      const client = await Transmission.start(stage);
      await client.seed({ file, dir: payload.dir });
      const { dir } = await getOnce(stage, cell, { payload, file, facts }, client);
      await assertSameTree(join(dir, payload.name), payload.path);
    });
  }
});
