import assert from "node:assert/strict";
import { test } from "node:test";
import { crowdedOut } from "../../../dist/core/swarm/crowded-out.js";

const out = (...hosts: string[]) => {
  const all = hosts.map((host, at) => ({ at, host, port: 1000 + at }));
  return crowdedOut(all, (one) => one)?.at ?? null;
};

test("crowdedOut: the first of the largest crowd, which is an IPv4 address or a /64", () => {
  assert.equal(out(), null);
  assert.equal(out("192.0.2.1", "192.0.2.2", "192.0.2.3"), 0);
  assert.equal(out("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.2"), 1);
  assert.equal(out("192.0.2.1", "2001:db8::1", "2001:db8::2"), 1);
});

test("crowdedOut: on loopback everybody is a crowd of one", () => {
  assert.equal(out("192.0.2.1", "127.0.0.1", "127.0.0.1"), 0);
});
