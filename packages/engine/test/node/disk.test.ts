import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Layout } from "../../dist/meta/layout.js";
import { NodeDisk, SLOT_BYTES } from "../../dist/node/disk.js";
import { BLOCK, code, entry, hex, newBench, rootOf, sha1, sha256 } from "./disk-bench.ts";

describe("writing and hashing", () => {
  test("runs in order, out of order and across files give the same bytes and the right hash", async () => {
    const bench = newBench();
    const pieceLength = 4 * SLOT_BYTES;
    const layout = new Layout("v1", pieceLength, [
      entry("a/one", 300_000),
      entry("two", 3),
      entry("a/b/three", 1_500_000),
    ]);
    const storage = bench.open(layout);
    const content = randomBytes(layout.totalSize);
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      const bytes = content.subarray(piece * pieceLength, piece * pieceLength + layout.pieceSize(piece));
      const runs = Array.from({ length: layout.runCount(piece, SLOT_BYTES) }, (_, run) => run * SLOT_BYTES);
      if (piece === 0) runs.push(...runs.splice(0, 2));
      const writes = runs.map((begin, slot) =>
        bench.write(storage, piece, begin, bytes.subarray(begin, begin + SLOT_BYTES), piece * 4 + slot),
      );
      const digest = await bench.hash(storage, piece, true, false);
      await Promise.all(writes);
      assert.equal(hex(digest.sha1), sha1(bytes));
      assert.equal(digest.root, null);
      assert.equal(digest.leaves, null);
    }
    const onDisk = ["a/one", "two", "a/b/three"].map((name) => readFileSync(bench.path(name)));
    assert.ok(Buffer.concat(onDisk).equals(content));
    assert.ok(
      Buffer.from(await bench.read(storage, 0, 299_990, 40)).equals(content.subarray(299_990, 300_030)),
    );
  });

  test("single blocks that arrive backwards are hashed by reading them back", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 100_000, [entry("odd", 100_000)]);
    const storage = bench.open(layout);
    const content = randomBytes(100_000);
    for (let block = 6; block >= 0; block--) {
      await bench.write(storage, 0, block * BLOCK, content.subarray(block * BLOCK, (block + 1) * BLOCK));
    }
    assert.equal(hex((await bench.hash(storage, 0, true, false)).sha1), sha1(content));
    // The digests that tell in v1 whose block was wrong; there is no root over them.
    const blocks = await bench.hash(storage, 0, true, true);
    assert.equal(hex(blocks.sha1), sha1(content));
    assert.equal(blocks.root, null);
    const leaves = Array.from({ length: 7 }, (_, i) => sha256(content.subarray(i * BLOCK, (i + 1) * BLOCK)));
    assert.equal(hex(blocks.leaves), Buffer.concat(leaves).toString("hex"));
  });

  test("bytes written twice count once", async () => {
    const bench = newBench();
    const layout = new Layout("hybrid", 65_536, [entry("twice", 65_536)]);
    const storage = bench.open(layout);
    const content = randomBytes(65_536);
    await bench.write(storage, 0, 0, new Uint8Array(65_536));
    await bench.write(storage, 0, BLOCK, content.subarray(BLOCK));
    await bench.write(storage, 0, 0, content.subarray(0, BLOCK));
    const digest = await bench.hash(storage, 0, true, true);
    assert.equal(hex(digest.sha1), sha1(content));
    assert.equal(hex(digest.root), rootOf(content, 4));
  });

  test("a hybrid piece with a pad has SHA-1 over the pad and a root over the file's leaves", async () => {
    const bench = newBench();
    const layout = new Layout("hybrid", 131_072, [
      entry("long", 200_000),
      entry(".pad/62144", 62_144, { pad: true }),
      entry("short", 40_000),
    ]);
    const storage = bench.open(layout);
    const long = randomBytes(200_000);
    const short = randomBytes(40_000);
    await bench.write(storage, 0, 0, long.subarray(0, 131_072), 0);
    await bench.write(storage, 1, 0, long.subarray(131_072), 1);
    await bench.write(storage, 2, 0, short, 2);
    const tail = await bench.hash(storage, 1, true, true);
    assert.equal(hex(tail.sha1), sha1(Buffer.concat([long.subarray(131_072), Buffer.alloc(62_144)])));
    assert.equal(hex(tail.root), rootOf(long.subarray(131_072), 8));
    assert.equal(tail.leaves?.length, 5 * 32);
    assert.equal(
      hex(tail.leaves?.subarray(128) ?? null),
      sha256(long.subarray(131_072 + 4 * BLOCK)).toString("hex"),
    );
    const last = await bench.hash(storage, 2, true, true);
    assert.equal(hex(last.sha1), sha1(short));
    assert.equal(hex(last.root), rootOf(short, 4));
    assert.ok(!existsSync(bench.path(".pad")));
    const padded = await bench.read(storage, 1, 68_928 - 8, 16);
    assert.equal(hex(padded), hex(Buffer.concat([long.subarray(199_992), Buffer.alloc(8)])));
  });

  test("v2 pads, which the layout adds itself, survive the way to the worker", async () => {
    const bench = newBench();
    const layout = new Layout("v2", 32_768, [entry("a", 40_000), entry("b", 5)]);
    const storage = bench.open(layout);
    const b = randomBytes(5);
    await bench.write(storage, 2, 0, b);
    assert.equal(hex((await bench.hash(storage, 2, false, true)).root), sha256(b).toString("hex"));
    assert.ok(readFileSync(bench.path("b")).equals(b));
  });

  test("a piece that was never written here is read from disk; after forget too", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 3 * 1_048_576, [entry("seed", 4_000_000)]);
    const content = randomBytes(4_000_000);
    bench.put("seed", content);
    const storage = bench.open(layout);
    assert.equal(
      hex((await bench.hash(storage, 0, true, false)).sha1),
      sha1(content.subarray(0, 3 * 1_048_576)),
    );
    assert.equal(
      hex((await bench.hash(storage, 1, true, false)).sha1),
      sha1(content.subarray(3 * 1_048_576)),
    );
    await bench.write(storage, 1, 0, new Uint8Array(BLOCK));
    bench.put("seed", content);
    bench.disk.forget(storage, 1);
    assert.equal(
      hex((await bench.hash(storage, 1, true, false)).sha1),
      sha1(content.subarray(3 * 1_048_576)),
    );
  });

  test("skipped files go to the part file and come back from it", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 65_536, [entry("wanted", 60_000), entry("not", 30_000)]);
    const storage = bench.open(layout, [1]);
    const content = randomBytes(90_000);
    await bench.write(storage, 0, 0, content.subarray(0, 65_536));
    assert.equal(hex((await bench.hash(storage, 0, true, false)).sha1), sha1(content.subarray(0, 65_536)));
    assert.ok(!existsSync(bench.path("not")));
    const parts = readFileSync(join(bench.folder, "state", "parts"));
    assert.ok(parts.subarray(60_000).equals(content.subarray(60_000, 65_536)));
    assert.ok(
      Buffer.from(await bench.read(storage, 0, 59_000, 2_000)).equals(content.subarray(59_000, 61_000)),
    );
  });

  test("more operations than a ring holds are all answered, in order for a piece", async () => {
    const bench = newBench();
    const layout = new Layout("v1", BLOCK, [entry("many", 3000 * BLOCK)]);
    bench.put("many", new Uint8Array(3000 * BLOCK));
    const storage = bench.open(layout);
    const zero = sha1(new Uint8Array(BLOCK));
    const digests = await Promise.all(
      Array.from({ length: 3000 }, (_, piece) => bench.hash(storage, piece, true, false)),
    );
    assert.ok(digests.every((digest) => hex(digest.sha1) === zero));
  });
});

