import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Share, Torrent } from "@shoal/schema";
import type { SettingValues } from "@shoal/schema/settings";
import { poll } from "@shoal/testkit";
import { Scene } from "./scene.ts";

/** One node that has a folder, another that may fetch it. */
export interface Pair {
  readonly seed: Scene;
  readonly leech: Scene;
  /** By path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What the leech adds. */
  readonly from: { readonly infoHash: string; readonly peers: string[] };
}

/** `sizes` by path; all in a folder "film". `flags`: settings of the leech. */
export async function pair(
  t: TestContext,
  sizes: Readonly<Record<string, number>> = { "a.mkv": 900_000, "b.txt": 100_000 },
  flags: Partial<SettingValues> = {},
): Promise<Pair> {
  const seed = new Scene(t);
  const leech = new Scene(t, {}, flags);
  const files = new Map<string, Uint8Array>();
  mkdirSync(join(seed.dir, "film"));
  for (const [path, size] of Object.entries(sizes)) {
    const bytes = randomBytes(size);
    writeFileSync(join(seed.dir, "film", path), bytes);
    files.set(path, bytes);
  }
  const { node } = await seed.start();
  await leech.start();
  const made = await seed.call("POST", "/shares", { paths: [join(seed.dir, "film")], pieceSize: 65_536 });
  assert.equal(made.status, 202, JSON.stringify(made.body));
  const [{ id }] = made.body["shares"] as [Share];
  const shared = await poll("it is shared", async () => {
    const share = (await seed.call("GET", `/shares/${id}`)).body as unknown as Share;
    return share.torrentId !== null && share;
  });
  const torrent = await until(seed, shared.torrentId!, ({ state }) => state === "seeding");
  const from = { infoHash: torrent.v1!, peers: [`127.0.0.1:${node.session.endpoint!.port}`] };
  return { seed, leech, files, from };
}

export async function transfer(scene: Scene, id: number): Promise<Torrent> {
  const { status, body } = await scene.call("GET", `/torrents/${id}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as unknown as Torrent;
}

export function until(scene: Scene, id: number, isSo: (torrent: Torrent) => boolean): Promise<Torrent> {
  return poll(`transfer ${id}`, async () => {
    const torrent = await transfer(scene, id);
    return isSo(torrent) && torrent;
  });
}
