import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "../../dist/base/errors.js";
import type { AnnounceRequest } from "../../dist/wire/announce.js";
import { decodeUdpTrackerPacket, encodeAnnounce, encodeConnect } from "../../dist/wire/udp-tracker.js";
import { hex } from "./recorder.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

const request: AnnounceRequest = {
  infoHash: new Uint8Array(20).fill(0xaa),
  peerId: new Uint8Array(20).fill(0xbb),
  port: 6881,
  uploaded: 3,
  downloaded: 1,
  left: 0x1_0000_0002,
  event: "completed",
  key: 0xdeadbeef,
  numWant: 200,
  trackerId: null,
  obfuscation: "none",
};

test("requests have the layout of BEP 15", () => {
  assert.equal(hex(encodeConnect(0x01020304)), "000004172710198000000000" + "01020304");
  const announce =
    `1122334455667788 00000001 01020304 ${"aa".repeat(20)} ${"bb".repeat(20)} 0000000000000001 0000000100000002 0000000000000003 00000001 00000000 deadbeef 000000c8 1ae1`.replaceAll(
      " ",
      "",
    );
  for (const path of ["", "/"]) {
    assert.equal(hex(encodeAnnounce(0x1122334455667788n, 0x01020304, request, path)), announce);
  }
  for (const [event, code] of [
    [null, "00"],
    ["completed", "01"],
    ["started", "02"],
    ["stopped", "03"],
  ] as const) {
    assert.equal(hex(encodeAnnounce(1n, 1, { ...request, event }, "").subarray(83, 84)), code);
  }
  assert.throws(() => encodeAnnounce(1n, 1, { ...request, infoHash: new Uint8Array(32) }, ""), ProtocolError);
});

test("the URL's path travels as options of BEP 41", () => {
  const short = encodeAnnounce(1n, 1, request, "/dir?a=b");
  assert.equal(hex(short.subarray(98)), `0208${Buffer.from("/dir?a=b").toString("hex")}`);
  const path = `/${"x".repeat(299)}`;
  const long = encodeAnnounce(1n, 1, request, path).subarray(98);
  assert.deepEqual([long[0], long[1], long[257], long[258]], [2, 255, 2, 45]);
  assert.equal(long.length, 300 + 4);
  assert.equal(encodeAnnounce(1n, 1, request, `/${"x".repeat(5000)}`).length, 98);
});

test("answers", () => {
  assert.deepEqual(decodeUdpTrackerPacket(bytes("00000000 01020304 1122334455667788 ff"), 4), {
    kind: "connect",
    transaction: 0x01020304,
    connectionId: 0x1122334455667788n,
  });
  assert.deepEqual(
    decodeUdpTrackerPacket(
      bytes("00000001 00000005 00000708 00000002 00000003 01020304 1ae1 05060708 0000 aa"),
      4,
    ),
    {
      kind: "announce",
      transaction: 5,
      interval: 1800,
      leechers: 2,
      seeders: 3,
      peers: [{ host: "1.2.3.4", port: 6881 }],
    },
  );
  const v6 = decodeUdpTrackerPacket(
    bytes(`00000001 00000005 00000708 00000000 00000000 20010db8${"00".repeat(11)}01 0001`),
    6,
  );
  assert.ok(v6.kind === "announce");
  assert.deepEqual(v6.peers, [{ host: "2001:db8::1", port: 1 }]);
  assert.deepEqual(
    decodeUdpTrackerPacket(bytes(`00000003 00000009 ${Buffer.from("no way").toString("hex")}`), 4),
    {
      kind: "error",
      transaction: 9,
      message: "no way",
    },
  );
});

test("short and unknown packets throw only ProtocolError", () => {
  for (const packet of [
    "",
    "00000000 0102",
    "00000000 01020304 11223344",
    "00000001 01020304 00000708 00000000",
    "00000002 00000001 00000000",
    "00000007 00000001",
  ]) {
    assert.throws(() => decodeUdpTrackerPacket(bytes(packet), 4), ProtocolError, packet);
  }
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(4 as const, 6 as const),
      (packet, family) => {
        packet.fill(0, 0, 3);
        try {
          decodeUdpTrackerPacket(packet, family);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      },
    ),
  );
});
