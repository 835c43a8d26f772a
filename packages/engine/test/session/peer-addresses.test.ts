import assert from "node:assert/strict";
import { test } from "node:test";
import { type Made, type Node, type ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import type { Torrent } from "../../dist/session/torrent-handle.js";

const MINUTE = 60_000;

async function begin(): Promise<{ world: SimulatedWorld; made: Made; node: Node; torrent: Torrent }> {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 300_000 }, { kind: "v1", pieceLength: 32_768 });
  const node = await world.node();
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  return { world, made, node, torrent };
}

/** Connects, and says on which ports it listens. */
async function visit(
  { world, made, node }: Awaited<ReturnType<typeof begin>>,
  ports: readonly number[],
): Promise<ScriptedPeer> {
  const peer = world.dial(node, made);
  await world.run(100);
  for (const p of ports) peer.sayExtended(0, { m: {}, p });
  await world.run(100);
  return peer;
}

test("who came in and left is dialled, again and again, as somebody who did not come in", async () => {
  const scene = await begin();
  const { world, node, torrent } = scene;
  const visitor = await visit(scene, [7000]);
  assert.deepEqual(
    torrent.peers().map(({ incoming, source }) => ({ incoming, source })),
    [{ incoming: true, source: "incoming" }],
  );
  const { remote } = torrent.live!.swarm.connected.values().next().value!;
  visitor.connection.close();
  // Nobody listens there at first.
  await world.run(5 * MINUTE);
  assert.ok(node.net.dials >= 3, `${node.net.dials} dials`);
  assert.equal(node.session.inUse().halfOpen, 0);
  await world.net.from(remote.host).listen({ ports: [7000] }, (connection) => {
    connection.start({ onConnected() {}, onBytes() {}, onDrain() {}, onClosed() {} });
  });
  const dialled = (): boolean => torrent.live!.swarm.connections.connecting > 0;
  await world.until("it is dialled once more", dialled, 60 * MINUTE);
});

test("one port of a peer is taken, however many it names", async () => {
  const scene = await begin();
  await visit(
    scene,
    Array.from({ length: 500 }, (_, i) => 7000 + i),
  );
  assert.equal(scene.torrent.live!.swarm.connections.list.size, 1);
});

test("a peer with very many addresses leaves none behind that nobody may dial again", async () => {
  const { world, made, torrent } = await begin();
  const peers: ScriptedPeer[] = [];
  const met = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const onPeer = (peer: ScriptedPeer): void => {
      peers.push(peer);
      met.add(i);
    };
    torrent.addPeer(await world.listen(made, { id: "-XX0000-aaaaaaaaaaaa" }, onPeer));
  }
  await world.run(10_000);
  assert.equal(met.size, 20);
  assert.equal(torrent.peers().length, 1);
  for (const peer of peers) peer.connection.close();
  met.clear();
  await world.run(60 * MINUTE);
  assert.equal(met.size, 20);
});

test("a flood of addresses does not make the session look at everything for each of them", async () => {
  const { world, torrent } = await begin();
  const live = torrent.live!;
  let ticks = 0;
  const onTick = live.onTick.bind(live);
  live.onTick = (now) => {
    ticks++;
    onTick(now);
  };
  await world.run(1_000);
  ticks = 0;
  for (let i = 0; i < 2_000; i++) {
    live.swarm.add({ host: `10.20.${i >>> 8}.${i & 255}`, port: 6881 }, "dht");
    await world.run(0.5);
  }
  assert.ok(ticks <= 55, `${ticks} ticks within a second`);
});
