import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { lstatSync, readlinkSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Layout } from "../../dist/meta/layout.js";
import type { LayoutEntry } from "../../dist/meta/layout.js";
import { BLOCK, code, entry, newBench } from "./disk-bench.ts";

describe("files around the data", () => {
  test("prepare makes folders, files still empty, links that stay inside, and executable bits", async () => {
    const bench = newBench();
    const link = (...target: string[]): Partial<LayoutEntry> => ({ symlink: target });
    const layout = new Layout("v1", BLOCK, [
      entry("sub/empty", 0),
      entry("deep/er/data", 10),
      entry("run", 10, { executable: true }),
      entry("run-empty", 0, { executable: true }),
      entry("late", 10, { executable: true }),
      entry("sub/link", 0, link("deep", "er", "data")),
      entry("folder-link", 0, link("deep")),
      entry("out", 0, link("..", "..", "etc")),
      entry("nowhere", 0, link("not", "there")),
      entry("skipped", 0),
    ]);
    const paths = layout.files.map((file) => `Name/${file.path.join("/")}`);
    bench.put("Name/run", randomBytes(10));
    const storage = bench.open(layout, [9], paths);
    await bench.disk.prepare(storage);
    await bench.disk.prepare(storage);
    const path = (name: string): string => bench.path(`Name/${name}`);
    assert.equal(statSync(path("sub/empty")).size, 0);
    assert.ok(statSync(path("deep/er")).isDirectory());
    assert.equal(statSync(path("deep/er/data")).size, 0);
    assert.equal(readlinkSync(path("sub/link")), "../deep/er/data");
    assert.equal(readlinkSync(path("folder-link")), "deep");
    for (const name of ["out", "nowhere", "skipped"]) assert.throws(() => lstatSync(path(name)), name);
    assert.notEqual(statSync(path("run")).mode & 0o100, 0);
    assert.notEqual(statSync(path("run-empty")).mode & 0o100, 0);
    await bench.write(storage, 0, 20, randomBytes(10));
    assert.notEqual(statSync(path("late")).mode & 0o100, 0);
    assert.equal(statSync(path("run")).mode & 0o022, 0);
  });

  test("longer files are cut only on request", async () => {
    const bench = newBench();
    const layout = new Layout("v1", BLOCK, [entry("a", 10), entry("b", 10), entry("e", 0)]);
    for (const name of ["a", "e"]) bench.put(name, randomBytes(50));
    bench.put("b", randomBytes(5));
    const storage = bench.open(layout);
    await bench.disk.prepare(storage);
    const sizes = async (): Promise<(number | undefined)[]> =>
      (await bench.disk.stat(storage)).map((found) => found?.size);
    assert.deepEqual(await sizes(), [50, 5, 50]);
    await bench.disk.prepare(storage, { truncateLonger: true });
    assert.deepEqual(await sizes(), [10, 5, 0]);
  });

  test("stat tells size, time and inode, null for what is not there", async () => {
    const bench = newBench();
    const layout = new Layout("hybrid", BLOCK, [
      entry("a", 10),
      entry(".pad/1", BLOCK - 10, { pad: true }),
      entry("b", 5),
    ]);
    bench.put("a", randomBytes(10));
    const { ino, mtimeMs } = statSync(bench.path("a"));
    const found = await bench.disk.stat(bench.open(layout));
    assert.deepEqual(found, [{ size: 10, modifiedMs: mtimeMs, inode: ino }, null, null]);
  });

  test("sync covers what was written, survives a deleted file, and everything on request", async () => {
    const bench = newBench();
    const layout = new Layout("v1", BLOCK, [entry("d/a", BLOCK), entry("b", BLOCK)]);
    const storage = bench.open(layout);
    await bench.disk.sync(storage);
    await bench.write(storage, 0, 0, randomBytes(BLOCK));
    await bench.write(storage, 1, 0, randomBytes(BLOCK));
    rmSync(bench.path("b"));
    await Promise.all([bench.disk.sync(storage), bench.disk.sync(storage)]);
    await bench.disk.sync(storage, true);
    assert.ok((await bench.disk.freeSpace(join(bench.root, "none", "such"))) > 0);
    await bench.disk.close(storage);
    await assert.rejects(bench.disk.sync(storage), code("ERR_CLOSED"));
  });
});
