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

describe("a local DHT of 200 nodes", () => {
  let dht: LocalDht;
  let turn = 0;
  before(() => {
    dht = new LocalDht({ nodes: NODES, seed: 1 });
  });

  /** Honest nodes one after the other. */
  function someone(): DhtMember {
    do turn = (turn + 37) % NODES;
    while (dht.members[turn]!.state !== "honest");
    return dht.members[turn]!;
  }

  function look(at: DhtMember, begin: (events: LookupEvents) => Lookup): LookupResult {
    const ended: LookupResult[] = [];
    begin({ onDone: (result) => ended.push(result) });
    dht.touch(at);
    assert.ok(
      dht.until(() => ended.length > 0, LIMIT_MS),
      "the lookup ends",
    );
    return ended[0]!;
  }

  function valueOf(i: number): Uint8Array {
    return encodeBencode(`value ${i}`);
  }

  function isFound(i: number): boolean {
    const seeker = someone();
    const items: DhtItem[] = [];
    look(seeker, (events) =>
      seeker.node.getItem(nodeHasher.sha1(valueOf(i)), { ...events, onItem: (item) => items.push(item) }),
    );
    return items.some(({ value }) => utf8Text(value) === utf8Text(valueOf(i)));
  }

  test("every peer that is announced is found", () => {
    for (let i = 0; i < 50; i++) {
      const infoHash = nodeHasher.sha1(utf8(`torrent ${i}`));
      const owner = someone();
      const { stored } = look(owner, (events) =>
        owner.node.announce(infoHash, { ...events, port: 1_000 + i, isSeed: i % 2 === 0 }),
      );
      assert.ok(stored >= 8, `told ${stored} nodes`);
      const seeker = someone();
      const ports = new Set<number>();
      let counted = "";
      look(seeker, (events) =>
        seeker.node.getPeers(infoHash, {
          ...events,
          onPeers: (peers) => peers.forEach(({ port }) => ports.add(port)),
          onScrape: ({ seeds, leechers }) => (counted = `${seeds} ${leechers}`),
        }),
      );
      assert.deepEqual([...ports], [1_000 + i]);
      assert.equal(counted, i % 2 === 0 ? "1 0" : "0 1");
    }
  });

  test("99 of 100 values are found when 30 of 100 nodes have died and 10 have begun to lie", () => {
    for (let i = 0; i < VALUES; i++) {
      const owner = someone();
      const { stored } = look(owner, (events) => owner.node.putImmutable(valueOf(i), events));
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
