import assert from "node:assert/strict";
import { test } from "node:test";
import { peerPriority } from "@shoal/engine/composition";
import { type Node, SimulatedWorld } from "../dist/index.js";

const SLOTS = 4;
const OTHERS = 12;
const MINUTE = 60_000;
/** See core/swarm/slot-contest.ts. */
const MARGIN = 2 ** 32 / 16;

test("a full swarm has its slots taken by those whose canonical priority is highest, and is at peace then", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 1_000_000 }, { kind: "v1", pieceLength: 65_536 });
  const add = { metainfo: made.metainfo, downloadDir: "/out" };
  const crowded = await world.node({
    addresses: ["203.0.113.1"],
    config: { maxConnectionsPerTorrent: SLOTS, pex: false },
  });
  const torrent = await world.finish(crowded.session.add(add));
  const others: Node[] = [];
  for (let i = 0; i < OTHERS; i++) {
    const node = await world.node({ addresses: [`198.${18 + i}.${i * 7}.9`], config: { pex: false } });
    await world.finish(node.session.add({ ...add, peers: [crowded.endpoint] }));
    others.push(node);
  }
  const priorityOf = (host: string): number => peerPriority(crowded.endpoint, { host, port: 6881 })!;
  const inside = (): string[] => torrent.peers().map(({ host }) => host);
  await world.run(20 * MINUTE);
  const settled = inside();
  assert.equal(settled.length, SLOTS);
  const lowest = Math.min(...settled.map(priorityOf));
  const better = others.filter(({ host }) => priorityOf(host) > lowest + MARGIN && !settled.includes(host));
  assert.deepEqual(
    better.map(({ host }) => host),
    [],
  );
  await world.run(5 * MINUTE);
  assert.deepEqual(inside().toSorted(), settled.toSorted());
});
