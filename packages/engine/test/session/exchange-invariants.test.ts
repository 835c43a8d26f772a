import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import { seedNode } from "./hardening-tools.ts";

test("Session.invariants finds a request that is in a peer's queue and not in the picker", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 1_000_000 }, { kind: "v1", pieceLength: 65_536 });
  const link = { up: 100_000, down: 100_000, latencyMs: 10, loss: 0 };
  const seed = await seedNode(world, made, "/data", { link });
  const leecher = await world.node();
  const { metainfo } = made;
  const torrent = await leecher.session.add({ metainfo, downloadDir: "/out", peers: [seed.endpoint] });
  await world.until("requests are out", () => torrent.peers().some(({ requests }) => requests > 0));
  leecher.session.invariants();
  const [peer] = torrent.live!.swarm.connected;
  let block: readonly [number, number] = [-1, -1];
  peer!.requests.forEach((piece, index) => {
    block = [piece, index];
  });
  peer!.requests.bury(...block);
  assert.throws(() => leecher.session.invariants(), /requests in its queue and \d+ in the picker/);
});
