import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "../../dist/base/bytes.js";
import type { IpRanges } from "../../dist/base/ip-ranges.js";
import { IpFilterReader } from "../../dist/meta/ip-filter-list.js";

function rangesOf(reader: IpFilterReader): IpRanges {
  const steps = reader.ranges();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

function read(...lists: readonly string[]) {
  const reader = new IpFilterReader();
  for (const list of lists) {
    reader.push(utf8(list));
    reader.endOfList();
  }
  return { ...reader.report(), ranges: rangesOf(reader) };
}

const LINES: readonly (readonly [line: string, inside: readonly string[], outside: readonly string[]])[] = [
  ["Bad: people - here:1.2.3.4-1.2.3.9", ["1.2.3.4", "1.2.3.9"], ["1.2.3.3", "1.2.3.10"]],
  [":1.2.3.4-1.2.3.9", ["1.2.3.5"], ["1.2.3.3"]],
  ["name: 001.002.003.004 - 001.002.003.009", ["1.2.3.5"], ["1.2.3.3"]],
  ["v6:2001:db8::1-2001:db8::9", ["2001:db8::1", "2001:db8::9"], ["2001:db8::", "2001:db8::a"]],
  ["000.000.000.000 - 000.255.255.255 , 000 , bogon", ["0.0.0.0", "0.255.255.255"], ["1.0.0.0"]],
  ["010.000.000.000 - 010.000.000.008,127,x", ["10.0.0.8"], ["8.0.0.8"]],
  ["10.0.0.0 - 10.0.0.8 , 100", ["10.0.0.8"], ["10.0.0.9"]],
  ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"]],
  ["192.0.2.129/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127"]],
  ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1"]],
  ["2001:db8:ff::/33", ["2001:db8::", "2001:db8:7fff::"], ["2001:db8:8000::"]],
  ["2001:DB8::/128", ["2001:db8::"], ["2001:db8::1"]],
  ["1.2.3.4 - 1.2.3.9   # why", ["1.2.3.5"], ["1.2.3.3"]],
];

for (const [line, inside, outside] of LINES) {
  test(`"${line}" is understood`, () => {
    const { ranges, ...report } = read(`${line}\r\n`);
    assert.deepEqual(report, { read: 1, unknown: 0, firstUnknown: null });
    for (const host of inside) assert.ok(ranges.has(host), host);
    for (const host of outside) assert.ok(!ranges.has(host), host);
  });
}

test("an access level of 128 or more lets through", () => {
  const { ranges, read: count, unknown } = read("10.0.0.0 - 10.0.0.8 , 128 , friends\n");
  assert.deepEqual([count, unknown, ranges.has("10.0.0.1")], [0, 0, false]);
});

test("comments, empty lines and a byte order mark are passed over, what is not understood is counted and the first is quoted", () => {
  const list =
    "\u{feff}1.1.1.1\n# c\n; c\n// c\n\n   \n1.2.3.4-1.2.3.3\nnonsense\n1.2.3.0/33\n1.2.3.4-2001:db8::1\n300.1.1.1\n2.2.2.2";
  const { ranges, ...report } = read(list);
  assert.deepEqual(report, { read: 2, unknown: 5, firstUnknown: { line: 7, text: "1.2.3.4-1.2.3.3" } });
  assert.ok(ranges.has("1.1.1.1") && ranges.has("2.2.2.2"));
});

test("a line that is too long is passed over, wherever it is cut, and the next one is read", () => {
  const {
    ranges,
    read: count,
    unknown,
    firstUnknown,
  } = read(`${"x".repeat(5000)}:1.1.1.1-1.1.1.1\n2.2.2.2\n`);
  assert.deepEqual([count, unknown, firstUnknown?.line, firstUnknown?.text.length], [1, 1, 1, 100]);
  assert.ok(ranges.has("2.2.2.2") && !ranges.has("1.1.1.1"));
});

test("several lists make one filter; lines are counted in each", () => {
  const { read: count, firstUnknown } = read("1.1.1.1", "2.2.2.2\n?\n");
  assert.deepEqual([count, firstUnknown?.line], [2, 2]);
});

test("where a list is cut into pieces does not matter", () => {
  const list = utf8(`a:1.2.3.4-1.2.3.9\n${"y".repeat(1100)}\n10.0.0.0/8\r\n2001:db8::/32\nbad\n`);
  const whole = new IpFilterReader();
  whole.push(list);
  whole.endOfList();
  for (let size = 1; size < 40; size++) {
    const reader = new IpFilterReader();
    for (let at = 0; at < list.length; at += size) reader.push(list.subarray(at, at + size));
    reader.endOfList();
    assert.deepEqual(reader.report(), whole.report(), `pieces of ${size}`);
    assert.equal(rangesOf(reader).size, 3);
  }
});