/** How often the process has a file open; null where the system does not tell. */
function timesOpen(path: string): number | null {
  if (!existsSync("/proc/self/fd")) return null;
  let count = 0;
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(path)) count++;
    } catch {
      // The folder's own handle is gone by now.
    }
  }
  return count;
}

describe("reading", () => {
  test("leaves gaps for headers, across files, and fills pads with zeros", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 100_000, [
      entry("a", 40_000),
      entry(".pad/10000", 10_000, { pad: true }),
      entry("b", 50_000),
    ]);
    const content = Buffer.concat([randomBytes(40_000), Buffer.alloc(10_000), randomBytes(50_000)]);
    bench.put("a", content.subarray(0, 40_000));
    bench.put("b", content.subarray(50_000));
    const storage = bench.open(layout);
    const got = Buffer.from(await bench.read(storage, 0, 7, 99_000, BLOCK, 13));
    const expected: Buffer[] = [];
    for (let at = 7; at < 99_007; at += BLOCK) {
      expected.push(content.subarray(at, Math.min(at + BLOCK, 99_007)), Buffer.alloc(13, 0xee));
    }
    assert.ok(got.equals(Buffer.concat(expected)));
  });

  test("a file that is missing or short is reported with its path, and works again once it is back", async () => {
    const bench = newBench();
    const layout = new Layout("v1", 65_536, [entry("dir/seed", 65_536)]);
    const content = randomBytes(65_536);
    const storage = bench.open(layout);
    const changed = code("ERR_FILE_CHANGED", bench.path("dir/seed"));
    await assert.rejects(bench.read(storage, 0, 0, BLOCK), changed);
    await assert.rejects(bench.hash(storage, 0, true, false), changed);
    bench.put("dir/seed", content.subarray(0, 60_000));
    assert.ok(Buffer.from(await bench.read(storage, 0, 0, BLOCK)).equals(content.subarray(0, BLOCK)));
    await assert.rejects(bench.read(storage, 0, 49_152, BLOCK), changed);
    await assert.rejects(bench.hash(storage, 0, true, false), changed);
    bench.put("dir/seed", content);
    assert.ok(Buffer.from(await bench.read(storage, 0, 49_152, BLOCK)).equals(content.subarray(49_152)));
    assert.equal(hex((await bench.hash(storage, 0, true, false)).sha1), sha1(content));
  });

  test("runs over many small files, more at once than workers have room for", async () => {
    const bench = newBench(new NodeDisk({ openFiles: 8 }));
    const names = Array.from({ length: 30 }, (_, i) => `folder ${i % 3}/${i}`);
    const files = names.map((name) => entry(name, 7_001));
    const layout = new Layout("v1", 65_536, [entry(".pad/5", 5, { pad: true }), ...files]);
    const parts = names.map(() => randomBytes(7_001));
    const content = Buffer.concat([Buffer.alloc(5), ...parts]);
    parts.forEach((bytes, i) => bench.put(names[i]!, bytes));
    const storage = bench.open(layout);
    const runs = Array.from({ length: 24 }, (_, i) => bench.read(storage, i % 3, i, 60_000, BLOCK, 13));
    (await Promise.all(runs)).forEach((run, i) => {
      const from = (i % 3) * 65_536 + i;
      for (let at = 0, gap = 0; at < 60_000; at += BLOCK, gap += 13) {
        const length = Math.min(BLOCK, 60_000 - at);
        const got = Buffer.from(run.subarray(at + gap, at + gap + length));
        assert.ok(got.equals(content.subarray(from + at, from + at + length)), `run ${i}, byte ${at}`);
        assert.ok(run.subarray(at + gap + length, at + gap + length + 13).every((byte) => byte === 0xee));
      }
    });
    bench.put(names[4]!, parts[4]!.subarray(0, 100));
    const changed = code("ERR_FILE_CHANGED", bench.path(names[4]!));
    for (let i = 0; i < 10; i++) await assert.rejects(bench.read(storage, 0, 0, 60_000), changed);
    const stillOpen = timesOpen(bench.root);
    if (stillOpen !== null) assert.ok(stillOpen <= 8, `${stillOpen} files are open`);
    await bench.disk.close(storage);
    if (stillOpen !== null) assert.equal(timesOpen(bench.root), 0);
  });

  test("many reads open a file once, few files stay open, and none after closing", async () => {
    const bench = newBench(new NodeDisk({ openFiles: 8 }));
    const layout = new Layout(
      "v1",
      BLOCK,
      Array.from({ length: 40 }, (_, i) => entry(`f${i}`, BLOCK)),
    );
    for (let i = 0; i < 40; i++) bench.put(`f${i}`, new Uint8Array(BLOCK).fill(i));
    const storage = bench.open(layout);
    const many = Array.from({ length: 50 }, () => bench.read(storage, 3, 0, BLOCK));
    await Promise.all(many);
    const open = timesOpen(bench.path("f3"));
    if (open !== null) assert.equal(open, 1);
    const all = await Promise.all(layout.files.map((file) => bench.read(storage, file.index, 0, BLOCK)));
    all.forEach((bytes, i) => assert.ok(bytes.every((byte) => byte === i)));
    await Promise.all(layout.files.map((file) => bench.hash(storage, file.index, true, false)));
    const stillOpen = timesOpen(bench.root);
    if (stillOpen !== null) assert.ok(stillOpen <= 8, `${stillOpen} files are open`);
    const last = bench.read(storage, 5, 0, BLOCK);
    await bench.disk.close(storage);
    assert.ok((await last).every((byte) => byte === 5));
    if (open !== null) assert.equal(timesOpen(bench.root), 0);
    await assert.rejects(bench.read(storage, 0, 0, 1), code("ERR_CLOSED"));
    await assert.rejects(bench.write(storage, 0, 0, new Uint8Array(1)), code("ERR_CLOSED"));
  });
});
