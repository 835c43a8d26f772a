import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes } from "../../dist/base/bytes.js";
import type { Metainfo } from "../../dist/meta/metainfo.js";
import { parseInfo } from "../../dist/meta/metainfo.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { seedNode } from "./hardening-tools.ts";
import { type Made, type Node, SimulatedWorld } from "@shoal/sim";

const SIZE = { file: 150_000 };
const OPTIONS = { kind: "hybrid", pieceLength: 32_768 } as const;

/** A torrent whose v1 hashes are those of one content and whose v2 hashes are those of another. */
async function twoFaced(world: SimulatedWorld): Promise<{ v1: Made; bare: Metainfo; whole: Metainfo }> {
  const v1 = await world.make(SIZE, OPTIONS);
  const v2 = await world.make(SIZE, OPTIONS);
  const info = v1.metainfo.infoBytes.slice();
  const root = v1.metainfo.layout.files[0]!.piecesRoot!;
  let at = 0;
  while (!equalBytes(info.subarray(at, at + 32), root)) at++;
  info.set(v2.metainfo.layout.files[0]!.piecesRoot!, at);
  const bare = { ...parseInfo(info, nodeHasher), trackers: [], webSeeds: [] };
  return { v1, bare, whole: { ...bare, pieceLayers: v2.metainfo.pieceLayers } };
}

async function failsWith(world: SimulatedWorld, torrent: Torrent): Promise<void> {
  await world.until("the contradiction is found", () => torrent.state === "error");
  assert.equal(torrent.error?.code, "ERR_VERIFY");
  assert.match(torrent.error.message, /two different contents/);
}

async function layerSeed(world: SimulatedWorld, made: Made, whole: Metainfo): Promise<Node> {
  return seedNode(world, { ...made, metainfo: whole }, "/data");
}

test("pieces of a hybrid that were found on disk must pass by v2 hashes that come later", async () => {
  const world = new SimulatedWorld();
  const { v1, bare, whole } = await twoFaced(world);
  const seed = await layerSeed(world, v1, whole);
  const node = await world.node();
  world.write(node, v1, "/out");
  const peers = [{ host: seed.host, port: 6881 }];
  const torrent = await node.session.add({ metainfo: bare, downloadDir: "/out", peers });
  await failsWith(world, torrent);
});

test("pieces of a hybrid that an earlier run verified must pass by v2 hashes that come later", async () => {
  const world = new SimulatedWorld();
  const { v1, bare, whole } = await twoFaced(world);
  const first = await world.node();
  const old = await layerSeed(world, v1, bare);
  const before = await first.session.add({
    metainfo: bare,
    downloadDir: "/out",
    peers: [{ host: old.host, port: 6881 }],
  });
  await world.until("downloaded", () => before.state === "seeding");
  await world.finish(first.session.close());
  const seed = await layerSeed(world, v1, whole);
  const node = await world.node({ disk: first.disk, store: first.store });
  const reads = node.disk.log.filter((operation) => operation === "hash").length;
  const peers = [{ host: seed.host, port: 6881 }];
  const torrent = await node.session.add({ metainfo: bare, downloadDir: "/out", peers });
  await world.until("resumed", () => torrent.state === "seeding");
  assert.equal(node.disk.log.filter((operation) => operation === "hash").length, reads);
  await failsWith(world, torrent);
});

test("a hybrid with its layers that contradict its v1 hashes stops at the first piece, and nobody is banned", async () => {
  const world = new SimulatedWorld();
  const { v1, whole } = await twoFaced(world);
  const seed = await layerSeed(world, v1, whole);
  const node = await world.node();
  const banned: string[] = [];
  const torrent = await node.session.add({
    metainfo: whole,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
    listener: (event) => event.type === "banned" && banned.push(event.host),
  });
  await failsWith(world, torrent);
  assert.deepEqual(banned, []);
});
