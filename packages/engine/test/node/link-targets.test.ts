import assert from "node:assert/strict";
import { test } from "node:test";
import { Layout } from "../../dist/meta/layout.js";
import { FileTable } from "../../dist/node/file-table.js";
import { LinkTargets } from "../../dist/node/link-targets.js";
import { entry } from "./disk-bench.ts";

function tableOf(entries: ConstructorParameters<typeof Layout>[2]): FileTable {
  const layout = new Layout("v1", 16_384, entries);
  const paths = layout.files.map(({ path }) => `Name/${path.join("/")}`);
  return new FileTable({ layout, root: "/r", paths, skipped: new Set(), partPath: "/p" });
}

test("a link leads to a file, or to a folder by way of what is in it, and nowhere else", () => {
  const link = (...symlink: string[]): { symlink: readonly string[] } => ({ symlink });
  const table = tableOf([
    entry("d/file", 1),
    entry("d/l", 0, link("d", "file")),
    entry("to-d", 0, link("d")),
    entry("self", 0, link("self")),
    entry("out", 0, link("..", "etc")),
    entry("none", 0, link()),
  ]);
  const targets = new LinkTargets(table);
  assert.deepEqual(
    table.layout.files.slice(1).map((file) => targets.of(file)),
    ["/r/Name/d/file", "/r/Name/d", null, null, null],
  );
});

test("many links cost no more than their number", () => {
  const links = Array.from({ length: 60_000 }, (_, at) => entry(`l${at}`, 0, { symlink: ["z"] }));
  const table = tableOf([...links, entry("z", 1)]);
  const started = performance.now();
  const targets = new LinkTargets(table);
  for (const file of table.layout.files)
    if (file.symlink !== null) assert.equal(targets.of(file), "/r/Name/z");
  assert.ok(performance.now() - started < 5_000);
});
