import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIp, parseIp } from "../../dist/base/address.js";
import { IpFilter } from "../../dist/base/ip-filter.js";
import { IpRangesBuilder } from "../../dist/base/ip-ranges.js";

function rangesOf(...pairs: readonly (readonly [string, string])[]) {
  const builder = new IpRangesBuilder();
  for (const [first, last] of pairs)
    assert.ok(builder.add(parseIp(first)!, parseIp(last)!), `${first}-${last}`);
  return builder.build();
}

test("both ends belong to a range, their neighbours don't", () => {
  const ranges = rangesOf(["10.0.0.1", "10.0.0.3"], ["2001:db8::1", "2001:db8::3"]);
  for (const host of ["10.0.0.1", "10.0.0.2", "10.0.0.3", "::ffff:10.0.0.2", "2001:db8::1", "2001:db8::3"]) {
    assert.ok(ranges.has(host), host);
  }
  for (const host of [
    "10.0.0.0",
    "10.0.0.4",
    "2001:db8::",
    "2001:db8::4",
    "::",
    "0.0.0.0",
    "host.example",
    "",
  ]) {
    assert.ok(!ranges.has(host), host);
  }
});

test("a zone says nothing of the address", () => {
  assert.ok(rangesOf(["fe80::", "fe80::ff"]).has("fe80::7%eth0"));
});

test("ranges that overlap or touch become one; the ends of the address space are addresses like others", () => {
  assert.equal(rangesOf(["1.0.0.0", "1.0.0.9"], ["1.0.0.5", "1.0.0.6"], ["1.0.0.10", "1.0.0.20"]).size, 1);
  assert.equal(rangesOf(["1.0.0.0", "1.0.0.9"], ["1.0.0.11", "1.0.0.20"]).size, 2);
  const all = rangesOf(["0.0.0.0", "255.255.255.255"], ["255.255.255.255", "255.255.255.255"]);
  assert.deepEqual([all.size, all.has("255.255.255.255"), all.has("0.0.0.0")], [1, true, true]);
  const last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  assert.equal(rangesOf([last, last], ["::", "::1"]).size, 2);
  assert.equal(
    rangesOf(["2001:db8::", "2001:db8::ffff:ffff"], ["2001:db8::1:0:0", "2001:db8::1:0:1"]).size,
    1,
  );
});

test("many ranges are sorted with pauses, and none is lost", () => {
  const builder = new IpRangesBuilder();
  const count = 50_000;
  // Each second address of 10.0.0.0/8, in an order without any.
  for (let i = 0; i < count; i++) {
    const at = 2 * ((i * 7_919) % count);
    const bytes = Uint8Array.of(10, at >> 16, (at >> 8) & 0xff, at & 0xff);
    assert.ok(builder.add(bytes, bytes));
  }
  const steps = builder.steps();
  let pauses = 0;
  let step = steps.next();
  while (step.done !== true) {
    pauses++;
    step = steps.next();
  }
  assert.ok(pauses > 50, `${pauses} pauses`);
  assert.equal(step.value.size, count);
  for (let at = 0; at < 2 * count; at++)
    assert.equal(step.value.has(`10.${at >> 16}.${(at >> 8) & 0xff}.${at & 0xff}`), at % 2 === 0);
});

test("ends of different families or in the wrong order are refused", () => {
  const builder = new IpRangesBuilder();
  assert.equal(builder.add(parseIp("1.0.0.2")!, parseIp("1.0.0.1")!), false);
  assert.equal(builder.add(parseIp("1.0.0.2")!, parseIp("2001:db8::1")!), false);
  assert.equal(builder.build().size, 0);
});

test("property: an address is in the set exactly when a range has it", () => {
  // Few different bytes, so that there is much overlap.
  const byte = fc.constantFrom(0, 1, 2, 254, 255);
  const address = (length: number) => fc.array(byte, { minLength: length, maxLength: length });
  const pair = (length: number) => fc.tuple(address(length), address(length));
  const text = (bytes: readonly number[]): string =>
    bytes.map((b) => b.toString(16).padStart(2, "0")).join("");
  const cases = fc
    .constantFrom(4, 16)
    .chain((length) => fc.tuple(fc.array(pair(length), { maxLength: 20 }), fc.array(address(length))));
  fc.assert(
    fc.property(cases, ([pairs, hosts]) => {
      const builder = new IpRangesBuilder();
      const kept = pairs.filter(([a, b]) => builder.add(Uint8Array.from(a), Uint8Array.from(b)));
      const ranges = builder.build();
      for (const host of [...hosts, ...pairs.flat()]) {
        const literal = formatIp(Uint8Array.from(host));
        // What is IPv4 in the form of IPv6 is looked for among IPv4.
        if (host.length === 16 && !literal.includes(":")) continue;
        const isIn = kept.some(([a, b]) => text(a) <= text(host) && text(host) <= text(b));
        assert.equal(ranges.has(literal), isIn, literal);
      }
    }),
  );
});

test("a filter blocks what its present list has", () => {
  const filter = new IpFilter();
  assert.equal(filter.blocks("10.0.0.1"), false);
  filter.replace(rangesOf(["10.0.0.1", "10.0.0.1"]));
  assert.equal(filter.blocks("10.0.0.1"), true);
  filter.replace(null);
  assert.equal(filter.blocks("10.0.0.1"), false);
});
