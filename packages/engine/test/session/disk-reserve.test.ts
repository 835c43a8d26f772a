import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedWorld } from "@shoal/sim";
import { seedNode } from "./hardening-tools.ts";

const MIB = 1_048_576;
const SIZE = { file: 8 * MIB };
const OPT = { kind: "v1", pieceLength: 262_144 } as const;
const RESERVE = 64 * MIB;

test("what is to stay free stays so: the download waits, says why, and goes on by itself", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const seed = await seedNode(world, made);
  const leech = await world.node({ config: { diskReserve: RESERVE, limits: { down: MIB, up: null } } });
  leech.disk.store.free = RESERVE + 20 * MIB;
  const warnings: string[] = [];
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
    listener: (event) => {
      if (event.type === "peer-connected") leech.disk.store.free = RESERVE - 1;
      if (event.type === "warning") warnings.push(event.error.code);
    },
  });
  await world.until("it waits", () => torrent.stats().waiting?.code === "disk-full");
  assert.match(
    torrent.stats().waiting!.message,
    /^the disk is full: .* needed in \/out, 0 B free besides 67\.1 MB that are kept free; continues by itself/,
  );
  const { piecesHave } = torrent.stats();
  await world.run(120_000);
  assert.equal(torrent.stats().piecesHave, piecesHave, "nothing comes in the meantime");
  assert.deepEqual(warnings, ["ERR_NO_SPACE"], "it is said once");
  assert.equal(torrent.state, "downloading", "and nothing has failed");
  leech.session.limits.setSettings({ diskReserve: 0 });
  leech.disk.store.free = 20 * MIB;
  await world.until("complete", () => torrent.state === "seeding", 90_000);
  await world.finish(leech.session.close());
});

test("what does not fit besides what is to stay free does not begin", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZE, OPT);
  const leech = await world.node({ config: { diskReserve: RESERVE } });
  leech.disk.store.free = RESERVE + 4 * MIB;
  const torrent = await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.until("it has failed", () => torrent.error?.code === "ERR_NO_SPACE");
  leech.disk.store.free = RESERVE + 20 * MIB;
  await world.until("it goes on by itself", () => torrent.state === "downloading", 90_000);
  await world.finish(leech.session.close());
});
