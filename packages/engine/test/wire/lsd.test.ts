import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8, utf8Text } from "../../dist/base/bytes.js";
import { decodeLsdAnnounce, encodeLsdAnnounce, MAX_LSD_NAMES } from "../../dist/wire/lsd.js";

const A = "0123456789abcdef0123456789abcdef01234567";
const B = "89abcdef0123456789abcdef0123456789abcdef";

test("an announce is written as BEP 14 has it", () => {
  const packet = encodeLsdAnnounce({ port: 6881, names: [A], cookie: "me" }, 6);
  assert.equal(
    utf8Text(packet),
    `BT-SEARCH * HTTP/1.1\r\nHost: [ff15::efc0:988f]:6771\r\nPort: 6881\r\nInfohash: ${A}\r\ncookie: me\r\n\r\n\r\n`,
  );
});

test("a full packet of either family comes back, and fits an Ethernet frame", () => {
  const names = Array.from({ length: MAX_LSD_NAMES }, (_, i) => i.toString(16).padStart(40, "0"));
  for (const family of [4, 6] as const) {
    const announce = { port: 65_535, names, cookie: "shoal-0123456789abcdef" };
    const packet = encodeLsdAnnounce(announce, family);
    assert.ok(packet.length <= 1_400, `${packet.length} bytes`);
    assert.deepEqual(decodeLsdAnnounce(packet), announce);
  }
});

test("what other programs write is read: headers in any case, capital hex, unknown headers, bare line feeds", () => {
  const theirs = `BT-SEARCH * HTTP/1.1\nhost: x\nPORT:  51413\nX-More: yes\ninfohash: ${A.toUpperCase()}\nInfohash: ${B}\n\n`;
  assert.deepEqual(decodeLsdAnnounce(utf8(theirs)), { port: 51_413, names: [A, B], cookie: null });
});

test("names are taken once, those of another form not at all, and only so many", () => {
  const names = Array.from({ length: 150 }, (_, i) => `Infohash: ${i.toString(16).padStart(40, "0")}`);
  const text = ["BT-SEARCH * HTTP/1.1", "Port: 1", "Infohash: 12", names[0], ...names, "", ""].join("\r\n");
  const read = decodeLsdAnnounce(utf8(text)).names;
  assert.deepEqual([read.length, new Set(read).size], [100, 100]);
});

test("what is no announce, or says nothing of use, is refused", () => {
  const head = "BT-SEARCH * HTTP/1.1\r\n";
  for (const text of [
    "",
    "M-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n",
    `${head}Infohash: ${A}\r\n\r\n`,
    `${head}Port: 0\r\nInfohash: ${A}\r\n\r\n`,
    `${head}Port: 65536\r\nInfohash: ${A}\r\n\r\n`,
    `${head}Port: 1\r\n\r\nInfohash: ${A}\r\n\r\n`,
    `${head}Port: 1\r\nInfohash: ${A}\r\n${"x: y\r\n".repeat(2_000)}\r\n`,
  ]) {
    assert.throws(() => decodeLsdAnnounce(utf8(text)), { code: "ERR_PROTOCOL" });
  }
});
