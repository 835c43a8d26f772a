import assert from "node:assert/strict";
import { test } from "node:test";
import { Layout, padEntry } from "../../dist/meta/layout.js";
import { webSeedUrl } from "../../dist/meta/web-seed-url.js";

function url(base: string, name: string, path: readonly string[] | null): string {
  const layout = new Layout("v1", 16_384, [{ ...padEntry(5), pad: false, path: path ?? [name] }]);
  return webSeedUrl(base, { name, multiFile: path !== null }, layout.files[0]!);
}

test("a single file lies at the URL, or below it by its name", () => {
  assert.equal(url("http://a/x.iso", "y.iso", null), "http://a/x.iso");
  assert.equal(url("http://a/get?id=1", "y.iso", null), "http://a/get?id=1");
  assert.equal(url("http://a/dir/", "y z.iso", null), "http://a/dir/y%20z.iso");
});

test("files of a folder lie below its name, with or without a slash", () => {
  for (const base of ["http://a/dir", "http://a/dir/"])
    assert.equal(url(base, "My files", ["sub", "é.txt"]), "http://a/dir/My%20files/sub/%C3%A9.txt");
});

test("names are escaped once: no part of a name is taken for anything else", () => {
  assert.equal(
    url("http://a/", "100%", ["%20", "a?b#c", "d/e", "\ud800"]),
    "http://a/100%25/%2520/a%3Fb%23c/d%2Fe/%EF%BF%BD",
  );
});
