import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compareDistance, idAtDepth, sharedBits } from "../../../dist/core/dht/distance.js";
import { RoutingTable } from "../../../dist/core/dht/routing-table.js";
import { secureId } from "../../../dist/core/dht/secure-id.js";

const OWN = new Uint8Array(20).fill(0x55);
const MINUTE = 60_000;

function host(n: number): string {
  return `9.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
}

/** An id with so many bits in common with ours, `n` of many. */
function idAt(depth: number, n: number): Uint8Array {
  const id = new Uint8Array(20).fill(n);
  id[18] = n >> 8;
  return idAtDepth(OWN, depth, id);
}

describe("RoutingTable", () => {
  test("whatever happens: nobody twice, one node for each address, nearest first, bounded", () => {
    const step = fc.record({
      kind: fc.constantFrom("answer", "query", "failure", "try"),
      depth: fc.integer({ min: 0, max: 12 }),
      n: fc.integer({ min: 0, max: 60 }),
      address: fc.integer({ min: 0, max: 80 }),
      port: fc.integer({ min: 1, max: 2 }),
      wait: fc.integer({ min: 0, max: 5 * MINUTE }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 400 }),
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        (steps, target) => {
          const table = new RoutingTable(OWN, 4);
          let now = 0;
          for (const { kind, depth, n, address, port, wait } of steps) {
            now += wait;
            const endpoint = { host: host(address), port };
            if (kind === "answer") table.onAnswer(idAt(depth, n), endpoint, now);
            else if (kind === "query") table.onQuery(idAt(depth, n), endpoint, now);
            else if (kind === "failure") table.onFailure(endpoint, now);
            else table.nodeToTry(now);
          }
          const all = table.contacts();
          assert.equal(all.length, table.size);
          assert.equal(new Set(all.map(({ endpoint }) => endpoint.host)).size, all.length);
          for (const depth of [0, 5, 12]) {
            const bucket = all.filter(({ id }) => sharedBits(OWN, id) === depth);
            assert.ok(bucket.length <= (depth === 0 ? 32 : 8));
          }
          const closest = table.closest(target, 8, "usable", now);
          for (let i = 1; i < closest.length; i++) {
            assert.ok(compareDistance(target, closest[i - 1]!.id, closest[i]!.id) <= 0);
          }
          assert.ok(table.countGood(now) <= table.size);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("a node that only asked is a spare one until it has answered", () => {
    const table = new RoutingTable(OWN, 4);
    assert.equal(table.onQuery(idAt(3, 1), { host: host(1), port: 5 }, 0), true);
    assert.equal(table.size, 0);
    assert.deepEqual(table.nodeToTry(0)?.endpoint, { host: host(1), port: 5 });
    assert.equal(table.nodeToTry(1_000), null);
    assert.equal(table.onAnswer(idAt(3, 1), { host: host(1), port: 5 }, 1_000), true);
    assert.equal(table.size, 1);
  });

  test("a full bucket keeps its nodes until one does not answer twice; then a spare one that answered follows", () => {
    const table = new RoutingTable(OWN, 4);
    for (let n = 0; n < 8; n++) table.onAnswer(idAt(10, n), { host: host(n), port: 1 }, 0);
    assert.equal(table.onAnswer(idAt(10, 99), { host: host(99), port: 1 }, 0), false);
    table.onFailure({ host: host(4), port: 1 }, 1);
    assert.ok(table.contacts().some(({ endpoint }) => endpoint.host === host(4)));
    table.onFailure({ host: host(4), port: 1 }, 2);
    const hosts = table.contacts().map(({ endpoint }) => endpoint.host);
    assert.ok(hosts.includes(host(99)) && !hosts.includes(host(4)));
    assert.equal(table.size, 8);
  });

  test("a node whose id belongs to its address displaces one whose id does not (BEP 42)", () => {
    const table = new RoutingTable(OWN, 4);
    const newcomer = secureId("200.1.2.3", new Uint8Array(20).fill(7));
    const depth = sharedBits(OWN, newcomer);
    for (let n = 0; n < 40; n++) table.onAnswer(idAt(depth, n), { host: host(n), port: 1 }, 0);
    const full = table.size;
    assert.equal(table.onAnswer(newcomer, { host: "200.1.2.3", port: 1 }, 0), true);
    assert.equal(table.size, full);
  });

  test("another port of a living node's address gets no place, another id at the same port does", () => {
    const table = new RoutingTable(OWN, 4);
    table.onAnswer(idAt(2, 1), { host: host(1), port: 1 }, 0);
    assert.equal(table.onAnswer(idAt(3, 2), { host: host(1), port: 2 }, 0), false);
    assert.equal(table.onAnswer(idAt(3, 2), { host: host(1), port: 1 }, 0), true);
    assert.equal(table.size, 1);
  });

  test("nodes not heard of for 15 minutes are not good, are tried, and their bucket is looked at", () => {
    const table = new RoutingTable(OWN, 4);
    table.onAnswer(idAt(2, 1), { host: host(1), port: 1 }, 0);
    assert.equal(table.nodeToTry(14 * MINUTE), null);
    assert.equal(table.closest(OWN, 8, "good", 16 * MINUTE).length, 0);
    assert.equal(table.closest(OWN, 8, "usable", 16 * MINUTE).length, 1);
    assert.ok(table.nodeToTry(16 * MINUTE));
    const depths: number[] = [];
    for (let i = 0; i < 4; i++) {
      const target = table.refreshTarget(new Uint8Array(20), 16 * MINUTE);
      if (target !== null) depths.push(sharedBits(OWN, target));
    }
    assert.deepEqual(depths, [0, 1, 2]);
  });

  test("with a new id of ours all nodes are kept where they belong", () => {
    const table = new RoutingTable(OWN, 4);
    for (let n = 0; n < 8; n++) table.onAnswer(idAt(n, n), { host: host(n), port: 1 }, 0);
    table.rehome(new Uint8Array(20).fill(0xaa), 5);
    assert.equal(table.size, 8);
    assert.equal(table.onAnswer(idAt(3, 3), { host: host(3), port: 1 }, 6), false);
    assert.equal(table.size, 8);
  });

  test("the size of the network is told by how dense nodes are, whoever crowds around us", () => {
    const table = new RoutingTable(OWN, 4);
    let n = 0;
    // A network of 1,024: half of it in the first bucket, and so on; of the far ones a few are known.
    for (let depth = 0; depth < 10; depth++) {
      for (let i = 0; i < Math.min(512 >> depth, 8); i++) {
        table.onAnswer(idAt(depth, n), { host: host(n++), port: 1 }, 0);
      }
    }
    const size = table.networkSize();
    assert.ok(size > 600 && size < 1_600, `${size}`);
    for (let i = 0; i < 40; i++) table.onAnswer(idAt(140 + (i % 20), n), { host: host(n++), port: 1 }, 0);
    assert.equal(table.networkSize(), size);
  });
});
