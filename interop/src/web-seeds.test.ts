import { join } from "node:path";
import { describe, test } from "node:test";
import { Nginx, Shoal, assertSameTree, lacks, openStage, readTorrent, runShoal } from "@shoal/testkit";
import type { Stage, TorrentKind } from "@shoal/testkit";
import { TIMEOUT_MS, type Prepared, writeCellPayload } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("nginx") };
const NEEDS = { needs: ["nginx"] } as const;

interface Made {
  readonly kind: TorrentKind;
  readonly shape: "file" | "folder";
}

/** A torrent with web seeds, made by `shoal torrent create`. */
async function make(
  stage: Stage,
  made: Made,
  urls: (payload: Prepared["payload"]) => readonly string[] | Promise<readonly string[]>,
): Promise<Prepared> {
  const payload = await writeCellPayload(stage, { ...made, pieceLength: 65_536 });
  const file = join(stage.dir, "seeded.torrent");
  const seeds = (await urls(payload)).flatMap((url) => ["--web-seed", url]);
  const args = ["torrent", "create", payload.path, "-o", file, `--${made.kind}`, "--piece-size", "65536"];
  await runShoal([...args, ...seeds], stage.folder("state"));
  return { payload, file, facts: readTorrent(file) };
}

async function getAll(stage: Stage, { file, payload }: Prepared, ...more: string[]): Promise<Shoal> {
  const dir = stage.folder("got");
  const shoal = Shoal.get(stage, [file, "-o", dir, "--once", ...more]);
  await shoal.complete();
  await shoal.endsWith(0);
  await assertSameTree(join(dir, payload.name), payload.path);
  return shoal;
}

describe("we get everything from nginx alone", { concurrency: 2 }, () => {
  for (const kind of ["v1", "v2", "hybrid"] as const) {
    for (const shape of ["file", "folder"] as const) {
      test(`${kind} ${shape}`, OPTIONS, async (t) => {
        const stage = openStage(t, NEEDS);
        let nginx: Nginx | null = null;
        const prepared = await make(stage, { kind, shape }, async ({ dir }) => {
          nginx = await Nginx.start(stage, { root: dir });
          return [nginx.url];
        });
        await getAll(stage, prepared);
      });
    }
  }
});
