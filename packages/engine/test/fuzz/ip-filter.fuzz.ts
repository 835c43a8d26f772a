import assert from "node:assert/strict";
import type { FuzzTarget } from "@shoal/testkit/fuzz";
import { IpFilterReader } from "../../dist/meta/ip-filter-list.js";
import { seedsOf } from "./seeds.ts";

const lists: FuzzTarget = {
  name: "ip-filter",
  about: "lists of addresses to block",
  seeds: () =>
    seedsOf(
      "name:1.2.3.4-1.2.3.5\n#x\nv6:2001:db8::1-2001:db8::2\n",
      "001.002.003.000 - 001.002.003.255 , 100 , name\r\n",
      "10.0.0.0/8\n2001:db8::/32\n1.2.3.4\n",
    ),
  dictionary: ["\n", "-", ":", "/", " , 127 ,", "::", "255"],
  run(input) {
    const whole = new IpFilterReader();
    whole.push(input);
    whole.endOfList();
    const parts = new IpFilterReader();
    const middle = input.length >> 1;
    parts.push(input.subarray(0, middle));
    parts.push(input.subarray(middle));
    parts.endOfList();
    const report = whole.report();
    assert.deepEqual(parts.report(), report);
    const steps = whole.ranges();
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    assert.ok(step.value.size <= report.read);
    assert.equal(report.firstUnknown === null, report.unknown === 0);
    return `${Math.min(2, report.read)} ${Math.min(2, report.unknown)}`;
  },
};

export const targets: readonly FuzzTarget[] = [lists];
