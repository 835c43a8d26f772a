import assert from "node:assert/strict";
import { test } from "node:test";

import { pieceMap } from "../dist/commands/transfers/piece-map.js";

test("pieceMap: a cell for each piece while they fit, else as many as it takes", () => {
  assert.deepEqual(pieceMap(Uint8Array.of(0b1011_0000), 5, 4), ["█·██", "·"]);
  assert.deepEqual(pieceMap(new Uint8Array(), 0, 4), []);
  const many = new Uint8Array(100).fill(0xff, 0, 50);
  many[0] = 0b0111_1111;
  const lines = pieceMap(many, 800, 5);
  assert.ok(lines.length <= 8);
  assert.match(lines.join(""), /^▓█+·+$/);
  assert.equal(pieceMap(Uint8Array.of(0b1000_0000), 8, 1)[0], "█");
  assert.equal(pieceMap(Uint8Array.of(0b1000_0000, 0), 16, 1)[0], "▓");
});
