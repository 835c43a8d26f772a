import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Libtorrent, Shoal, assertSameTree, lacks, magnetOf, openStage } from "@shoal/testkit";
import type { Stage } from "@shoal/testkit";
import { TIMEOUT_MS, type Prepared, prepareByShoal } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS };
const CELL = { shape: "folder", pieceLength: 16_384 } as const;

/** The .torrent file without its piece layers, as some programs write it. */
function withoutLayers(stage: Stage, { file }: Prepared): string {
  const bytes = readFileSync(file);
  const key = Buffer.from("12:piece layers");
  const at = bytes.lastIndexOf(key);
  if (at < 0) throw new Error("the torrent has no piece layers");
  // A dictionary of strings follows.
  let end = at + key.length + 1;
  while (bytes[end] !== 0x65) {
    const colon = bytes.indexOf(":", end);
    end = colon + 1 + Number(bytes.subarray(end, colon).toString("latin1"));
  }
  const bare = join(stage.folder("bare"), "bare.torrent");
  writeFileSync(bare, Buffer.concat([bytes.subarray(0, at), bytes.subarray(end + 1)]));
  return bare;
}

async function get(stage: Stage, { payload }: Prepared, what: string, ...more: string[]): Promise<void> {
  const dir = stage.folder("got");
  const shoal = Shoal.get(stage, [what, "-o", dir, "--once", ...more]);
  await shoal.complete();
  await shoal.endsWith(0);
  await assertSameTree(join(dir, payload.name), payload.path);
}

describe("a .torrent without piece layers: they come from peers", { concurrency: 2 }, () => {
  for (const kind of ["v2", "hybrid"] as const) {
    test(`${kind}, from libtorrent`, { ...OPTIONS, skip: lacks("libtorrent") }, async (t) => {
      const stage = openStage(t, { needs: ["libtorrent"] });
      const prepared = await prepareByShoal(stage, { ...CELL, kind });
      const seed = await Libtorrent.start(stage);
      await seed.seed({ file: prepared.file, saveDir: prepared.payload.dir });
      await get(stage, prepared, withoutLayers(stage, prepared), "--peer", `${seed.host}:${seed.port}`);
    });

    test(`${kind}, from our own`, OPTIONS, async (t) => {
      const stage = openStage(t);
      const prepared = await prepareByShoal(stage, { ...CELL, kind });
      const seed = await Shoal.send(stage, [prepared.file, "--data", prepared.payload.dir]);
      await get(stage, prepared, withoutLayers(stage, prepared), "--peer", `${seed.host}:${seed.port}`);
    });

    test(`${kind}, from us who have the data and lack the layers too`, OPTIONS, async (t) => {
      const stage = openStage(t);
      const prepared = await prepareByShoal(stage, { ...CELL, kind });
      const bare = withoutLayers(stage, prepared);
      const seed = await Shoal.send(stage, [bare, "--data", prepared.payload.dir]);
      await get(stage, prepared, bare, "--peer", `${seed.host}:${seed.port}`);
    });
  }
});

describe("peers that a magnet names", { concurrency: 2 }, () => {
  for (const [what, host, inLink] of [
    ["by a name", "127.0.0.1", "localhost"],
    ["by an IPv6 address", "::1", "[::1]"],
  ] as const) {
    test(what, OPTIONS, async (t) => {
      const stage = openStage(t);
      const prepared = await prepareByShoal(stage, { ...CELL, kind: "hybrid" });
      const { port } = await Shoal.send(stage, [
        prepared.file,
        "--data",
        prepared.payload.dir,
        "--host",
        host,
      ]);
      const link = `${magnetOf(prepared.facts)}&x.pe=${inLink}:${port}`;
      await get(stage, prepared, link, "--host", host);
    });
  }
});
