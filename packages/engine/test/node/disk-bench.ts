import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import type { ShoalError } from "../../dist/base/errors.js";
import type { Layout, LayoutEntry } from "../../dist/meta/layout.js";
import { NodeDisk, SLOT_BYTES } from "../../dist/node/disk.js";
import type { PieceDigest, StorageId } from "../../dist/ports/disk.js";

export const BLOCK = 16_384;

export function entry(name: string, size: number, more: Partial<LayoutEntry> = {}): LayoutEntry {
  const plain = { pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };
  return { path: name.split("/"), size, ...plain, ...more };
}

/** A disk and a temporary folder, both gone after the test file. */
export class Bench {
  readonly folder: string = mkdtempSync(join(tmpdir(), "shoal-disk-"));
  readonly root: string = join(this.folder, "root");
  readonly disk: NodeDisk;

  constructor(disk: NodeDisk = new NodeDisk({ arenaBytes: 16 * SLOT_BYTES })) {
    this.disk = disk;
  }

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
      this.disk.hash(storage, piece, { sha1, merkle, leaves: merkle }, (error, digest) => {
        if (error !== null || digest === null) reject(error ?? new Error("no digest"));
        else resolve(digest);
      });
    });
  }

  async read(
    storage: StorageId,
    piece: number,
    begin: number,
    length: number,
    blockLength: number = BLOCK,
    gap: number = 0,
  ): Promise<Uint8Array> {
    const target = new Uint8Array(length + Math.ceil(length / blockLength) * gap).fill(0xee);
    await new Promise<void>((resolve, reject) => {
      this.disk.read(storage, piece, begin, length, target, 0, blockLength, gap, settle(resolve, reject));
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
export function newBench(disk?: NodeDisk): Bench {
  const bench = new Bench(disk);
  benches.push(bench);
  return bench;
}
after(async () => {
  for (const bench of benches) {
    await bench.disk.shutdown();
    rmSync(bench.folder, { recursive: true, force: true });
  }
});

export const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");
export const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
export const hex = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString("hex");

/** Root over the leaves of `bytes`, filled up to `width` with zero hashes; written out plainly on purpose. */
export function rootOf(bytes: Uint8Array, width: number): string {
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

export function code(expected: string, path?: string): (error: ShoalError) => boolean {
  return (error) => {
    assert.equal(error.code, expected, error.message);
    if (path !== undefined) assert.equal(error.details["path"], path);
    return true;
  };
}
