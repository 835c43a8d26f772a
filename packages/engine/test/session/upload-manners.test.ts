import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import { seedNode } from "./hardening-tools.ts";

const KIB = 1024;

test("what waits for a peer on a slow uplink is little, so that our own requests don't wait behind it", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 4096 * KIB }, { kind: "v1", pieceLength: 1024 * KIB });
  const link = { up: 16 * KIB, down: 1024 * KIB, latencyMs: 10, loss: 0 };
  const seed = await seedNode(world, made, "/data", { link });
  const peer = world.dial(seed, made);
  await world.run(1_000);
  peer.out.haveNone();
  peer.out.interested();
  peer.say();
  await world.until("unchoked", () => peer.count("unchoke") > 0);
  for (let block = 0; block < 64; block++) peer.out.request(0, block * 16 * KIB, 16 * KIB);
  peer.say();
  let most = 0;
  for (let i = 0; i < 40; i++) {
    await world.run(250);
    for (const { queuedBytes } of seed.net.connections) most = Math.max(most, queuedBytes);
  }
  assert.ok(peer.count("block") >= 8, `${peer.count("block")} blocks`);
  assert.ok(most > 0 && most <= 64 * KIB, `${most} bytes`);
});

test("pieces are granted to a choked peer when others have them: a new swarm does not take the same ones from one seed", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 4096 * KIB }, { kind: "v1", pieceLength: 64 * KIB });
  const seed = await seedNode(world, made);
  const newcomer = async (): Promise<number> => {
    const peer = world.dial(seed, made);
    await world.settle();
    peer.out.haveNone();
    peer.say();
    await world.run(1_000);
    return peer.count("allowed fast");
  };
  assert.equal(await newcomer(), 0);
  for (let i = 0; i < 3; i++) {
    const peer = world.dial(seed, made);
    await world.settle();
    const most = new Uint8Array(8).fill(255);
    most[7] = 254;
    peer.out.bitfield(most);
    peer.out.interested();
    peer.say();
  }
  await world.run(1_000);
  assert.ok((await newcomer()) >= 9);
});
