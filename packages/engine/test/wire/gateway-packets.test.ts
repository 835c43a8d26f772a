import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../dist/base/errors.js";
import { decodeNatPmp, encodeNatPmpAddress, encodeNatPmpMap } from "../../dist/wire/nat-pmp.js";
import { decodePcp, encodePcpMap } from "../../dist/wire/pcp.js";
import { hex } from "./recorder.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

const NONCE = "0102030405060708090a0b0c";
const V4 = "00000000000000000000ffff";

test("NAT-PMP requests have the layout of RFC 6886", () => {
  assert.equal(hex(encodeNatPmpAddress()), "0000");
  assert.equal(hex(encodeNatPmpMap("tcp", 41873, 41874, 3600)), "00020000a391a39200000e10");
  assert.equal(hex(encodeNatPmpMap("udp", 41873, 41874, 0)), "00010000a391000000000000");
});

test("NAT-PMP answers", () => {
  assert.deepEqual(decodeNatPmp(bytes("00800000 00000064 01020304")), {
    kind: "address",
    epoch: 100,
    host: "1.2.3.4",
  });
  assert.deepEqual(decodeNatPmp(bytes("00820000 00000064 a391 a392 00000e10 ff")), {
    kind: "mapped",
    epoch: 100,
    protocol: "tcp",
    internalPort: 41873,
    externalPort: 41874,
    lifetimeSeconds: 3600,
  });
  assert.deepEqual(decodeNatPmp(bytes("00810002 00000064")), {
    kind: "refused",
    protocol: "udp",
    reason: "forbidden",
  });
  assert.deepEqual(decodeNatPmp(bytes("00800003 00000064 00000000")), {
    kind: "refused",
    protocol: null,
    reason: "no-outside",
  });
  // What a router that knows only NAT-PMP says to a request in PCP.
  assert.deepEqual(decodeNatPmp(bytes("00810001 00000064")), { kind: "unsupported-version" });
  for (const bad of [
    "",
    "0082",
    "00830000 00000064",
    "0082000000000064",
    "00800000 00000064",
    "02810000 00000001",
  ]) {
    assert.throws(() => decodeNatPmp(bytes(bad)), ProtocolError, bad);
  }
});

test("PCP requests have the layout of RFC 6887", () => {
  const request = {
    client: "192.168.1.5",
    nonce: bytes(NONCE),
    protocol: "tcp",
    internalPort: 41873,
    suggestedPort: 41874,
    suggestedHost: null,
    lifetimeSeconds: 3600,
  } as const;
  assert.equal(
    hex(encodePcpMap(request)),
    `02010000 00000e10 ${V4}c0a80105 ${NONCE} 06000000 a391a392 ${V4}00000000`.replaceAll(" ", ""),
  );
  assert.equal(
    hex(encodePcpMap({ ...request, protocol: "udp", suggestedHost: "1.2.3.4", lifetimeSeconds: 0 })).slice(
      72,
    ),
    `11000000 a3910000 ${V4}00000000`.replaceAll(" ", ""),
  );
  assert.equal(
    hex(encodePcpMap({ ...request, client: "2001:db8::1" })).slice(16, 48),
    "20010db8000000000000000000000001",
  );
  assert.equal(hex(encodePcpMap({ ...request, client: "2001:db8::1" })).slice(88), "0".repeat(32));
  assert.throws(() => encodePcpMap({ ...request, client: "router" }), ProtocolError);
  assert.throws(() => encodePcpMap({ ...request, nonce: new Uint8Array(11) }), ProtocolError);
});

test("PCP answers", () => {
  const mapped = `02810000 00000e10 00000064 ${"00".repeat(12)} ${NONCE} 06000000 a391a392 ${V4}01020304`;
  assert.deepEqual(decodePcp(bytes(mapped)), {
    kind: "mapped",
    nonce: bytes(NONCE),
    epoch: 100,
    protocol: "tcp",
    internalPort: 41873,
    externalPort: 41874,
    externalHost: "1.2.3.4",
    lifetimeSeconds: 3600,
  });
  assert.deepEqual(decodePcp(bytes(mapped.replace("02810000", "0281000c"))), {
    kind: "refused",
    nonce: bytes(NONCE),
    reason: "other-address",
  });
  assert.deepEqual(decodePcp(bytes("02810001 00000000 00000064")), { kind: "unsupported-version" });
  assert.deepEqual(decodePcp(bytes(`02800000 00000000 00000064 ${"00".repeat(12)}`)), {
    kind: "announce",
    epoch: 100,
  });
  for (const bad of [
    "",
    "0281",
    "02800000 00000000 00000064",
    `02800002 00000000 00000064 ${"00".repeat(12)}`,
    mapped.replace("02810000", "02820000"),
    mapped.replace("02810000", "02010000"),
    mapped.replace("02810000", "01810000"),
    mapped.replace("06000000", "84000000"),
    mapped.slice(0, -2),
    mapped + "00".repeat(1100),
  ]) {
    assert.throws(() => decodePcp(bytes(bad)), ProtocolError, bad);
  }
});

test("whatever a router sends is an answer or a ProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 3 }), (packet, version) => {
      if (packet.length > 0) packet[0] = version;
      for (const decode of [decodeNatPmp, decodePcp]) {
        try {
          decode(packet);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }
    }),
  );
});
