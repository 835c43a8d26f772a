import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { queryObjects } from "node:v8";
import { Transfer } from "../../dist/transfer.js";
import { ask, Scene } from "../scene.ts";

const ROUNDS = 4;
const LIVES = 25;

test("of a hundred transfers that came and went nothing stays in memory or on the disk", async (t) => {
  const scene = new Scene(t);
  const { node } = await scene.start();
  const stays = await scene.call("POST", "/torrents", source(0));
  const torrents = node.transfers.list()[0]!.torrent.constructor as new () => object;
  const before = filesIn(scene.dir);
  for (let round = 0; round < ROUNDS; round++)
    await Promise.all(Array.from({ length: LIVES }, (_, i) => lifeOf(scene, 1 + round * LIVES + i)));
  // What was computed for streams goes with the removed rows at the next look.
  await scene.call("GET", "/torrents");
  await settled(() => queryObjects(Transfer) === 1);
  assert.equal(queryObjects(Transfer), 1);
  assert.equal(queryObjects(torrents), 1);
  assert.deepEqual(
    node.transfers.list().map(({ id }) => id),
    [stays.body["id"]],
  );
  await node.transfers.save();
  assert.deepEqual(filesIn(scene.dir), before);
  assert.equal(node.live.size, 0);
});

/** Connections that have answered are still being taken down: a few turns of the loop later nothing of them is left. */
async function settled(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !isSo(); turn++) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The folders that they were in are few, and stay. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

function source(n: number): object {
  const hash = createHash("sha1").update(`${n}`).digest("hex");
  return { magnet: `magnet:?xt=urn:btih:${hash}&dn=transfer-${n}` };
}

async function lifeOf(scene: Scene, n: number): Promise<void> {
  const call = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await ask({ socketPath: scene.options.profile.socket }, method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const { id } = await call("POST", "/torrents", source(n));
  const at = `/torrents/${String(id)}`;
  await Promise.all([call("PATCH", at, { labels: [`l${n % 5}`] }), call("POST", `${at}/pause`, {})]);
  await call("POST", `${at}/resume`, {});
  await call("GET", "/torrents");
  await call("DELETE", at);
  // Every third one is brought back first.
  if (n % 3 === 0) {
    await call("POST", `/trash/${String(id)}/restore`, {});
    await call("DELETE", `${at}?deleteFiles=true`);
  }
  await call("DELETE", `/trash/${String(id)}`);
}
