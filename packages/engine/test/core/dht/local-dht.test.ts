import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LocalDht } from "@shoal/sim";
import type { LookupResult } from "../../../dist/core/dht/dht-types.js";

describe("a local DHT of 200 nodes", () => {
  test("all peers that are announced are found", () => {
    const dht = new LocalDht({ nodes: 200, seed: 1 });
    for (let i = 0; i < 40; i++) {
      const target = dht.randomId();
      const owner = dht.members[1 + ((i * 7) % 199)]!;
      let stored: LookupResult | null = null;
      owner.node.announce(target, { port: 1000 + i, isSeed: true, onDone: (result) => (stored = result) });
      dht.touch(owner);
      assert.ok(dht.until(() => stored !== null, 30_000));
      assert.ok(stored!.stored >= 8, `stored at ${stored!.stored}`);
      const seeker = dht.members[(i * 13) % 200]!;
      const found: number[] = [];
      let result: LookupResult | null = null;
      seeker.node.getPeers(target, {
        onPeers: (peers) => found.push(...peers.map(({ port }) => port)),
        onDone: (r) => (result = r),
      });
      dht.touch(seeker);
      assert.ok(dht.until(() => result !== null, 30_000));
      assert.ok(found.includes(1000 + i));
    }
  });
});
