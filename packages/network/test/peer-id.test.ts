import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPeerId, IdentityError, parsePeerId } from "@shoal/network";

const KEYS = fc.uint8Array({ minLength: 32, maxLength: 32 });
const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";

test("a key has one text, eight groups of seven, and comes back from it", () => {
  fc.assert(
    fc.property(KEYS, (key) => {
      const text = formatPeerId(key);
      assert.match(text, /^[a-z2-7]{7}(-[a-z2-7]{7}){7}$/);
      assert.deepEqual(parsePeerId(text), key);
      assert.deepEqual(parsePeerId(` ${text.toUpperCase().replaceAll("-", " ")}\n`), key);
      const misread = text
        .replaceAll("o", "0")
        .replaceAll("l", "1")
        .replaceAll("b", "8")
        .replaceAll("g", "9");
      assert.deepEqual(parsePeerId(misread), key);
    }),
  );
});

test("a known key", () => {
  assert.equal(
    formatPeerId(new Uint8Array(32)),
    "aaaaaaa-aaaaaaa-aaaaaaa-aaaaaaa-aaaaaaa-aaaaaaa-aaaaaaa-aaaaaaa",
  );
});

test("each single wrong digit is noticed, and its place told", () => {
  fc.assert(
    fc.property(KEYS, fc.nat(55), fc.nat(31), (key, at, digit) => {
      const digits = formatPeerId(key).replaceAll("-", "");
      fc.pre(digits[at] !== DIGITS[digit]);
      const wrong = digits.slice(0, at) + DIGITS[digit] + digits.slice(at + 1);
      const group = Math.floor(at / 14) * 2 + 1;
      assert.throws(
        () => parsePeerId(wrong),
        (error) =>
          error instanceof IdentityError &&
          error.code === "ERR_PEER_ID" &&
          (error.message.includes(`group ${group} or ${group + 1}`) || error.message.includes("last group")),
      );
    }),
  );
});

test("what is no peer id is refused", () => {
  for (const text of [
    "",
    "a",
    "a".repeat(55),
    "a".repeat(57),
    "a".repeat(100_000),
    `${"a".repeat(55)}é`,
    "a".repeat(56) + "-..",
  ]) {
    assert.throws(() => parsePeerId(text), { code: "ERR_PEER_ID" });
  }
  // 52 digits of base32 hold four bits more than a key has: they must be zero.
  assert.throws(() => parsePeerId(`${"a".repeat(54)}bp`), { code: "ERR_PEER_ID" });
});
