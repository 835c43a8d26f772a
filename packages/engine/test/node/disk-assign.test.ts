import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Layout } from "../../dist/meta/layout.js";
import { type Bench, BLOCK, code, entry, hex, newBench, sha1 } from "./disk-bench.ts";

const PIECE = 4 * BLOCK;
const SIZES = [100_000, 30_000, 100_000] as const;
const layout = new Layout("v1", PIECE, [
  entry("a", SIZES[0]),
  entry("sub/b", SIZES[1]),
  entry("c", SIZES[2]),
]);
const content = randomBytes(layout.totalSize);
const B = content.subarray(100_000, 130_000);
const own = { mayExist: () => false };

function pieceBytes(piece: number): Buffer {
  return content.subarray(piece * PIECE, piece * PIECE + layout.pieceSize(piece));
}

async function writeAll(bench: Bench, storage: number): Promise<void> {
  for (let piece = 0; piece < layout.pieceCount; piece++)
    await bench.write(storage, piece, 0, pieceBytes(piece));
}

test("a file that is no longer skipped gets what the part file has of the pieces named", async () => {
  const bench = newBench();
  const storage = bench.open(layout, [1]);
  await writeAll(bench, storage);
  assert.equal(existsSync(bench.path("sub/b")), false);
  await bench.disk.assign(storage, new Set(), { ...own, files: [1], pieces: () => [1] });
  // Piece 1 ends at 131,072: all of b is in it.
  assert.ok(readFileSync(bench.path("sub/b")).equals(B));
  assert.equal(hex((await bench.hash(storage, 1, true, false)).sha1), sha1(pieceBytes(1)));
  assert.ok(Buffer.from(await bench.read(storage, 1, 0, PIECE)).equals(pieceBytes(1)));
  await bench.disk.dropPart(storage);
  assert.equal(existsSync(join(bench.folder, "state", "parts")), false);
  assert.deepEqual(
    (await bench.disk.stat(storage)).map((stat) => stat?.size),
    [...SIZES],
  );
  await bench.disk.sync(storage);
});

test("writes before, during and after the change all end up in the file", async () => {
  const bench = newBench();
  const storage = bench.open(layout, [1]);
  const runs = Array.from({ length: 4 }, (_, run) => ({
    begin: run * BLOCK,
    bytes: pieceBytes(1).subarray(run * BLOCK, (run + 1) * BLOCK),
  }));
  const write = (at: number): Promise<void> => bench.write(storage, 1, runs[at]!.begin, runs[at]!.bytes, at);
  const writes = [write(3), write(0)];
  const assigned = bench.disk.assign(storage, new Set(), { ...own, files: [1], pieces: () => [1] });
  writes.push(write(1));
  await Promise.resolve();
  const read = bench.read(storage, 1, 3 * BLOCK, 100);
  writes.push(write(2));
  const digest = bench.hash(storage, 1, true, false);
  await Promise.all([...writes, assigned]);
  assert.equal(hex((await digest).sha1), sha1(pieceBytes(1)));
  assert.ok(Buffer.from(await read).equals(pieceBytes(1).subarray(3 * BLOCK, 3 * BLOCK + 100)));
  assert.ok(readFileSync(bench.path("sub/b")).equals(B));
});

test("somebody else's file in the way is refused and nothing has changed; nor is anything left of the others", async () => {
  const bench = newBench();
  const storage = bench.open(layout, [1, 2]);
  await writeAll(bench, storage);
  bench.put("c", Buffer.from("mine"));
  const carry = { ...own, files: [1, 2], pieces: () => [1, 2, 3] };
  await assert.rejects(
    bench.disk.assign(storage, new Set(), carry),
    code("ERR_FILE_EXISTS", bench.path("c")),
  );
  assert.equal(readFileSync(bench.path("c"), "latin1"), "mine");
  assert.equal(existsSync(bench.path("sub/b")), false);
  assert.equal(hex((await bench.hash(storage, 1, true, false)).sha1), sha1(pieceBytes(1)));
  await bench.disk.assign(storage, new Set(), { ...carry, mayExist: () => true });
  for (const piece of [1, 2, 3]) {
    assert.equal(hex((await bench.hash(storage, piece, true, false)).sha1), sha1(pieceBytes(piece)));
  }
  assert.equal(statSync(bench.path("c")).size, SIZES[2]);
});

test("without a part file the file is there and empty", async () => {
  const bench = newBench();
  const storage = bench.open(layout, [1]);
  await bench.disk.assign(storage, new Set(), { ...own, files: [1], pieces: () => [1] });
  assert.equal(statSync(bench.path("sub/b")).size, 0);
  await assert.rejects(bench.hash(storage, 1, true, false), code("ERR_FILE_CHANGED", bench.path("a")));
});
