import assert from "node:assert/strict";
import { test } from "node:test";
import { absoluteFolder } from "../../dist/base/absolute-folder.js";

test("a folder is written in one way", () => {
  for (const path of ["/a/b", "/a/b/", "/a//b", "/a/./b/.", "/a/c/../b", "/../a/b//"])
    assert.equal(absoluteFolder(path), "/a/b", path);
  assert.equal(absoluteFolder("/"), "/");
  assert.equal(absoluteFolder("/a\\b"), "/a\\b");
  assert.equal(absoluteFolder("C:\\a\\.\\b\\"), "C:\\a\\b");
  assert.equal(absoluteFolder("\\\\server\\share\\"), "\\\\server\\share");
});

test("what depends on where the program runs, or can't be a folder, is none", () => {
  for (const path of ["", "a/b", "./a", "C:a", "/a\0b"]) assert.equal(absoluteFolder(path), null, path);
});
