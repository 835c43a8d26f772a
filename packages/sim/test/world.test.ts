import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimulatedWorld } from "../dist/index.js";

const MIB = 1024 * 1024;

describe("a simulated network", () => {
  test("carries bytes at the rate of the slower end, after the latency", async () => {
    const world = new SimulatedWorld();
    const from = world.net.host(["10.9.0.1"], { up: MIB, down: MIB, latencyMs: 30, loss: 0 });
    const to = world.net.host(["10.9.0.2"], { up: MIB, down: MIB / 2, latencyMs: 20, loss: 0 });
    let received = 0;
    await to.listen({ ports: [1] }, (connection) =>
      connection.start({
        onConnected: () => undefined,
        onBytes: (_bytes, start, end) => void (received += end - start),
        onDrain: () => undefined,
        onClosed: () => undefined,
      }),
    );
    const began = world.now();
    const connection = from.connect({ host: "10.9.0.2", port: 1 });
    let connectedAt = 0;
    connection.start({
      onConnected: () => {
        connectedAt = world.now();
        connection.write(new Uint8Array(MIB));
      },
      onBytes: () => undefined,
      onDrain: () => undefined,
      onClosed: () => undefined,
    });
    await world.until("everything is there", () => received === MIB);
    assert.equal(connectedAt - began, 100);
    const seconds = (world.now() - connectedAt) / 1000;
    assert.ok(seconds > 2.03 && seconds < 2.07, `${seconds} s`);
  });

  test("loses segments without losing their order, and is slower for it", async () => {
    const took = async (loss: number): Promise<number> => {
      const world = new SimulatedWorld();
      const made = await world.make({ file: MIB }, { kind: "v1", pieceLength: 65_536 });
      const seed = await world.node({ link: { up: MIB, down: MIB, latencyMs: 20, loss } });
      world.write(seed, made, "/data");
      await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true });
      const leecher = await world.node();
      const { endpoint } = seed;
      const began = world.now();
      const torrent = await leecher.session.add({
        metainfo: made.metainfo,
        downloadDir: "/out",
        peers: [endpoint],
      });
      await world.until("complete", () => torrent.state === "seeding");
      assert.deepEqual(leecher.disk.files.get("/out/file")?.bytes, made.files.get("file"));
      assert.equal(torrent.stats().wasted, 0);
      return world.now() - began;
    };
    const clean = await took(0);
    const lossy = await took(0.1);
    assert.ok(clean < 1_400, `${clean} ms`);
    assert.ok(lossy > clean + 100, `${lossy} ms with losses, ${clean} ms without`);
  });
});

describe("a simulated clock", () => {
  test("holds timers back while the host sleeps, whichever way its time goes meanwhile", async () => {
    for (const counted of [true, false]) {
      const world = new SimulatedWorld();
      const { clock } = await world.node();
      const rang: number[] = [];
      const began = clock.now();
      clock.setTimer(1_000, () => rang.push(clock.now() - began));
      clock.setTimer(5_000, () => rang.push(clock.now() - began));
      clock.sleep();
      await world.run(3_000);
      assert.deepEqual(rang, []);
      clock.wake(counted);
      await world.run(10_000);
      assert.deepEqual(rang, counted ? [3_000, 5_000] : [1_000, 5_000]);
    }
  });
});
