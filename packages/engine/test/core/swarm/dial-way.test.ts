import assert from "node:assert/strict";
import { test } from "node:test";
import { Xoshiro128 } from "../../../dist/base/rng.js";
import { dialWays, nextWay } from "../../../dist/core/swarm/dial-way.js";
import { type Candidate, PeerList } from "../../../dist/core/swarm/peer-list.js";

const PUBLIC = { host: "93.184.216.34", port: 6881 };
const WAYS = dialWays("prefer", PUBLIC.host, false);

test("obfuscation comes first where it may be of use", () => {
  assert.deepEqual(dialWays("prefer", PUBLIC.host, false), ["obfuscated", "plain"]);
  for (const host of ["127.0.0.1", "192.168.1.7", "10.0.0.1", "169.254.3.4", "::1", "fe80::1", "fd00::1"]) {
    assert.deepEqual(dialWays("prefer", host, false), ["plain", "obfuscated"], host);
  }
  assert.deepEqual(dialWays("prefer", PUBLIC.host, true), ["plain", "obfuscated"]);
  assert.deepEqual(dialWays("prefer", "192.168.1.7", false, true), ["obfuscated", "plain"]);
  assert.deepEqual(dialWays("prefer", "192.168.1.7", true, true), ["plain", "obfuscated"]);
  for (const host of [PUBLIC.host, "127.0.0.1"]) {
    assert.deepEqual(dialWays("require", host, false), ["obfuscated"]);
    assert.deepEqual(dialWays("off", host, false), ["plain"]);
  }
});

/** Dials the candidate, who takes the connection and hangs up. */
function refuse(list: PeerList, now: number): [way: string, again: boolean] {
  const candidate = list.next(now)!;
  const way = nextWay(WAYS, candidate);
  const again = list.onRefused(candidate, way, WAYS, now);
  if (!again) list.onFailed(candidate, now);
  return [way, again];
}

test("who refuses one way is dialled in the other at once, and that counts as one failure", () => {
  const list = new PeerList(new Xoshiro128(1));
  list.add(PUBLIC, "tracker", 0);
  assert.deepEqual(refuse(list, 0), ["obfuscated", true]);
  assert.equal(list.nextDeadline(), 0);
  assert.deepEqual(refuse(list, 0), ["plain", false]);
  const later = list.nextDeadline();
  assert.ok(later > 0);
  const candidate: Candidate = list.next(later)!;
  assert.equal(candidate.fails, 1);
  assert.equal(nextWay(WAYS, candidate), "obfuscated");
});

test("the way that worked is the only one next time, until it fails", () => {
  const list = new PeerList(new Xoshiro128(1));
  list.add(PUBLIC, "tracker", 0);
  refuse(list, 0);
  list.onConnected(list.next(0)!, "plain", 0);
  list.onClosed(PUBLIC, 1_000_000);
  assert.deepEqual(refuse(list, list.nextDeadline()), ["plain", false]);
  assert.deepEqual(refuse(list, list.nextDeadline()), ["obfuscated", true]);
});

test("whoever is due in the other way goes before all others", () => {
  const list = new PeerList(new Xoshiro128(1));
  list.add(PUBLIC, "dht", 0);
  refuse(list, 0);
  list.add({ host: "93.184.216.35", port: 6881 }, "user", 0);
  assert.equal(list.next(0)!.host, PUBLIC.host);
});

test("a change of the rules leaves nobody without a way", () => {
  assert.equal(nextWay(["plain"], { worked: "obfuscated", refused: null }), "plain");
  assert.equal(nextWay(["plain"], { worked: null, refused: "plain" }), "plain");
});
