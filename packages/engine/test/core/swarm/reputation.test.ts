import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../../dist/base/errors.js";
import { MAX_STANDINGS, Reputations } from "../../../dist/core/swarm/reputation.js";
import { decodeReputation, encodeReputation } from "../../../dist/core/swarm/reputation-record.js";
import { DEEDS } from "../../../dist/core/swarm/standing.js";

const DAY = 24 * 60 * 60_000;
const NOW = 1_700_000_000_000;
const MIB = 1024 * 1024;
const host = (n: number): string => `${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.7`;

/** What a session would find that reads what this one wrote. */
function reread(from: Reputations, at: number): Reputations {
  const read = new Reputations();
  read.merge(decodeReputation(encodeReputation(from.lasting(at))), at);
  return read;
}

test("only verified bytes raise a score; every other deed lowers it", () => {
  for (const deed of DEEDS) {
    const all = new Reputations();
    all.onDeed("1.2.3.4", 1, "verified", MIB, NOW);
    const before = all.score("1.2.3.4", 1, NOW);
    all.onDeed("1.2.3.4", 1, deed, deed === "unasked" ? MIB : 1, NOW);
    if (deed !== "verified") assert.ok(all.score("1.2.3.4", 1, NOW) < before, deed);
  }
  const good = new Reputations();
  good.onDeed("1.2.3.4", 1, "verified", 100 * MIB, NOW);
  assert.deepEqual(good.opinion("1.2.3.4", 99, NOW), { score: 53, reason: "delivered right data" });
  assert.deepEqual(good.opinion("9.9.9.9", 1, NOW), { score: 0, reason: "nothing known yet" });
});

test("everything fades, and a ban ends", () => {
  const all = new Reputations();
  all.onDeed("1.2.3.4", 1, "verified", 3 * MIB, NOW);
  assert.equal(all.score("1.2.3.4", 1, NOW), 16);
  assert.equal(all.list(NOW + 3 * DAY)[0]!.verified, 1.5 * MIB);
  assert.equal(all.score("1.2.3.4", 1, NOW + 60 * DAY), 0);
  // A clock that was put back changes nothing.
  assert.equal(all.score("1.2.3.4", 1, NOW - DAY), 16);
  all.ban("1.2.3.4", 1, "proof", "lied", NOW);
  assert.deepEqual(all.opinion("1.2.3.4", 1, NOW + 6 * DAY), { score: -100, reason: "banned: lied" });
  assert.equal(all.banOf("1.2.3.4", 1, NOW + 7 * DAY), null);
  assert.ok(all.score("1.2.3.4", 1, NOW + 7 * DAY) < 0);
  all.ban("1.2.3.5", 1, "abuse", "rude", NOW);
  assert.equal(all.banOf("1.2.3.5", 1, NOW + DAY / 4), null);
});

test("bans cover an IPv4 address, an IPv6 /64, and on loopback one port", () => {
  const all = new Reputations();
  for (const address of ["93.184.216.34", "2a00:1450:4001:81b::200e"]) all.ban(address, 1, "proof", "a", NOW);
  all.ban("127.0.0.1", 7_000, "proof", "a", NOW);
  const isBanned = (address: string, port: number): boolean => all.banOf(address, port, NOW) !== null;
  assert.ok(isBanned("93.184.216.34", 2));
  assert.ok(isBanned("::ffff:93.184.216.34", 2));
  assert.ok(!isBanned("93.184.216.35", 1));
  assert.ok(isBanned("2a00:1450:4001:81b:ffff::1", 9));
  assert.ok(!isBanned("2a00:1450:4001:81c::200e", 1));
  assert.ok(isBanned("127.0.0.1", 7_000));
  assert.ok(!isBanned("127.0.0.1", 7_001));
});

