import type { AddressList, AddressSet, EngineParts } from "./engine-parts.ts";
import type { Subject } from "./measure.ts";

const RANGES = 500_000;

/** Reading a list of addresses to block, and asking for one. */
export function ipFilterSubjects(parts: EngineParts): Subject[] {
  const rng = new parts.Xoshiro128(7);
  const lines = Array.from({ length: RANGES }, (_, i) => {
    const net = Array.from({ length: 3 }, () => rng.below(256)).join(".");
    const first = rng.below(200);
    return `somebody ${i}:${net}.${first}-${net}.${first + rng.below(50)}\n`;
  });
  const bytes = new TextEncoder().encode(lines.join(""));
  const read = (): AddressList => {
    const reader = new parts.IpFilterReader();
    reader.push(bytes);
    reader.endOfList();
    return reader;
  };
  const list = read();
  const ranges = merged(list);
  let asked = 0;
  return [
    {
      name: `ip-filter: read ${RANGES} ranges`,
      operations: 1,
      bytes: bytes.length,
      run: () => void read(),
    },
    { name: `ip-filter: sort and merge ${RANGES} ranges`, operations: 1, run: () => void merged(list) },
    {
      name: "ip-filter: ask for an address",
      operations: 1,
      run: () => void ranges.has(`10.${asked++ & 255}.7.9`),
    },
  ];
}

function merged(list: AddressList): AddressSet {
  const steps = list.ranges();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
