import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, fromHex, toHex } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { decodeDnsAnswer, DNS_TYPE, encodeDnsQuestion } from "../../dist/wire/dns-message.js";

const A = { id: 0x1234, name: "tracker.example", type: DNS_TYPE.A } as const;
const QUESTION = "07747261636b6572076578616d706c6500";

/** An answer to `A` with these records. */
function answer(count: number, records: string, flags: string = "8180"): Uint8Array {
  const head = `1234${flags}0001${count.toString(16).padStart(4, "0")}00000000`;
  return fromHex(`${head}${QUESTION}00010001${records}`);
}

const record = (owner: string, type: string, data: string): string =>
  `${owner}${type}00010000003c${(data.length / 2).toString(16).padStart(4, "0")}${data}`;

test("a question is written as RFC 1035 has it, with or without a final dot", () => {
  for (const name of ["tracker.example", "tracker.example."]) {
    assert.equal(toHex(encodeDnsQuestion({ ...A, name })), `123401000001000000000000${QUESTION}00010001`);
  }
  for (const name of ["", ".", "a..b", `${"a".repeat(64)}.b`, `${"a.".repeat(127)}abc`]) {
    assert.throws(() => encodeDnsQuestion({ ...A, name }), ProtocolError, name);
  }
});

test("addresses come in the server's order, through aliases, whatever else the answer has", () => {
  const records = [
    record("c00c", "0005", "03777777c014"),
    record("c00c", "0010", "0161"),
    record("03777777c014", "0001", "c0000207"),
    record("03575757c014", "0001", "c6336407"),
    record("056f74686572c014", "0001", "08080808"),
  ];
  assert.deepEqual(decodeDnsAnswer(answer(5, records.join("")), A), {
    code: 0,
    truncated: false,
    addresses: ["192.0.2.7", "198.51.100.7"],
  });
});

test("IPv6 addresses are read", () => {
  const packet = answer(1, record("c00c", "001c", "20010db8000000000000000000000001"));
  packet[packet.length - 28 - 3] = 28;
  assert.deepEqual(decodeDnsAnswer(packet, { ...A, type: DNS_TYPE.AAAA }).addresses, ["2001:db8::1"]);
});

test("that a name is not there, and that an answer is cut off by the server, is told", () => {
  assert.deepEqual(decodeDnsAnswer(answer(0, "", "8183"), A), { code: 3, truncated: false, addresses: [] });
  const half = decodeDnsAnswer(answer(9, record("c00c", "0001", "c0000207"), "8380"), A);
  assert.deepEqual(half, { code: 0, truncated: true, addresses: ["192.0.2.7"] });
});

test("the answer to another question is refused", () => {
  const good = answer(1, record("c00c", "0001", "c0000207"));
  for (const other of [
    { ...A, id: 0x1235 },
    { ...A, name: "tracker.example.org" },
    { ...A, type: DNS_TYPE.AAAA },
  ] as const) {
    assert.throws(() => decodeDnsAnswer(good, other), ProtocolError);
  }
  assert.throws(() => decodeDnsAnswer(answer(0, "", "0100"), A), ProtocolError, "a question");
});

test("an answer that is cut off anywhere, names that go in circles and wrong lengths are refused", () => {
  const good = answer(1, record("c00c", "0001", "c0000207"));
  for (let end = 0; end < good.length; end++) {
    assert.throws(() => decodeDnsAnswer(good.subarray(0, end), A), ProtocolError, `${end} bytes`);
  }
  assert.equal(decodeDnsAnswer(concatBytes(good, Uint8Array.of(1, 2, 3)), A).addresses.length, 1);
  for (const records of [
    record("c021", "0001", "c0000207"),
    record("c0ff", "0001", "c0000207"),
    record("80", "0001", "c0000207"),
    record("c00c", "0001", "c00002"),
    record("c00c", "0005", "c02d"),
  ]) {
    assert.throws(() => decodeDnsAnswer(answer(1, records), A), ProtocolError, records);
  }
});

test("aliases that lead in circles end", () => {
  const records = record("c00c", "0005", "0162c014") + record("0162c014", "0005", "c00c");
  assert.deepEqual(decodeDnsAnswer(answer(2, records), A).addresses, []);
});
