import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  closeSync,
  openSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Worker } from "node:worker_threads";
import type { ShoalError } from "../../dist/base/errors.js";
import { Layout } from "../../dist/meta/layout.js";
import { NodeDisk, SLOT_BYTES } from "../../dist/node/disk.js";
import { BLOCK, code, entry, hex, newBench, sha1 } from "./disk-bench.ts";

describe("what may go wrong while writing", () => {
  test("links in the place of a file or folder are not written through, and not read", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 65_536, [
      entry("file", 65_536),
      entry("dir/file", 65_536),
      entry("in/file", 65_536),
    ]);
    const victim = join(bench.folder, "victim");
    mkdirSync(join(victim, "dir"), { recursive: true });
    mkdirSync(bench.path("really"), { recursive: true });
    writeFileSync(join(victim, "file"), "precious");
    symlinkSync(join(victim, "file"), bench.path("file"));
    symlinkSync(join(victim, "dir"), bench.path("dir"));
    symlinkSync("really", bench.path("in"));
    const storage = bench.open(layout);
    const bytes = new Uint8Array(65_536).fill(1);
    await assert.rejects(bench.write(storage, 0, 0, bytes), code("ERR_DISK", bench.path("file")));
    await assert.rejects(bench.write(storage, 1, 0, bytes), code("ERR_PATH", bench.path("dir/file")));
    await bench.write(storage, 2, 0, bytes);
    assert.equal(readFileSync(join(victim, "file"), "utf8"), "precious");
    assert.ok(!existsSync(join(victim, "dir", "file")));
    assert.equal(statSync(bench.path("really/file")).size, 65_536);
    writeFileSync(join(victim, "dir", "file"), bytes);
    await assert.rejects(bench.read(storage, 0, 0, 8), code("ERR_DISK", bench.path("file")));
    await assert.rejects(bench.read(storage, 1, 0, 8), code("ERR_PATH"));
    await assert.rejects(bench.hash(storage, 1, true, false), code("ERR_PATH"));
    assert.deepEqual(
      (await bench.disk.stat(storage)).map((found) => found?.size ?? null),
      [null, null, 65_536],
    );
    await assert.rejects(
      bench.disk.prepare(bench.open(new Layout("v1", BLOCK, [entry("dir/x/y", 1), entry("dir/x/e", 0)]))),
      code("ERR_PATH"),
    );
    assert.ok(!existsSync(join(victim, "dir", "x")));
  });

  test("paths that could leave the folder are refused before anything happens", () => {
    const bench = newBench();
    const layout = new Layout("v1", BLOCK, [entry("x", 1)]);
    for (const path of ["../x", "/etc/x", "a/../../x", "a//x", "", "a/./x", "a\0b"]) {
      assert.throws(() => bench.open(layout, [], [path]), code("ERR_PATH"), path);
    }
  });

  test("what is no regular file is neither written nor waited for", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 65_536, [entry("a", 70_000), entry("b", 61_072)]);
    mkdirSync(bench.path("b"), { recursive: true });
    const storage = bench.open(layout);
    const content = randomBytes(131_072);
    await bench.write(storage, 0, 0, content.subarray(0, 65_536));
    await assert.rejects(
      bench.write(storage, 1, 0, content.subarray(65_536)),
      code("ERR_DISK", bench.path("b")),
    );
    rmSync(bench.path("b"), { recursive: true });
    // After the failure nothing is known about the piece, so its hash is what is on disk.
    await bench.write(storage, 1, BLOCK, content.subarray(65_536 + BLOCK));
    const found = Buffer.concat([
      readFileSync(bench.path("a")).subarray(65_536),
      readFileSync(bench.path("b")),
    ]);
    assert.ok(found.subarray(BLOCK).equals(content.subarray(65_536 + BLOCK)));
    assert.ok(!found.equals(content.subarray(65_536)));
    assert.equal(hex((await bench.hash(storage, 1, true, false)).sha1), sha1(found));
    if (spawnSync("mkfifo", [bench.path("pipe")]).status !== 0) return;
    const pipe = bench.open(new Layout("v1", BLOCK, [entry("pipe", 10)]));
    await assert.rejects(bench.read(pipe, 0, 0, 1), code("ERR_DISK", bench.path("pipe")));
    await assert.rejects(bench.write(pipe, 0, 0, new Uint8Array(10)), code("ERR_DISK", bench.path("pipe")));
    await assert.rejects(bench.hash(pipe, 0, true, false), code("ERR_DISK", bench.path("pipe")));
  });

  test("a full disk is told apart, and writing goes on when there is room", async (t) => {
    const bench = newBench();
    mkdirSync(bench.root);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "shoal-test", bench.root]).status !== 0) {
      t.skip("may not mount a small file system");
      return;
    }
    try {
      const layout = new Layout("v1", SLOT_BYTES, [entry("big", 2 * SLOT_BYTES)]);
      const storage = bench.open(layout);
      assert.ok((await bench.disk.freeSpace(join(bench.root, "not/there"))) <= 256 * 1024);
      bench.put("ballast", new Uint8Array(100_000));
      await assert.rejects(
        bench.write(storage, 0, 0, new Uint8Array(SLOT_BYTES)),
        code("ERR_NO_SPACE", bench.path("big")),
      );
      rmSync(bench.path("ballast"));
      await bench.write(storage, 0, 0, new Uint8Array(2 * BLOCK));
      await bench.disk.close(storage);
    } finally {
      spawnSync("umount", [bench.root]);
    }
  });

  test("once prepared, only those very files are written to: nothing is made anew, no stranger's file is touched", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 65_536, [entry("dir/a", 65_536), entry("dir/b", 65_536)]);
    const storage = bench.open(layout);
    const bytes = new Uint8Array(65_536).fill(1);
    await bench.write(storage, 0, 0, bytes.subarray(0, BLOCK));
    await bench.disk.prepare(storage);
    // Held open, so that no other file gets its inode.
    const held = openSync(bench.path("dir/b"), "r");
    rmSync(bench.path("dir"), { recursive: true });
    await assert.rejects(bench.write(storage, 0, 0, bytes), code("ERR_FILES_MISSING", bench.path("dir/a")));
    assert.ok(!existsSync(bench.path("dir")));
    mkdirSync(bench.path("dir"));
    writeFileSync(bench.path("dir/b"), "precious");
    await assert.rejects(bench.write(storage, 1, 0, bytes), code("ERR_FILE_CHANGED", bench.path("dir/b")));
    assert.equal(readFileSync(bench.path("dir/b"), "utf8"), "precious");
    closeSync(held);
    rmSync(bench.path("dir/b"));
    await bench.disk.prepare(storage);
    await bench.write(storage, 0, 0, bytes);
    assert.equal(statSync(bench.path("dir/a")).size, 65_536);
  });

  test("what is hashed after a file was replaced is what lies there now", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 65_536, [entry("a", 65_536)]);
    const storage = bench.open(layout);
    await bench.write(storage, 0, 0, new Uint8Array(65_536).fill(1));
    await bench.hash(storage, 0, true, false);
    const other = new Uint8Array(65_536).fill(2);
    bench.put("new", other);
    renameSync(bench.path("new"), bench.path("a"));
    bench.disk.reopen(storage);
    assert.equal(hex((await bench.hash(storage, 0, true, false)).sha1), sha1(other));
    assert.deepEqual(await bench.read(storage, 0, 0, 8), other.slice(0, 8));
  });

  test("a worker that dies fails what is under way, and another one takes its place", async () => {
    const workers: Worker[] = [];
    const onWorker = (message: unknown): void => void workers.push((message as { worker: Worker }).worker);
    subscribe("worker_threads", onWorker);
    const bench = newBench(new NodeDisk({ workers: 1 }));
    const layout = new Layout("v1", 65_536, [entry("f", 65_536)]);
    const storage = bench.open(layout);
    await bench.write(storage, 0, 0, new Uint8Array(65_536));
    unsubscribe("worker_threads", onWorker);
    const exited = once(workers[0] as Worker, "exit");
    void workers[0]?.terminate();
    const lost = bench.hash(storage, 0, true, false).then(
      () => "answered",
      (error: ShoalError) => error.code,
    );
    await exited;
    // Whether the worker came to it before it died is a matter of luck; an answer there must be.
    assert.ok(["answered", "ERR_DISK"].includes(await lost));
    assert.equal(hex((await bench.hash(storage, 0, true, false)).sha1), sha1(new Uint8Array(65_536)));
  });
});
