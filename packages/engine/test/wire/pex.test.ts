import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8, utf8Text } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import { decodePex, encodePex, PEX_REACHABLE, PEX_SEED } from "../../dist/wire/pex.js";

const A = { host: "192.0.2.1", port: 6881, flags: PEX_SEED };
const B = { host: "192.0.2.2", port: 1, flags: 0 };
const C = { host: "2001:db8::3", port: 65_535, flags: PEX_REACHABLE };

test("contacts of both families come back with their flags", () => {
  const message = { added: [A, B, C], dropped: [{ host: "2001:db8::4", port: 4 }] };
  assert.deepEqual(decodePex(encodePex(message)), message);
});

test("IPv4 fields are there though empty, IPv6 ones only when needed", () => {
  assert.equal(utf8Text(encodePex({ added: [], dropped: [] })), "d5:added0:7:added.f0:7:dropped0:e");
});

test("a host that is no plain address is left out, with its flag", () => {
  const odd = [
    { host: "fe80::1%eth0", port: 1, flags: 9 },
    { host: "a.example", port: 1, flags: 9 },
  ];
  assert.deepEqual(decodePex(encodePex({ added: [...odd, A], dropped: odd })), { added: [A], dropped: [] });
});

test("flags stay with their contacts when one between is of no use, and may be too few or absent", () => {
  const added = Uint8Array.of(192, 0, 2, 1, 0, 0, 224, 0, 0, 1, 0, 1, 192, 0, 2, 2, 0, 1, 192, 0, 2, 3, 0, 1);
  const read = (f: object): number[] =>
    decodePex(encodeBencode({ added, ...f })).added.map(({ flags }) => flags);
  assert.deepEqual(read({ "added.f": Uint8Array.of(1, 2, 3, 4) }), [3, 4]);
  assert.deepEqual(read({ "added.f": Uint8Array.of(1, 2, 3) }), [3, 0]);
  assert.deepEqual(read({}), [0, 0]);
});

test("only so many are read of one list", () => {
  const added = new Uint8Array(6 * 5_000).map((_, i) => (i % 6 === 0 ? 192 : 1));
  assert.equal(decodePex(encodeBencode({ added })).added.length, 200);
});

test("nonsense is refused, what is of another type is empty", () => {
  for (const bytes of [utf8("i1e"), utf8("d5:added3:abce"), utf8("d7:dropped1:ae"), utf8("d")]) {
    assert.throws(() => decodePex(bytes), ProtocolError);
  }
  assert.deepEqual(decodePex(utf8("d5:addedi1e8:dropped6lee")), { added: [], dropped: [] });
});
