import assert from "node:assert/strict";
import type { FuzzTarget } from "@shoal/testkit/fuzz";
import { canonicalIp } from "../../dist/base/address.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { ServiceBrowser } from "../../dist/core/dns-sd/service-browser.js";
import { ServicePublisher } from "../../dist/core/dns-sd/service-publisher.js";
import { NodeMdns } from "../../dist/node/mdns.js";
import type { Endpoint } from "../../dist/ports/net.js";
import type { Udp } from "../../dist/ports/udp.js";
import type { MdnsMessage, MdnsRecord } from "../../dist/wire/mdns-message.js";

const FROM: Endpoint = { host: "10.0.0.2", port: 5353 };
const TYPE = "_shoal._tcp.local";

/** The adapter with its library on a socket that leads nowhere: packets in, messages out, and the other way round. */
async function adapter(): Promise<{
  read: (bytes: Uint8Array) => MdnsMessage | null;
  write: (message: MdnsMessage) => Uint8Array;
}> {
  let feed: (bytes: Uint8Array, from: Endpoint) => void = () => undefined;
  let written = new Uint8Array(0);
  let heard: MdnsMessage | null = null;
  const udp: Udp = {
    open: (_spec, onPacket) => {
      feed = onPacket;
      const send = (bytes: Uint8Array): void => void (written = new Uint8Array(bytes));
      return Promise.resolve({ endpoint: FROM, send, close: () => undefined });
    },
  };
  const mdns = await NodeMdns.open(udp, 4, {
    onMessage: (message) => void (heard = message),
    onNetworksChanged: () => undefined,
  });
  return {
    read: (bytes) => {
      heard = null;
      feed(bytes, FROM);
      return heard;
    },
    write: (message) => {
      mdns.send(message);
      return written;
    },
  };
}

const RECORDS: readonly MdnsRecord[] = [
  { type: "PTR", name: TYPE, ttlSeconds: 4500, target: `Eve.${TYPE}` },
  { type: "SRV", name: `Eve.${TYPE}`, ttlSeconds: 120, target: "eve.local", port: 7 },
  { type: "TXT", name: `Eve.${TYPE}`, ttlSeconds: 4500, entries: new Map([["v", "1"]]) },
  { type: "A", name: "eve.local", ttlSeconds: 120, host: "10.0.0.2" },
  { type: "AAAA", name: "eve.local", ttlSeconds: 120, host: "fe80::1" },
];

const mdns: FuzzTarget = {
  name: "mdns",
  about: "packets of multicast DNS, read by the library and by what finds and publishes services",
  async seeds() {
    const { write } = await adapter();
    // What it is made of is ready in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    const claims = RECORDS.slice(1, 2);
    const packets: Uint8Array[] = [];
    for (const message of [
      { isResponse: true, id: 0, questions: [], records: RECORDS, claims: [] },
      {
        isResponse: false,
        id: 9,
        questions: [{ name: TYPE, type: "PTR" }],
        records: RECORDS.slice(0, 1),
        claims: [],
      },
      { isResponse: false, id: 0, questions: [{ name: `Eve.${TYPE}`, type: "ANY" }], records: [], claims },
    ] as const) {
      packets.push(write(message));
      await new Promise((resolve) => setImmediate(resolve));
      packets[packets.length - 1] = write(message);
    }
    return packets;
  },
  // The library is plain old code, which runs many times slower while its coverage is looked at.
  usesCoverage: false,
  dictionary: ["\u0006_shoal", "\u0004_tcp", "\u0005local\0", "\u00c0\u000c", "v=1"],
  async run(input) {
    // A new one each time: one alone reads only so many packets a second.
    const message = (await adapter()).read(input);
    if (message === null) return "unreadable";
    for (const record of [...message.records, ...message.claims]) {
      assert.ok(record.name !== "" && record.name.length <= 255 && record.ttlSeconds >= 0);
      if (record.type === "A" || record.type === "AAAA") assert.equal(canonicalIp(record.host), record.host);
      if (record.type === "TXT") assert.ok(record.entries.size <= 64);
    }
    let sent = 0;
    const send = (): void => void sent++;
    const publisher = new ServicePublisher(
      { send, answer: send, addresses: () => ["10.0.0.1"] },
      { kind: "node", name: "Eve", port: 1, properties: new Map() },
      new Xoshiro128(1),
    );
    const found = new Set<string>();
    const browser = new ServiceBrowser(
      { send, onFound: (id) => found.add(id), onLost: (id) => assert.ok(found.delete(id)) },
      ["node", "hub"],
      () => false,
    );
    publisher.start(0);
    browser.start(0);
    for (const at of [100, 5_000]) {
      browser.onMessage(message, FROM.host, at);
      publisher.onMessage(message, at === 100, at);
      for (let i = 0; i < 20 && publisher.nextDeadline() < at + 4_000; i++)
        publisher.onTime(publisher.nextDeadline());
    }
    assert.ok(publisher.name.startsWith("Eve"));
    const count = found.size;
    assert.equal(browser.services().length, count);
    for (const { hosts } of browser.services()) assert.ok(hosts.length > 0 && hosts.length <= 8);
    browser.onTime(100_000_000);
    assert.equal(browser.services().length, 0);
    return `${message.isResponse ? "response" : "query"} ${message.records.length > 0} ${count}`;
  },
};

export const targets: readonly FuzzTarget[] = [mdns];
