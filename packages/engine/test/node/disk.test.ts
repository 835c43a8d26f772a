import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  existsSync,
  lstatSync,
  readlinkSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import type { ShoalError } from "../../dist/base/errors.js";
import { Layout } from "../../dist/meta/layout.js";
import type { LayoutEntry } from "../../dist/meta/layout.js";
import { NodeDisk, SLOT_BYTES } from "../../dist/node/disk.js";
import type { PieceDigest, StorageId } from "../../dist/ports/disk.js";

const BLOCK = 16_384;

function entry(name: string, size: number, more: Partial<LayoutEntry> = {}): LayoutEntry {
  const plain = { pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };
  return { path: name.split("/"), size, ...plain, ...more };
}

/** A disk and a temporary folder, both gone after the test file. */
class Bench {
  readonly folder: string = mkdtempSync(join(tmpdir(), "shoal-disk-"));
  readonly root: string = join(this.folder, "root");
  readonly disk: NodeDisk = new NodeDisk({ arenaBytes: 16 * SLOT_BYTES });

  open(layout: Layout, skipped: number[] = [], paths?: string[]): StorageId {
    return this.disk.open({
      layout,
      root: this.root,
      paths: paths ?? layout.files.map((file) => file.path.join("/")),
      skipped: new Set(skipped),
      partPath: join(this.folder, "state", "parts"),
    });
  }

  /** Writes `bytes` at `begin` of a piece through arena slot `slot`. */
  write(
    storage: StorageId,
    piece: number,
    begin: number,
    bytes: Uint8Array,
    slot: number = 0,
  ): Promise<void> {
    this.disk.arena.set(bytes, slot * SLOT_BYTES);
    return new Promise((resolve, reject) => {
      this.disk.write(storage, piece, begin, slot * SLOT_BYTES, bytes.length, settle(resolve, reject));
    });
  }

  hash(storage: StorageId, piece: number, sha1: boolean, merkle: boolean): Promise<PieceDigest> {
    return new Promise((resolve, reject) => {
      this.disk.hash(storage, piece, { sha1, merkle }, (error, digest) => {
        if (error !== null || digest === null) reject(error);
        else resolve(digest);
      });
    });
  }

  async read(
    storage: StorageId,
    piece: number,
    begin: number,
    length: number,
    chunk = BLOCK,
    gap = 0,
  ): Promise<Uint8Array> {
    const target = new Uint8Array(length + Math.ceil(length / chunk) * gap).fill(0xee);
    await new Promise<void>((resolve, reject) => {
      this.disk.read(storage, piece, begin, length, target, 0, chunk, gap, settle(resolve, reject));
    });
    return target;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  put(name: string, bytes: Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), bytes);
  }
}

function settle(resolve: () => void, reject: (error: Error) => void): (error: ShoalError | null) => void {
  return (error) => {
    if (error === null) resolve();
    else reject(error);
  };
}

const benches: Bench[] = [];
function newBench(): Bench {
  const bench = new Bench();
  benches.push(bench);
  return bench;
}
after(async () => {
  for (const bench of benches) {
    await bench.disk.shutdown();
    rmSync(bench.folder, { recursive: true, force: true });
  }
});

const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");
const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const hex = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString("hex");

/** Root over the leaves of `bytes`, filled up to `width` with zero hashes; written out plainly on purpose. */
function rootOf(bytes: Uint8Array, width: number): string {
  let level: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) level.push(sha256(bytes.subarray(at, at + BLOCK)));
  while (level.length < width) level.push(Buffer.alloc(32));
  while (level.length > 1) {
    level = level.flatMap((left, i) =>
      i % 2 === 0 ? [sha256(Buffer.concat([left, level[i + 1] as Buffer]))] : [],
    );
  }
  return (level[0] as Buffer).toString("hex");
}

function code(expected: string, path?: string): (error: ShoalError) => boolean {
  return (error) => {
    assert.equal(error.code, expected, error.message);
    if (path !== undefined) assert.equal(error.details["path"], path);
    return true;
  };
}

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
