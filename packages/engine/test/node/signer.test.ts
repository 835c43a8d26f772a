import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex, utf8 } from "../../dist/base/bytes.js";
import { ShoalError } from "../../dist/base/errors.js";
import { nodeSigner } from "../../dist/node/signer.js";

/** RFC 8032, section 7.1, test 2. */
const SEED = fromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
const PUBLIC = fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const MESSAGE = fromHex("72");
const SIGNATURE =
  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

test("nodeSigner makes and checks the signatures of RFC 8032", () => {
  assert.deepEqual(nodeSigner.publicKey(SEED), PUBLIC);
  const signature = nodeSigner.sign(SEED, MESSAGE);
  assert.equal(toHex(signature), SIGNATURE);
  assert.equal(nodeSigner.verify(PUBLIC, MESSAGE, signature), true);
  assert.equal(nodeSigner.verify(PUBLIC, utf8("s"), signature), false);
  signature[3]! ^= 1;
  assert.equal(nodeSigner.verify(PUBLIC, MESSAGE, signature), false);
});

test("nodeSigner: what is no key or no signature is wrong, and no exception", () => {
  for (const key of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(32).fill(0xff)])
    assert.equal(nodeSigner.verify(key, MESSAGE, fromHex(SIGNATURE)), false);
  assert.equal(nodeSigner.verify(PUBLIC, MESSAGE, new Uint8Array(3)), false);
  const refused = (error: unknown): boolean =>
    error instanceof ShoalError && error.code === "ERR_INVALID_ARGUMENT";
  assert.throws(() => nodeSigner.sign(new Uint8Array(64), MESSAGE), refused);
});
