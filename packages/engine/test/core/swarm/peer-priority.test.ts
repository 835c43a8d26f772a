import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "../../../dist/base/bytes.js";
import { crc32c } from "../../../dist/base/crc32c.js";
import { peerPriority } from "../../../dist/core/swarm/peer-priority.js";
import { slotToGiveUp } from "../../../dist/core/swarm/slot-contest.js";

const at = (host: string, port = 1): { host: string; port: number } => ({ host, port });
const of = (a: string, b: string): number | null => peerPriority(at(a), at(b));
const crc = (hex: string): number => crc32c(fromHex(hex));

test("the examples of BEP 40", () => {
  assert.equal(of("123.213.32.10", "98.76.54.32"), 0xec2d7224);
  assert.equal(of("123.213.32.10", "123.213.32.234"), 0x99568189);
});

test("the less two addresses have in common, the less of them counts", () => {
  assert.equal(of("230.12.123.1", "230.12.123.3"), crc("e60c7b01e60c7b03"));
  assert.equal(of("230.12.23.1", "230.12.123.3"), crc("e60c1701e60c7b01"));
  assert.equal(of("230.120.23.1", "230.12.123.3"), crc("e60c5101e6781501"));
});

test("with IPv6 that begins at /48", () => {
  const mask = (head: string): string => head.padEnd(32, "5");
  // Between different /48, within one /48, and within one /56.
  const full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  assert.equal(
    of(full, "ffff:ffff:fffe:ffff:ffff:ffff:ffff:ffff"),
    crc(mask("fffffffffffe") + mask("ffffffffffff")),
  );
  assert.equal(
    of(full, "ffff:ffff:ffff:0fff:ffff:ffff:ffff:ffff"),
    crc(mask("ffffffffffff0f") + mask("ffffffffffffff")),
  );
  assert.equal(
    of(full, "ffff:ffff:ffff:fffe:ffff:ffff:ffff:ffff"),
    crc(mask("fffffffffffffffe") + mask("ffffffffffffffff")),
  );
  assert.equal(
    of("2001:db8::1", "2001:db8::2"),
    crc("20010db8000000000000000000000001".concat("20010db8000000000000000000000002")),
  );
});

test("at one address the ports count", () => {
  const ports = peerPriority(at("230.12.123.3", 0x4d2), at("230.12.123.3", 0x12c));
  assert.equal(ports, crc("012c04d2"));
});

test("both ends come to the same number; of two families there is none", () => {
  for (const [a, b] of [
    ["1.2.3.4", "1.2.200.4"],
    ["2001:db8::1", "2001:db8:1::1"],
  ] as const) {
    assert.equal(of(a, b), of(b, a));
  }
  assert.equal(of("1.2.3.4", "::1"), null);
  assert.equal(of("1.2.3.4", "a.example"), null);
});

test("a slot goes to a newcomer that is clearly better, and only from those that exchange nothing", () => {
  const holder = (name: string, priority: number | null, more = {}) => ({
    name,
    priority,
    openedAt: 0,
    isOfUse: false,
    ...more,
  });
  const now = 120_000;
  const holders = [
    holder("low but of use", 1, { isOfUse: true }),
    holder("low but new", 2, { openedAt: now - 1_000 }),
    holder("unknown", null),
    holder("second lowest", 1_000),
    holder("lowest", 500),
    holder("high", 4_000_000_000),
  ];
  assert.equal(slotToGiveUp(holders, 3_000_000_000, now)?.name, "lowest");
  assert.equal(slotToGiveUp(holders, 600, now), null);
  assert.equal(slotToGiveUp(holders, null, now), null);
  assert.equal(slotToGiveUp([], 3_000_000_000, now), null);
});
