import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type DhtMember, LocalDht } from "@shoal/sim";
import { utf8, utf8Text } from "../../../dist/base/bytes.js";
import { encodeBencode } from "../../../dist/wire/bencode.js";
import { nodeHasher } from "../../../dist/node/hasher.js";
import type { DhtItem, Lookup, LookupEvents, LookupResult } from "../../../dist/core/dht/dht-types.js";

const NODES = 200;
const VALUES = 100;
const LIMIT_MS = 60_000;

/** Begins a lookup at a member of a local DHT and lets time pass until it ends. */
function look(dht: LocalDht, at: DhtMember, begin: (events: LookupEvents) => Lookup): LookupResult {
  const ended: LookupResult[] = [];
  begin({ onDone: (result) => ended.push(result) });
  dht.touch(at);
  assert.ok(
    dht.until(() => ended.length > 0, LIMIT_MS),
    "the lookup ends",
  );
  return ended[0]!;
}

/** Honest members one after the other. */
function turns(dht: LocalDht): () => DhtMember {
  let turn = 0;
  return () => {
    do turn = (turn + 37) % NODES;
    while (dht.members[turn]!.state !== "honest");
    return dht.members[turn]!;
  };
}

function valueOf(i: number): Uint8Array {
  return encodeBencode(`value ${i}`);
}

function itemAt(dht: LocalDht, seeker: DhtMember, target: Uint8Array): DhtItem | null {
  let newest: DhtItem | null = null;
  look(dht, seeker, (events) =>
    seeker.node.getItem(target, { ...events, onItem: (item) => void (newest = item) }),
  );
  return newest;
}

function portsAt(dht: LocalDht, seeker: DhtMember, infoHash: Uint8Array): number[] {
  const ports = new Set<number>();
  look(dht, seeker, (events) =>
    seeker.node.getPeers(infoHash, {
      ...events,
      onPeers: (peers) => peers.forEach(({ port }) => ports.add(port)),
    }),
  );
  return [...ports];
}

describe("a local DHT of 200 nodes", () => {
  let dht: LocalDht;
  let someone: () => DhtMember;
  before(() => {
    dht = new LocalDht({ nodes: NODES, seed: 1 });
    someone = turns(dht);
  });

  function isFound(i: number): boolean {
    const item = itemAt(dht, someone(), nodeHasher.sha1(valueOf(i)));
    return item !== null && utf8Text(item.value) === utf8Text(valueOf(i));
  }

  test("every peer that is announced is found", () => {
    for (let i = 0; i < 50; i++) {
      const infoHash = nodeHasher.sha1(utf8(`torrent ${i}`));
      const owner = someone();
      const { stored } = look(dht, owner, (events) =>
        owner.node.announce(infoHash, { ...events, port: 1_000 + i, isSeed: i % 2 === 0 }),
      );
      assert.ok(stored >= 8, `told ${stored} nodes`);
      const seeker = someone();
      let counted = "";
      look(dht, seeker, (events) =>
        seeker.node.getPeers(infoHash, {
          ...events,
          onScrape: ({ seeds, leechers }) => (counted = `${seeds} ${leechers}`),
        }),
      );
      assert.deepEqual(portsAt(dht, someone(), infoHash), [1_000 + i]);
      assert.equal(counted, i % 2 === 0 ? "1 0" : "0 1");
    }
  });

  test("99 of 100 values are found when 30 of 100 nodes have died and 10 have begun to lie", () => {
    for (let i = 0; i < VALUES; i++) {
      const owner = someone();
      const { stored } = look(dht, owner, (events) => owner.node.putImmutable(valueOf(i), events));
      assert.ok(stored >= 8, `stored at ${stored} nodes`);
    }
    for (let i = 0; i < VALUES; i++) assert.ok(isFound(i), `value ${i} while all are honest`);
    dht.spoil(NODES * 0.1, "lying");
    dht.spoil(NODES * 0.3, "dead");
    let found = 0;
    for (let i = 0; i < VALUES; i++) if (isFound(i)) found++;
    assert.ok(found >= VALUES * 0.99, `${found} of ${VALUES} found`);
  });
});