test("breaking the protocol again and again, and only that, calls for a ban", () => {
  const all = new Reputations();
  for (let n = 1; n <= 4; n++) assert.equal(all.onDeed("1.2.3.4", 1, "abuse", 1, NOW), false);
  assert.equal(all.onDeed("1.2.3.4", 1, "late", 100, NOW), false);
  assert.equal(all.onDeed("1.2.3.4", 1, "abuse", 1, NOW), true);
  all.ban("1.2.3.4", 1, "abuse", "rude", NOW);
  assert.equal(all.onDeed("1.2.3.4", 1, "abuse", 1, NOW), false);
});

test("forgiveness takes back the ban and all that is bad, on every port, and keeps what is good", () => {
  const all = new Reputations();
  all.onDeed("1.2.3.4", 1, "verified", MIB, NOW);
  all.ban("1.2.3.4", 1, "proof", "lied", NOW);
  assert.equal(all.forgive("1.2.3.4", NOW + 1), true);
  assert.equal(all.score("1.2.3.4", 1, NOW + 1), 8);
  assert.equal(all.forgive("1.2.3.4", NOW + 2), false);
  for (const port of [1, 2]) all.ban("127.0.0.1", port, "proof", "lied", NOW);
  assert.equal(all.forgive("127.0.0.1", NOW), true);
  for (const port of [1, 2]) assert.equal(all.banOf("127.0.0.1", port, NOW), null);
});

test("a pardon lifts the bans on proof of the last minutes, and nothing else", () => {
  const all = new Reputations();
  all.ban("1.1.1.1", 1, "proof", "long ago", NOW - DAY);
  all.ban("1.1.1.2", 1, "proof", "now", NOW);
  all.ban("1.1.1.3", 1, "abuse", "now", NOW);
  assert.deepEqual(all.pardon(NOW - 60_000, NOW + 1), ["1.1.1.2"]);
  assert.equal(all.score("1.1.1.2", 1, NOW + 1), 0);
  assert.equal(all.list(NOW + 1).filter(({ ban }) => ban !== null).length, 2);
});

test("a flood of strangers pushes out neither bans on proof nor those of whom much good is known", () => {
  const all = new Reputations();
  all.ban("200.0.0.1", 1, "proof", "lied", NOW);
  all.onDeed("200.0.0.2", 1, "verified", 100 * MIB, NOW);
  for (let n = 0; n < 3 * MAX_STANDINGS; n++) all.onDeed(host(n), 1, "late", 1, NOW);
  assert.ok(all.size <= MAX_STANDINGS);
  for (let n = 0; n < 3 * MAX_STANDINGS; n++) all.ban(host(n), 1, "abuse", "rude", NOW);
  assert.ok(all.size <= MAX_STANDINGS);
  assert.notEqual(all.banOf("200.0.0.1", 1, NOW), null);
  assert.equal(all.score("200.0.0.2", 1, NOW), 53);
});

test("a record is what it was when it is read again; nothing of loopback is in it", () => {
  const all = new Reputations();
  all.ban("1.2.3.4", 1, "proof", "lied – badly", NOW);
  all.onDeed("2001:db8::1", 1, "verified", 5 * MIB, NOW);
  all.onDeed("127.0.0.1", 5_000, "verified", 5 * MIB, NOW);
  const read = reread(all, NOW);
  assert.deepEqual(
    read.list(NOW),
    all.list(NOW).filter(({ host: it }) => it !== "127.0.0.1"),
  );
  // Late in the life of the ban it is still there, and not longer than it was meant.
  assert.notEqual(read.banOf("1.2.3.4", 9, NOW + 7 * DAY - 1), null);
  assert.equal(read.banOf("1.2.3.4", 9, NOW + 7 * DAY), null);
});

test("times from the future don't make a ban longer", () => {
  const all = new Reputations();
  all.ban("1.2.3.4", 1, "proof", "lied", NOW + 1_000 * DAY);
  const read = new Reputations();
  read.merge(all.lasting(NOW + 1_000 * DAY), NOW);
  assert.equal(read.banOf("1.2.3.4", 1, NOW + 7 * DAY), null);
});

