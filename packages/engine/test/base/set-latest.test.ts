import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setLatest } from "../../dist/base/set-latest.js";

describe("setLatest", () => {
  test("who was used last stays longest", () => {
    const map = new Map<string, number>();
    for (const [value, key] of ["a", "b", "c", "a", "d"].entries()) setLatest(map, key, value, 3);
    assert.deepEqual(
      [...map],
      [
        ["c", 2],
        ["a", 3],
        ["d", 4],
      ],
    );
  });
});