describe("what is stored while 30 of 100 nodes are dead and 10 lie is found", () => {
  const ROUNDS = 8;
  for (const seed of [1, 2, 3, 4, 5]) {
    const secureIds = seed % 2 === 1;
    test(`seed ${seed}, ids that ${secureIds ? "belong" : "don't belong"} to their addresses`, () => {
      const dht = new LocalDht({ nodes: NODES, seed, secureIds, verify: () => true });
      const someone = turns(dht);
      dht.spoil(NODES * 0.1, "lying");
      dht.spoil(NODES * 0.3, "dead");
      const putMutable = (publicKey: Uint8Array, seq: bigint): void => {
        const owner = someone();
        const signature = new Uint8Array(64);
        const make = () => ({ value: encodeBencode(`item ${seq}`), seq, signature });
        look(dht, owner, (events) => owner.node.putMutable({ ...events, publicKey, make }));
      };
      const targets = Array.from({ length: ROUNDS }, (_, i) => {
        const owner = someone();
        const infoHash = dht.randomId();
        const publicKey = new Uint8Array(32).fill(i);
        look(dht, owner, (events) => owner.node.putImmutable(valueOf(i), events));
        look(dht, owner, (events) =>
          owner.node.announce(infoHash, { ...events, port: 1_000 + i, isSeed: false }),
        );
        // Some have, and give out, the first version for ever.
        for (const seq of [1n, 2n]) putMutable(publicKey, seq);
        return { value: nodeHasher.sha1(valueOf(i)), infoHash, mutable: nodeHasher.sha1(publicKey) };
      });
      const slow: number[] = [];
      for (const [i, { value, infoHash, mutable }] of targets.entries()) {
        const begun = dht.now;
        assert.ok(itemAt(dht, someone(), value), `value ${i}`);
        assert.deepEqual(portsAt(dht, someone(), infoHash), [1_000 + i]);
        const item = itemAt(dht, someone(), mutable);
        assert.ok(item?.kind === "mutable" && item.seq === 2n, `item ${i}`);
        slow.push((dht.now - begun) / 3);
      }
      const mean = slow.reduce((sum, ms) => sum + ms, 0) / ROUNDS;
      assert.ok(mean < 2_500, `a lookup takes ${Math.round(mean)} ms`);
    });
  }
});

describe("packets of a local DHT", () => {
  test("a lookup takes few hops and few questions", () => {
    const dht = new LocalDht({ nodes: NODES, seed: 6, latencyMs: [50, 50] });
    const someone = turns(dht);
    for (let i = 0; i < 20; i++) {
      const infoHash = dht.randomId();
      const owner = someone();
      look(dht, owner, (events) => owner.node.announce(infoHash, { ...events, port: 5, isSeed: true }));
      const seeker = someone();
      const begun = dht.now;
      let foundAt = 0;
      const { asked } = look(dht, seeker, (events) =>
        seeker.node.getPeers(infoHash, { ...events, onPeers: () => (foundAt ||= dht.now) }),
      );
      // A hop takes 100 ms.
      assert.ok(foundAt > 0 && foundAt - begun <= 300, `${foundAt - begun} ms`);
      assert.ok(dht.now - begun <= 800, `${dht.now - begun} ms`);
      assert.ok(asked <= 25, `${asked} asked`);
    }
  });

  test("a tenth of them may get lost", () => {
    const dht = new LocalDht({ nodes: NODES, seed: 7, loss: 0.1 });
    const someone = turns(dht);
    for (let i = 0; i < 30; i++) {
      const infoHash = dht.randomId();
      const owner = someone();
      const { stored } = look(dht, owner, (events) =>
        owner.node.announce(infoHash, { ...events, port: 1_000 + i, isSeed: false }),
      );
      assert.ok(stored >= 4, `told ${stored} nodes`);
      assert.deepEqual(portsAt(dht, someone(), infoHash), [1_000 + i]);
    }
  });

  test("are not many more when nodes die and lie, and never many at once", () => {
    const dht = new LocalDht({ nodes: NODES, seed: 8 });
    dht.spoil(NODES * 0.1, "lying");
    dht.spoil(NODES * 0.3, "dead");
    const honest = dht.members.filter(({ state }) => state === "honest");
    const sent = (): number[] => honest.map(({ node }) => node.stats(dht.now).packetsOut);
    let most = 0;
    let before = sent();
    const first = before.reduce((sum, count) => sum + count, 0);
    for (let second = 0; second < 120; second++) {
      dht.run(1_000);
      const after = sent();
      for (const [i, count] of after.entries()) most = Math.max(most, count - before[i]!);
      before = after;
    }
    const all = before.reduce((sum, count) => sum + count, 0) - first;
    assert.ok(most <= 150, `${most} packets of one node within a second`);
    assert.ok(all / honest.length <= 200, `${all / honest.length} packets of each in two minutes`);
  });
});
