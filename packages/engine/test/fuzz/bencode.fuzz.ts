import assert from "node:assert/strict";
import { type FuzzTarget, mutateBencode, outcomeOf } from "@shoal/testkit/fuzz";
import {
  type BencodeInput,
  type BencodeValue,
  decodeBencode,
  decodeBencodePrefix,
  encodeBencode,
} from "../../dist/wire/bencode.js";
import { seedsOf } from "./seeds.ts";

const WORDS = [
  "i0e",
  "i-1e",
  "le",
  "de",
  "0:",
  "1:a",
  "d1:a",
  "l",
  "e",
  "i9223372036854775807e",
  "i-9223372036854775808e",
];

/** The value as what the encoder takes; every accessor is used on the way. */
function toInput(value: BencodeValue): BencodeInput {
  switch (value.kind) {
    case "integer":
      return value.asInteger()!;
    case "string":
      assert.notEqual(value.asText(), null);
      return value.asBytes()!;
    case "list":
      return value.asList()!.map(toInput);
    case "dictionary": {
      const entries = value.asEntries()!;
      for (const [key, item] of entries.slice(0, 20)) assert.equal(value.get(key)?.start, item.start);
      return new Map(entries.map(([key, item]) => [key, toInput(item)]));
    }
  }
}

function isSorted(value: BencodeValue): boolean {
  if (value.kind === "list") return value.asList()!.every(isSorted);
  if (value.kind !== "dictionary") return true;
  return value.hasSortedKeys && value.asEntries()!.every(([, item]) => isSorted(item));
}

/** What decodes encodes again: to the same bytes where the keys were in order, and to something stable where not. */
function describe(value: BencodeValue, input: Uint8Array): string {
  const encoded = encodeBencode(toInput(value));
  const sorted = isSorted(value);
  if (sorted) assert.deepEqual(encoded, input.subarray(value.start, value.end));
  const again = decodeBencode(encoded, { sorted: true });
  assert.deepEqual(encodeBencode(toInput(again)), encoded);
  return `${value.kind} ${sorted ? "sorted" : "unsorted"}`;
}

const bencode: FuzzTarget = {
  name: "bencode",
  about: "values and tokens: decoded, encoded again, with and without limits",
  seeds: () =>
    seedsOf(
      "",
      "i0e",
      "i-12e",
      "3:abc",
      "le",
      "de",
      "l1:ai1ed1:bleee",
      "d1:ai1e1:bl1:c2:dde1:dde1:e0:ee",
      "d1:bi1e1:ai2ee",
      "d0:0:ee",
    ),
  dictionary: WORDS,
  mutations: [mutateBencode],
  run(input) {
    const strict = outcomeOf(
      () => decodeBencode(input, { sorted: true, maxDepth: 8, maxTokens: 100, maxBytes: 1_000 }),
      (value) => describe(value, input),
    );
    const marked = outcomeOf(
      () => decodeBencodePrefix(input, { duplicates: "mark" }),
      (value) => (value.hasDuplicateKeys ? "repeats keys" : describe(value, input)),
    );
    return `${strict}/${marked}`;
  },
};

export const targets: readonly FuzzTarget[] = [bencode];