test("what two sessions know comes together whoever writes last; forgiveness stands over an older ban", () => {
  const a = new Reputations();
  const b = new Reputations();
  a.ban("1.1.1.1", 1, "proof", "lied", NOW);
  b.ban("2.2.2.2", 1, "proof", "lied", NOW);
  b.merge(a.lasting(NOW), NOW);
  b.forgive("1.1.1.1", NOW + 5);
  a.merge(reread(b, NOW + 6).lasting(NOW + 6), NOW + 6);
  for (const one of [a, b]) {
    assert.equal(one.banOf("1.1.1.1", 1, NOW + 6), null);
    assert.notEqual(one.banOf("2.2.2.2", 1, NOW + 6), null);
  }
  // A lie after that counts again.
  a.ban("1.1.1.1", 1, "proof", "lied", NOW + 10);
  b.merge(a.lasting(NOW + 11), NOW + 11);
  assert.notEqual(b.banOf("1.1.1.1", 1, NOW + 11), null);
});

test("merging is the same in any order, and twice is once", () => {
  const deed = fc.record({
    n: fc.integer({ min: 0, max: 3 }),
    what: fc.constantFrom(...DEEDS, "proof", "abuse ban", "forgive"),
    after: fc.integer({ min: 1, max: 1_000 }),
  });
  const play = (steps: readonly { n: number; what: string; after: number }[], from: number): Reputations => {
    const all = new Reputations();
    let at = from;
    for (const { n, what, after } of steps) {
      // Two sessions don't act in the same millisecond here: the later one counts.
      at += 2 * after;
      if (what === "proof") all.ban(host(n), 1, "proof", `${at}`, at);
      else if (what === "abuse ban") all.ban(host(n), 1, "abuse", `${at}`, at);
      else if (what === "forgive") all.forgive(host(n), at);
      else all.onDeed(host(n), 1, what as (typeof DEEDS)[number], 1, at);
    }
    return all;
  };
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 12 }), fc.array(deed, { maxLength: 12 }), (one, two) => {
      const at = NOW + 30_000;
      const a = play(one, NOW);
      const b = play(two, NOW + 1);
      const ab = new Reputations();
      ab.merge(a.lasting(at), at);
      ab.merge(b.lasting(at), at);
      const ba = new Reputations();
      for (const source of [b, a, b, ab]) ba.merge(source.lasting(at), at);
      const sorted = (all: Reputations): unknown => all.list(at).sort((x, y) => (x.host < y.host ? -1 : 1));
      assert.deepEqual(sorted(ba), sorted(ab));
    }),
  );
});

test("a score stays in its bounds, whatever is done", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...DEEDS), fc.double({ min: 0, max: 1e15, noNaN: true }))),
      (steps) => {
        const all = new Reputations();
        for (const [deed, amount] of steps) all.onDeed("1.2.3.4", 1, deed, amount, NOW);
        const score = all.score("1.2.3.4", 1, NOW);
        assert.ok(Number.isInteger(score) && score >= -100 && score <= 100);
      },
    ),
  );
});

test("a record that is cut off, changed or made up is refused with a ProtocolError, or is a valid one", () => {
  const all = new Reputations();
  all.ban("1.2.3.4", 1, "proof", "lied", NOW);
  all.onDeed("2001:db8::1", 1, "verified", 5 * MIB, NOW);
  const bytes = encodeReputation(all.lasting(NOW));
  for (let end = 0; end < bytes.length; end++)
    assert.throws(() => decodeReputation(bytes.slice(0, end)), ProtocolError);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const changed = bytes.slice();
      changed[at] = value;
      try {
        const read = new Reputations();
        read.merge(decodeReputation(changed), NOW);
        for (const { score } of read.list(NOW)) assert.ok(score >= -100 && score <= 100);
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }),
  );
});
