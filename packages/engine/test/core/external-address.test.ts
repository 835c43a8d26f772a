import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ExternalAddress } from "../../dist/core/external-address.js";

const OURS = "198.51.100.7";
const OTHER = "198.51.100.8";

/** `count` strangers, from the first one on. */
function strangers(address: ExternalAddress, ip: string, count: number, first = 1): void {
  for (let i = first; i < first + count; i++) address.vote(ip, `203.0.113.${i}`, "dht");
}

describe("ExternalAddress", () => {
  it("believes one whom we chose to ask, or two strangers that agree", () => {
    const byTracker = new ExternalAddress();
    byTracker.vote(OURS, "tracker.example", "tracker");
    assert.equal(byTracker.v4, OURS);
    assert.equal(byTracker.v6, null);

    const byStrangers = new ExternalAddress();
    byStrangers.vote("2001:db8::1", "203.0.113.1", "peer");
    assert.equal(byStrangers.v6, null);
    byStrangers.vote("2001:0db8:0::1", "203.0.113.2", "dht");
    assert.equal(byStrangers.v6, "2001:db8::1");
    assert.equal(byStrangers.v4, null);
  });

  it("counts a host once, and an IPv6 customer once", () => {
    const address = new ExternalAddress();
    for (let i = 0; i < 5; i++) address.vote(OURS, "203.0.113.1", "peer");
    for (let i = 1; i < 5; i++) address.vote(OTHER, `2001:db8:1:2::${i}`, "peer");
    assert.equal(address.v4, null);
  });

  it("does not waver: another address needs a lead of two", () => {
    const address = new ExternalAddress();
    const seen: string[] = [];
    address.onChange((ip) => seen.push(ip));
    strangers(address, OURS, 3);
    strangers(address, OTHER, 4, 10);
    assert.equal(address.v4, OURS);
    strangers(address, OTHER, 1, 20);
    assert.equal(address.v4, OTHER);
    strangers(address, OURS, 3, 30);
    assert.equal(address.v4, OTHER);
    assert.deepEqual(seen, [OURS, OTHER]);
  });

  it("follows when the address changes, however many had named the old one", () => {
    const address = new ExternalAddress();
    for (let net = 1; net < 100; net++) address.vote(OURS, `203.0.${net}.1`, "dht");
    for (let net = 101; net < 130; net++) address.vote(OTHER, `203.0.${net}.1`, "dht");
    assert.equal(address.v4, OTHER);
  });

  it("follows when the same hosts say something else", () => {
    const address = new ExternalAddress();
    strangers(address, OURS, 5);
    strangers(address, OTHER, 5);
    assert.equal(address.v4, OTHER);
  });

  it("passes over addresses of local networks and nonsense", () => {
    const address = new ExternalAddress();
    for (const ip of [
      "192.168.1.5",
      "127.0.0.1",
      "10.0.0.1",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
      "fe80::1",
      "::",
      "no address",
    ])
      address.vote(ip, "tracker.example", "tracker");
    assert.equal(address.v4, null);
    assert.equal(address.v6, null);
  });

  it("stops telling when asked to", () => {
    const address = new ExternalAddress();
    const seen: string[] = [];
    const stop = address.onChange((ip) => seen.push(ip));
    stop();
    address.vote(OURS, "tracker.example", "tracker");
    assert.deepEqual(seen, []);
  });
});
