import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8 } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import {
  decodeBencode,
  decodeBencodePrefix,
  EncodedBencode,
  encodeBencode,
  type BencodeInput,
  type BencodeValue,
} from "../../dist/wire/bencode.js";

/** A value as plain data: strings and keys in hex, integers as bigint. */
type Plain = bigint | string | Plain[] | Map<string, Plain>;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function plain(value: BencodeValue): Plain {
  const integer = value.asInteger();
  if (integer !== null) return BigInt(integer);
  const bytes = value.asBytes();
  if (bytes !== null) return hex(bytes);
  const list = value.asList();
  if (list !== null) return list.map(plain);
  return new Map((value.asEntries() ?? []).map(([key, item]) => [hex(key), plain(item)]));
}

const { tree } = fc.letrec<{ tree: Plain }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    fc.uint8Array({ maxLength: 12 }).map(hex),
    fc.array(tie("tree"), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.uint8Array({ maxLength: 5 }).map(hex), tie("tree")), { maxLength: 5 })
      .map((list) => new Map(list)),
  ),
}));

function input(value: Plain): BencodeInput {
  if (typeof value === "bigint") return value;
  if (typeof value === "string") return new Uint8Array(Buffer.from(value, "hex"));
  if (Array.isArray(value)) return value.map(input);
  return new Map([...value].map(([key, item]) => [new Uint8Array(Buffer.from(key, "hex")), input(item)]));
}

const decode = (text: string, options = {}): BencodeValue => decodeBencode(utf8(text), options);

test("what is encoded is decoded, canonically", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const bytes = encodeBencode(input(value));
      const decoded = decodeBencode(bytes, { sorted: true });
      assert.deepEqual(plain(decoded), value);
      assert.deepEqual(decoded.encoded, bytes);
      assert.deepEqual(decodeBencodePrefix(Uint8Array.of(...bytes, 1, 2)).end, bytes.length);
    }),
    { numRuns: 500 },
  );
});

test("every truncation is refused, and so are bytes after the value", () => {
  const bytes = utf8("d1:ad2:bcli-12ei0eee1:b3:xyz1:cdee");
  decodeBencode(bytes);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeBencode(bytes.subarray(0, length)), ProtocolError, `${length}`);
  }
  assert.throws(() => decode("i1ei2e"), /bytes after the value/);
});

