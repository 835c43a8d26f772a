import assert from "node:assert/strict";
import { test } from "node:test";
import { freeName } from "../dist/completion/free-name.js";

test("a name that is taken gets a number before its ending", async () => {
  const there = new Set(["film.mkv", "film (2).mkv", "v1.2", ".bashrc", "plain"]);
  const free = (name: string, isFolder: boolean): Promise<string> =>
    freeName(name, isFolder, async (other) => there.has(other));
  assert.equal(await free("new.mkv", false), "new.mkv");
  assert.equal(await free("film.mkv", false), "film (3).mkv");
  assert.equal(await free("v1.2", true), "v1.2 (2)");
  assert.equal(await free(".bashrc", false), ".bashrc (2)");
  assert.equal(await free("plain", false), "plain (2)");
});
