import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { allowedFastSet } from "../../../dist/core/peer/fast-set.js";

const sha1 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash("sha1").update(data).digest());
const infoHash = new Uint8Array(20).fill(0xaa);

// The vectors at the end of BEP 6.
test("allowedFastSet gives the sets of BEP 6 for 7 and 9 pieces", () => {
  const seven = [1059, 431, 808, 1217, 287, 376, 1188];
  assert.deepEqual([...allowedFastSet(7, 1313, infoHash, "80.4.4.200", sha1)], seven);
  assert.deepEqual([...allowedFastSet(9, 1313, infoHash, "80.4.4.200", sha1)], [...seven, 353, 508]);
});

test("allowedFastSet gives neighbours in a /24 the same pieces", () => {
  const one = allowedFastSet(10, 1000, infoHash, "80.4.4.1", sha1);
  assert.deepEqual(allowedFastSet(10, 1000, infoHash, "80.4.4.250", sha1), one);
  assert.notDeepEqual(allowedFastSet(10, 1000, infoHash, "80.4.5.1", sha1), one);
});

test("allowedFastSet ends with all pieces of a small torrent and grants none over IPv6", () => {
  assert.deepEqual(allowedFastSet(10, 3, infoHash, "10.0.0.1", sha1), new Set([0, 1, 2]));
  assert.equal(allowedFastSet(10, 3, infoHash, "::1", sha1).size, 0);
});