test("no input makes the decoder throw anything else", () => {
  const soup = fc.array(fc.constantFrom("d", "l", "e", "i", "1:", "0:", "1", "-", "a", ":", "99"), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        soup.map((parts) => utf8(parts.join(""))),
        fc.uint8Array({ maxLength: 40 }),
      ),
      (bytes) => {
        try {
          plain(decodeBencode(bytes));
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
          assert.equal(error.code, "ERR_BENCODE");
          assert.equal(error.details["reason"], "invalid_bencoding");
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test("integers and lengths have one spelling", () => {
  for (const text of [
    "i-0e",
    "i01e",
    "i-01e",
    "i00e",
    "ie",
    "i-e",
    "i+1e",
    "i1.5e",
    "i 1e",
    "i1",
    "01:a",
    "-1:a",
    "1a",
    ":",
    "1 :a",
    "x",
    "e",
  ]) {
    assert.throws(() => decode(text), ProtocolError, text);
  }
  assert.equal(decode("i0e").asNumber(), 0);
  assert.equal(decode("i-7e").asNumber(), -7);
  assert.equal(decode("0:").asText(), "");
});

test("integers are exact up to 64 bits and refused beyond", () => {
  assert.equal(decode("i9007199254740991e").asInteger(), Number.MAX_SAFE_INTEGER);
  assert.equal(decode("i9007199254740993e").asInteger(), 9007199254740993n);
  assert.equal(decode("i9007199254740993e").asNumber(), null);
  assert.equal(decode("i9223372036854775807e").asInteger(), 9223372036854775807n);
  assert.equal(decode("i-9223372036854775808e").asInteger(), -9223372036854775808n);
  for (const text of ["9223372036854775808", "-9223372036854775809", "1".repeat(20), "1".repeat(1000)]) {
    assert.throws(() => decode(`i${text}e`), /64 bits/);
  }
});

test("dictionaries: values, string keys, no repetition", () => {
  assert.throws(() => decode("d1:ae"), /no value/);
  assert.throws(() => decode("di1e1:ae"), ProtocolError);
  assert.throws(() => decode("d1:ai1e1:ai2ee"), /repeats a key/);
  assert.throws(() => decode("d1:bi1e1:ai2e1:bi3ee"), /repeats a key/);
  assert.throws(() => decode("ld1:bi1e1:ai2e1:bi3eee"), /repeats a key/);
  const long = "x".repeat(9000);
  assert.equal(decode(`d9001:${long}bi1e9001:${long}ai2ee`).asEntries()?.length, 2);
});

test("keys out of order are allowed and reported, or refused", () => {
  const text = "d1:bi1e1:ad1:xi1e1:yi2ee1:cd1:yi1e1:xi2eee";
  const root = decode(text);
  assert.equal(root.hasSortedKeys, false);
  assert.equal(root.get("a")?.hasSortedKeys, true);
  assert.equal(root.get("c")?.hasSortedKeys, false);
  assert.equal(root.getNumber("b"), 1);
  assert.throws(() => decode(text, { sorted: true }), /not in order/);
  assert.equal(decode("d1:ai1e1:ai2ee", { duplicates: "mark" }).hasDuplicateKeys, true);
  assert.equal(decode("ld1:bi1e1:ai2e1:bi3eee", { duplicates: "mark" }).hasDuplicateKeys, true);
  assert.equal(root.hasDuplicateKeys, false);
});

test("limits: depth, values, size", () => {
  assert.equal(decode("l".repeat(100) + "e".repeat(100)).kind, "list");
  assert.throws(() => decode("l".repeat(101) + "e".repeat(101)), /too deep/);
  assert.throws(() => decode("l".repeat(1_000_000)), /too deep/);
  assert.equal(decode("li1ei2ee", { maxTokens: 3 }).asList()?.length, 2);
  assert.throws(() => decode("li1ei2ee", { maxTokens: 2 }), /too many values/);
  assert.throws(() => decode("5:abcde", { maxBytes: 6 }), /too large/);
  assert.throws(() => decode(`${"9".repeat(400)}:a`), /longer than the input/);
  assert.throws(() => decode("4294967297:a"), /longer than the input/);
});

test("accessors answer null for another kind", () => {
  const root = decode("d1:ai1e1:bl1:xi2ee1:cd0:i3ee1:d2:\u00fce");
  assert.equal(root.asBytes() ?? root.asText() ?? root.asInteger() ?? root.asList(), null);
  assert.equal(
    root.getText("a") ?? root.getList("a") ?? root.getDictionary("a") ?? root.getNumber("b"),
    null,
  );
  assert.equal(root.get("x") ?? root.get("a")?.get("a"), null);
  assert.equal(root.getText("d"), "\u00fc");
  assert.deepEqual(root.getBytes(utf8("d")), utf8("\u00fc"));
  assert.equal(root.getDictionary("c")?.getNumber(""), 3);
  assert.deepEqual(
    root.getList("b")?.map((item) => item.kind),
    ["string", "integer"],
  );
  assert.equal(decode("d3:a:bi1ee").get("b"), null);
  assert.equal(decode("d3:a:bi1ee").getNumber("a:b"), 1);
});

test("byte ranges are those of the input", () => {
  const bytes = utf8("d4:infod1:ai1e1:b2:xye1:zi0ee");
  const info = decodeBencode(bytes).get("info");
  assert.equal(info?.start, 7);
  assert.deepEqual(info?.encoded, utf8("d1:ai1e1:b2:xye"));
});

test("the encoder sorts raw keys, leaves out undefined, keeps encoded parts and refuses what bencode can't say", () => {
  assert.deepEqual(
    encodeBencode({ b: 1, a: undefined, "": new EncodedBencode(utf8("le")) }),
    utf8("d0:le1:bi1ee"),
  );
  const raw = new Map<Uint8Array, BencodeInput>([
    [Uint8Array.of(0xff), 1],
    [Uint8Array.of(0x41), "ü"],
  ]);
  assert.equal(hex(encodeBencode(raw)), hex(Uint8Array.of(...utf8("d1:A2:ü1:"), 0xff, ...utf8("i1ee"))));
  for (const value of [1.5, Number.NaN, 2 ** 53]) assert.throws(() => encodeBencode(value), TypeError);
  assert.throws(
    () =>
      encodeBencode(
        new Map<string | Uint8Array, number>([
          ["a", 1],
          [utf8("a"), 2],
        ]),
      ),
    TypeError,
  );
});

test("size counts values and keys", () => {
  const value = decodeBencode(new TextEncoder().encode("d1:ali1ei2e2:xxe1:bi-5ee"));
  assert.equal(value.size, 2);
  assert.equal(value.get("a")?.size, 3);
  assert.equal(value.get("b")?.size, 0);
  assert.equal(value.getNumber("b"), -5);
});
