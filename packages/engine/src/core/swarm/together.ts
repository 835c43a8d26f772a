import { Bitfield } from "../../base/bitfield.ts";

/** How many of `length` pieces at least one of those has whose fields these are. */
export function countTogether(fields: Iterable<Bitfield>, length: number): number {
  const union = new Bitfield(length);
  for (const field of fields) {
    if (field.length !== length) continue;
    if (field.isFull) return length;
    union.add(field);
  }
  return union.count;
}
