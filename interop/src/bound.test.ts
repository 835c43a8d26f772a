// Bound to one of two ways out, the better one never sees a packet of ours: not while the other works, not when it vanishes in the middle.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  NameServer,
  Opentracker,
  Shoal,
  TwoWays,
  assertSameTree,
  lacks,
  openStage,
  writePayload,
} from "@shoal/testkit";
import type { ShoalEvent, Stage } from "@shoal/testkit";
import { TIMEOUT_MS, prepareByShoal } from "./scene.ts";

const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("opentracker", "namespaces", "nft") };
const ONLINE = { SHOAL_OFFLINE: "0" };
const CELL = { kind: "hybrid", shape: "folder", pieceLength: 16_384 } as const;

function start(stage: Stage, words: readonly string[]): Shoal {
  return Shoal.start(stage, [...words, "--port", "0"], stage.folder("state"), ONLINE);
}

describe("bound to one interface, nothing goes by another", () => {
  for (const host of ["vpn0", "10.8.0.2", "fd08::2"]) {
    test(`peers and trackers, bound to ${host}`, OPTIONS, async (t) => {
      const ways = TwoWays.open(t);
      const far = openStage(t, { on: ways.far });
      const us = openStage(t, { on: ways.us });
      const prepared = await prepareByShoal(far, CELL);
      const { payload, file, facts } = prepared;
      const tracker = await Opentracker.start(far, [facts]);
      const seed = start(far, ["send", file, "--data", payload.dir]);
      const { port } = await seed.listening();
      const out = us.folder("got");
      const peers = ["10.50.0.1", "[fd50::1]"].flatMap((address) => ["--peer", `${address}:${port}`]);
      const trackers = ["--tracker", host === "vpn0" ? tracker.httpUrl : tracker.udpUrl];
      const leecher = start(us, ["get", file, "-o", out, "--host", host, ...peers, ...trackers]);
      await leecher.complete();
      await assertSameTree(join(out, payload.name), payload.path);
      // The tracker has IPv4 alone.
      if (host !== "fd08::2") await tracker.waitFor("us", facts, ({ completed }) => completed > 0);
      await leecher.interrupt();
      assert.equal(ways.strays(), "");
    });
  }

  test("names of trackers and peers", OPTIONS, async (t) => {
    const ways = TwoWays.open(t);
    const far = openStage(t, { on: ways.far });
    const us = openStage(t, { on: ways.us });
    const { payload, file, facts } = await prepareByShoal(far, CELL);
    const tracker = await Opentracker.start(far, [facts]);
    const names = await NameServer.start(far, "10.50.0.1", new URL(tracker.httpUrl).hostname);
    ways.useNameServer("10.50.0.1");
    const seed = start(far, ["send", file, "--data", payload.dir, "--tracker", tracker.httpUrl]);
    await seed.listening();
    await tracker.waitForSeeds(facts);
    const out = us.folder("got");
    const named = tracker.httpUrl.replace(new URL(tracker.httpUrl).hostname, "long.tracker.test");
    const leecher = start(us, ["get", file, "-o", out, "--host", "vpn0", "--tracker", named]);
    await leecher.complete();
    await assertSameTree(join(out, payload.name), payload.path);
    await leecher.interrupt();
    // Both families, and both once more by TCP; nothing is asked for twice within a minute.
    assert.equal(names.asked.filter((name) => name === "long.tracker.test").length, 4);
    assert.equal(ways.strays(), "");
  });

  for (const [how, cut, mend] of [
    ["is removed", (ways: TwoWays) => ways.remove("vpn0"), (ways: TwoWays) => ways.connect("vpn0")],
    ["goes down", (ways: TwoWays) => ways.down("vpn0"), (ways: TwoWays) => ways.up("vpn0")],
  ] as const) {
    for (const host of ["vpn0", "10.8.0.2"]) {
      test(`the interface ${how} in the middle, bound to ${host}`, OPTIONS, async (t) => {
        const ways = TwoWays.open(t);
        ways.slowDown("vpn0", "40mbit");
        const far = openStage(t, { on: ways.far });
        const us = openStage(t, { on: ways.us });
        const payload = await writePayload(far.folder("data"), {
          name: "large",
          seed: 7,
          size: 32 * 1024 * 1024,
        });
        const seed = start(far, ["send", payload.path]);
        const { port } = await seed.listening();
        const { magnet } = (await seed.waitFor("sharing")) as ShoalEvent & { magnet: string };
        const out = us.folder("got");
        const peer = `10.50.0.1:${port}`;
        const leecher = start(us, ["get", magnet, "-o", out, "--host", host, "--peer", peer]);
        const hasHad = (bytes: number) => (event: ShoalEvent) => Number(event["have"] ?? 0) > bytes;
        await leecher.waitFor("progress", 20_000, hasHad(2_000_000));
        cut(ways);
        const waits = (event: ShoalEvent): boolean =>
          (event["waiting"] as { code?: string } | null)?.code === "no-network";
        await leecher.waitFor("progress", 20_000, waits);
        mend(ways);
        await leecher.complete();
        await assertSameTree(join(out, payload.name), payload.path);
        await leecher.interrupt();
        assert.equal(ways.strays(), "");
      });
    }
  }
});
