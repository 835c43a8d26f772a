import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { publishableName } from "../../../dist/core/dns-sd/service.js";
import type { MdnsMessage, MdnsRecord } from "../../../dist/wire/mdns-message.js";
import { Lan, textOf } from "./lan.ts";

const TYPE = "_shoal._tcp.local";

function response(...records: readonly MdnsRecord[]): MdnsMessage {
  return { isResponse: true, id: 0, questions: [], records, claims: [] };
}

function query(name: string, records: readonly MdnsRecord[] = [], id: number = 0): MdnsMessage {
  return { isResponse: false, id, questions: [{ name, type: "PTR" }], records, claims: [] };
}

/** Everything that one service says of itself. */
function service(name: string, host: string, ttlSeconds: number = 120, port: number = 7_000): MdnsRecord[] {
  return [
    { type: "PTR", name: TYPE, ttlSeconds, target: `${name}.${TYPE}` },
    { type: "SRV", name: `${name}.${TYPE}`, ttlSeconds, target: `${name}.host.local`, port },
    { type: "A", name: `${name}.host.local`, ttlSeconds, host },
  ];
}

describe("LanService", () => {
  test("two find each other, and hear of the end", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    lan.advance(3_000);
    const bob = await lan.join("10.0.0.2", "Bob", 5_000);
    lan.advance(3_000);
    assert.deepEqual(anna.events.map(textOf), ["found node Bob at 10.0.0.2:5000"]);
    assert.deepEqual(bob.events.map(textOf), ["found node Anna at 10.0.0.1:4000"]);
    assert.equal(anna.service.peers()[0]?.properties.get("v"), "1");
    bob.service.close();
    lan.advance(10);
    assert.deepEqual(anna.events.map(textOf).slice(1), ["lost node Bob at 10.0.0.2:5000"]);
    assert.deepEqual(anna.service.peers(), []);
    anna.service.close();
    lan.advance(10);
    assert.ok(lan.isQuiet);
  });

  test("who looks without a name is not seen", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    const ghost = await lan.join("10.0.0.2", null);
    lan.advance(100_000);
    assert.deepEqual(anna.events, []);
    assert.equal(ghost.events.length, 1);
    assert.ok(lan.said.every(({ from, message }) => from !== "10.0.0.2" || !message.isResponse));
    for (const { service: one } of [anna, ghost]) one.close();
  });

  test("a name that is taken gets a number, whoever came first; nobody loses a name that was announced", async () => {
    const lan = new Lan();
    const first = await lan.join("10.0.0.1", "Anna");
    lan.advance(3_000);
    const others = await Promise.all([2, 3, 4].map((i) => lan.join(`10.0.0.${i}`, "Anna")));
    lan.advance(10_000);
    assert.equal(first.service.name, "Anna");
    const names = [first, ...others].map(({ service: one }) => one.name);
    assert.deepEqual(new Set(names), new Set(["Anna", "Anna (2)", "Anna (3)", "Anna (4)"]));
    assert.equal(first.service.peers().length, 3);
    for (const { service: one } of [first, ...others]) one.close();
  });

  test("a name is defended whenever somebody else looks whether it is free", async () => {
    for (let apart = 0; apart <= 3_000; apart += 50) {
      const lan = new Lan();
      const first = await lan.join("10.0.0.1", "Anna");
      lan.advance(apart);
      const second = await lan.join("10.0.0.2", "Anna");
      lan.advance(5_000);
      const names = [first, second].map(({ service: one }) => one.name);
      assert.deepEqual(new Set(names), new Set(["Anna", "Anna (2)"]), `${apart} ms apart`);
      // By then it was announced.
      if (apart > 1_000) assert.equal(names[0], "Anna", `${apart} ms apart`);
      for (const { service: one } of [first, second]) one.close();
    }
  });

  test("who turns out to have a name of ours keeps it only if it is still there to say so", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    lan.advance(3_000);
    lan.say("10.0.0.9", response(...service("Anna", "10.0.0.9")));
    lan.advance(3_000);
    assert.equal(anna.service.name, "Anna");
    for (let i = 0; i < 5; i++) {
      lan.say("10.0.0.9", response(...service("Anna", "10.0.0.9")));
      lan.advance(200);
    }
    lan.advance(3_000);
    assert.equal(anna.service.name, "Anna (2)");
    anna.service.close();
  });

  test("one that vanishes without a word is lost when its records have run out, and was asked before", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    await lan.join("10.0.0.2", "Bob");
    lan.advance(60_000);
    lan.unplug("10.0.0.2");
    lan.advance(60_000);
    assert.equal(anna.events.length, 1);
    const before = lan.said.length;
    lan.advance(125_000);
    assert.ok(
      lan.said.slice(before).filter(({ from, message }) => from === "10.0.0.1" && !message.isResponse)
        .length >= 2,
    );
    assert.equal(anna.events.at(-1)?.type, "lan-peer-lost");
    anna.service.close();
  });

  test("a network at rest is quiet", async () => {
    const lan = new Lan();
    const members = await Promise.all([1, 2, 3].map((i) => lan.join(`10.0.0.${i}`, `Node ${i}`)));
    lan.advance(3_600_000);
    const before = lan.said.length;
    lan.advance(3_600_000);
    const perMinute = (lan.said.length - before) / 60;
    assert.ok(perMinute < 6, `${perMinute} packets a minute`);
    for (const { service: one, events } of members) {
      assert.deepEqual(
        events.map(({ type }) => type),
        ["lan-peer-found", "lan-peer-found"],
      );
      one.close();
    }
  });

  test("in another network it is announced anew, after a look whether the name is free", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    lan.advance(10_000);
    const before = lan.said.length;
    lan.changeNetwork("10.0.0.1");
    lan.advance(10_000);
    const kinds = lan.said.slice(before).map(({ message }) => {
      return message.isResponse ? "announce" : message.claims.length > 0 ? "probe" : "query";
    });
    const ours = kinds.filter((kind) => kind !== "query");
    assert.deepEqual(ours.slice(0, 4), ["probe", "probe", "probe", "announce"]);
    assert.equal(ours.at(-1), "announce", "and once more, for packets get lost");
    anna.service.close();
  });

  test("who knows us already gets no answer, others at most one a second", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    lan.advance(10_000);
    const answers = (): number => lan.said.filter(({ message }) => message.isResponse).length;
    const before = answers();
    lan.say(
      "10.0.0.9",
      query(TYPE, [{ type: "PTR", name: TYPE, ttlSeconds: 4_000, target: `Anna.${TYPE}` }]),
    );
    lan.advance(2_000);
    assert.equal(answers(), before);
    for (let i = 0; i < 50; i++) {
      lan.say("10.0.0.9", query(TYPE));
      lan.advance(40);
    }
    lan.advance(2_000);
    assert.ok(answers() - before >= 2 && answers() - before <= 4, `${answers() - before} answers`);
    lan.say("10.0.0.9", query("_http._tcp.local"));
    const now = answers();
    lan.advance(2_000);
    assert.equal(answers(), now);
    anna.service.close();
  });

  test("a program that speaks only ordinary DNS is answered alone, with its number and short lifetimes", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    lan.advance(5_000);
    lan.say("10.0.0.9", query("_SHOAL._tcp.local", [], 77), 50_000);
    lan.advance(100);
    assert.equal(lan.answers.length, 1);
    assert.equal(lan.answers[0]?.id, 77);
    assert.equal(lan.answers[0]?.questions.length, 1);
    assert.ok(lan.answers[0]?.records.every(({ ttlSeconds }) => ttlSeconds <= 10));
    // What claims to be an answer from such a port is none.
    lan.say("10.0.0.9", response(...service("Eve", "10.0.0.9")), 50_000);
    lan.advance(100);
    assert.deepEqual(anna.events, []);
    anna.service.close();
  });

  test("floods are bounded, and lies about others' lifetimes do no harm to us", async () => {
    const lan = new Lan();
    const anna = await lan.join("10.0.0.1", "Anna");
    lan.advance(5_000);
    for (let i = 0; i < 400; i++) {
      lan.say("10.0.0.66", response(...service(`Eve ${i}`, "10.0.0.66", 4_000_000_000)));
      lan.advance(20);
    }
    assert.equal(anna.service.peers().length, 256);
    const many = Array.from({ length: 100 }, (_, i): MdnsRecord => {
      return { type: "A", name: "Eve 1.host.local", ttlSeconds: 120, host: `10.0.1.${i}` };
    });
    const entries = new Map(Array.from({ length: 60 }, (_, i) => [`k${i}`, "v"]));
    lan.say("10.0.0.66", response({ type: "TXT", name: `Eve 1.${TYPE}`, ttlSeconds: 9, entries }, ...many));
    lan.advance(10);
    const eve = anna.service.peers().find(({ name }) => name === "Eve 1");
    assert.ok(eve !== undefined && eve.hosts.length <= 8 && eve.properties.size <= 32);
    // Good-bye in our name.
    const goodbye = service("Anna", "10.0.0.66", 0);
    lan.say("10.0.0.66", response(...goodbye));
    lan.advance(4_600_000);
    assert.equal(anna.service.name, "Anna");
    assert.deepEqual(anna.service.peers(), []);
    anna.service.close();
    lan.advance(10);
    assert.ok(lan.isQuiet);
  });
});

test("publishableName: one label, whole characters, 63 bytes with the number", () => {
  assert.equal(publishableName("Anna's pc"), "Anna's pc");
  assert.equal(publishableName(" a.b\u0000c\u202ed "), "a b c d");
  assert.equal(publishableName("...\n"), "");
  const long = publishableName("ü".repeat(60), " (2)");
  assert.equal(long, `${"ü".repeat(29)} (2)`);
  assert.equal(publishableName("\ufffd".repeat(30)), "\ufffd".repeat(21));
});
