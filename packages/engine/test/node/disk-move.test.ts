import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, describe, test } from "node:test";
import { Layout } from "../../dist/meta/layout.js";
import { moveTree } from "../../dist/node/move-tree.js";
import { type Bench, BLOCK, code, entry, hex, newBench, sha1 } from "./disk-bench.ts";

const PIECE = 4 * BLOCK;
const NAMES = ["top/a", "top/sub/b", "top/c"];
const layout = new Layout("v1", PIECE, [
  entry(NAMES[0]!, 100_000),
  entry(NAMES[1]!, 30_000, { executable: true }),
  entry(NAMES[2]!, 500_000),
  entry("top/link", 0, { symlink: ["top", "a"] }),
]);
const PATHS = layout.files.map((file) => file.path.join("/"));
const content = randomBytes(layout.totalSize);

function pieceBytes(piece: number): Buffer {
  return content.subarray(piece * PIECE, piece * PIECE + layout.pieceSize(piece));
}

async function filled(bench: Bench, pieces = layout.pieceCount): Promise<number> {
  const storage = bench.open(layout);
  await bench.disk.prepare(storage);
  for (let piece = 0; piece < pieces; piece++) await bench.write(storage, piece, 0, pieceBytes(piece));
  return storage;
}

function assertContent(root: string, paths: readonly string[] = PATHS): void {
  for (const { index, offset, size, symlink } of layout.files) {
    if (symlink !== null) continue;
    const bytes = readFileSync(join(root, paths[index]!));
    assert.ok(bytes.equals(content.subarray(offset, offset + size)), paths[index]);
  }
}

async function assertPieces(bench: Bench, storage: number): Promise<void> {
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    assert.equal(hex((await bench.hash(storage, piece, true, false)).sha1), sha1(pieceBytes(piece)));
    assert.ok(
      Buffer.from(await bench.read(storage, piece, 0, 100)).equals(pieceBytes(piece).subarray(0, 100)),
    );
  }
}

/** A small file system of its own, or null when we may not mount one. */
function otherFileSystem(t: TestContext, bench: Bench, sizeMiB = 16): string | null {
  const folder = join(bench.folder, `other-${sizeMiB}`);
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    t.skip("may not mount a small file system");
    return null;
  }
  t.after(async () => {
    await bench.disk.shutdown();
    execFileSync("umount", ["-l", folder]);
  });
  return folder;
}

describe("on one file system", () => {
  test("files are renamed, links follow, and empty folders go", async () => {
    const bench = newBench();
    const storage = await filled(bench);
    const inode = statSync(bench.path(NAMES[0]!)).ino;
    writeFileSync(bench.path("top/mine"), "mine");
    const root = join(bench.folder, "new", "place");
    await bench.disk.relocate(storage, { root, paths: PATHS });
    assertContent(root);
    assert.equal(statSync(join(root, NAMES[0]!)).ino, inode);
    assert.equal(readlinkSync(join(root, "top/link")), "a");
    assert.deepEqual(readdirSync(bench.path("top")), ["mine"]);
    assert.equal(statSync(join(root, NAMES[1]!)).mode & 0o111, 0o111);
    await assertPieces(bench, storage);
    await bench.disk.sync(storage);
  });

  test("a file gets another name, also one that differs in case only", async () => {
    const bench = newBench();
    const storage = await filled(bench);
    for (const name of ["top/A", "elsewhere/deep/a", "a"]) {
      const paths = [name, ...PATHS.slice(1)];
      await bench.disk.relocate(storage, { root: bench.root, paths });
      assertContent(bench.root, paths);
      assert.equal(readFileSync(bench.path("top/link")).length, 100_000);
    }
    assert.equal(existsSync(bench.path("elsewhere")), false);
    await assertPieces(bench, storage);
  });

  test("writes and reads that are under way don't notice", async () => {
    const bench = newBench();
    const storage = await filled(bench, 0);
    const root = join(bench.folder, "new");
    const writes: Promise<void>[] = [];
    const moves: Promise<void>[] = [];
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      writes.push(bench.write(storage, piece, 0, pieceBytes(piece), piece));
      if (piece % 3 === 0) {
        const to = piece % 2 === 0 ? root : bench.root;
        moves.push(bench.disk.relocate(storage, { root: to, paths: PATHS }));
        await moves.at(-1);
      }
    }
    await Promise.all([...writes, ...moves]);
    await assertPieces(bench, storage);
  });

  test("somebody else's file is in the way: nothing has changed, unless it may be replaced", async () => {
    const bench = newBench();
    const storage = await filled(bench);
    const root = join(bench.folder, "new");
    const mine = join(root, NAMES[2]!);
    mkdirSync(dirname(mine), { recursive: true });
    writeFileSync(mine, "mine");
    await assert.rejects(bench.disk.relocate(storage, { root, paths: PATHS }), code("ERR_FILE_EXISTS", mine));
    assertContent(bench.root);
    assert.equal(readFileSync(mine, "latin1"), "mine");
    assert.equal(existsSync(join(root, NAMES[0]!)), false);
    await bench.disk.relocate(storage, { root, paths: PATHS }, { overwrite: true });
    assertContent(root);
  });

  test("a folder that can't be made: everything is where it was", async () => {
    const bench = newBench();
    const storage = await filled(bench);
    const root = join(bench.folder, "new");
    mkdirSync(root);
    // Where the folder "sub" would be there is a file.
    mkdirSync(join(root, "top"));
    writeFileSync(join(root, "top", "sub"), "mine");
    await assert.rejects(bench.disk.relocate(storage, { root, paths: PATHS }), code("ERR_DISK"));
    assertContent(bench.root);
    assert.deepEqual(readdirSync(join(root, "top")), ["sub"]);
    await assertPieces(bench, storage);
  });

  test("a link in the way out of the folder is not followed", async () => {
    const bench = newBench();
    const storage = await filled(bench);
    const root = join(bench.folder, "new");
    const outside = join(bench.folder, "outside");
    mkdirSync(root);
    mkdirSync(outside);
    symlinkSync(outside, join(root, "top"));
    await assert.rejects(bench.disk.relocate(storage, { root, paths: PATHS }), code("ERR_PATH"));
    assert.deepEqual(readdirSync(outside), []);
    assertContent(bench.root);
  });
});

describe("to another file system", () => {
  test("files are copied, holes stay holes, and the originals go last", async (t) => {
    const bench = newBench();
    const root = otherFileSystem(t, bench);
    if (root === null) return;
    const storage = await filled(bench);
    chmodSync(bench.path(NAMES[0]!), 0o640);
    const progress: number[] = [];
    let copied = false;
    await bench.disk.relocate(
      storage,
      { root, paths: PATHS },
      {
        onProgress: (done, total) => progress.push(done / total),
        onCopied: () => {
          copied = true;
          assertContent(bench.root);
          assert.equal(existsSync(join(root, NAMES[0]!)), false, "not before it is recorded");
          return Promise.resolve();
        },
      },
    );
    assert.ok(copied);
    assert.equal(progress.at(-1), 1);
    assertContent(root);
    assert.equal(statSync(join(root, NAMES[0]!)).mode & 0o777, 0o640);
    assert.equal(existsSync(bench.path("top")), false);
    assert.equal(lstatSync(join(root, "top/link")).isSymbolicLink(), true);
    await assertPieces(bench, storage);
  });

  test("what is written while it is copied arrives", async (t) => {
    const bench = newBench();
    const root = otherFileSystem(t, bench);
    if (root === null) return;
    const storage = await filled(bench, 0);
    const writes: Promise<void>[] = [];
    let piece = 0;
    const moved = bench.disk.relocate(
      storage,
      { root, paths: PATHS },
      {
        onProgress: () => {
          if (piece < layout.pieceCount)
            writes.push(bench.write(storage, piece, 0, pieceBytes(piece), piece++));
        },
      },
    );
    while (piece < layout.pieceCount && piece < 4)
      writes.push(bench.write(storage, piece, 0, pieceBytes(piece), piece++));
    await moved;
    while (piece < layout.pieceCount) writes.push(bench.write(storage, piece, 0, pieceBytes(piece), piece++));
    await Promise.all(writes);
    await assertPieces(bench, storage);
    assertContent(root);
  });

  test("a sparse file takes no more room there", async (t) => {
    const bench = newBench();
    const root = otherFileSystem(t, bench);
    if (root === null) return;
    const big = new Layout("v1", PIECE, [entry("big", 64 * 1_048_576)]);
    const storage = bench.open(big);
    await bench.write(storage, 1000, 0, content.subarray(0, PIECE));
    truncateSync(bench.path("big"), 64 * 1_048_576);
    await bench.disk.relocate(storage, { root, paths: ["big"] });
    const { size, blocks } = statSync(join(root, "big"));
    assert.equal(size, 64 * 1_048_576);
    assert.ok(blocks * 512 < 2 * 1_048_576, `${blocks} blocks`);
    assert.ok(Buffer.from(await bench.read(storage, 1000, 0, PIECE)).equals(content.subarray(0, PIECE)));
  });

  test("without room there it is refused before it begins", async (t) => {
    const bench = newBench();
    const root = otherFileSystem(t, bench, 1);
    if (root === null) return;
    writeFileSync(join(root, "filler"), randomBytes(700_000));
    const storage = await filled(bench);
    await assert.rejects(bench.disk.relocate(storage, { root, paths: PATHS }), code("ERR_NO_SPACE", root));
    assert.deepEqual(readdirSync(root), ["filler"]);
    assertContent(bench.root);
  });

  test("somebody else's file with the name of a copy stays, and is named", async (t) => {
    const bench = newBench();
    const root = otherFileSystem(t, bench);
    if (root === null) return;
    const storage = await filled(bench);
    const theirs = join(root, "top/c.shoal-copy");
    mkdirSync(dirname(theirs));
    writeFileSync(theirs, "theirs");
    await assert.rejects(
      bench.disk.relocate(storage, { root, paths: PATHS }),
      code("ERR_FILE_EXISTS", theirs),
    );
    assert.equal(readFileSync(theirs, "utf8"), "theirs");
    assert.deepEqual(readdirSync(join(root, "top")), ["c.shoal-copy"]);
    assertContent(bench.root);
    await assertPieces(bench, storage);
  });

  test("cancelled, nothing is left of it", async (t) => {
    const bench = newBench();
    const root = otherFileSystem(t, bench);
    if (root === null) return;
    const storage = await filled(bench);
    const stop = new AbortController();
    const moved = bench.disk.relocate(
      storage,
      { root, paths: PATHS },
      { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) },
    );
    await assert.rejects(moved, /enough/);
    assert.deepEqual(readdirSync(root), []);
    assertContent(bench.root);
    await assertPieces(bench, storage);
  });

  for (const when of ["before", "after"] as const) {
    test(`a crash ${when} everything was copied is mended`, async (t) => {
      const bench = newBench();
      const root = otherFileSystem(t, bench);
      if (root === null) return;
      const storage = await filled(bench);
      const crash = new Error("crash");
      // What is on disk at that moment is taken to another bench, as a killed process would leave it.
      const moved = bench.disk.relocate(
        storage,
        { root, paths: PATHS },
        {
          onProgress: () => {
            if (when === "before") execFileSync("cp", ["-a", root, `${bench.folder}/left`]);
          },
          onCopied: () => {
            if (when === "after") execFileSync("cp", ["-a", root, `${bench.folder}/left`]);
            return Promise.reject(crash);
          },
        },
      );
      await assert.rejects(moved, crash);
      assertContent(bench.root);
      execFileSync("cp", ["-a", `${bench.folder}/left/.`, root]);
      const again = bench.open(layout);
      const arrived = await bench.disk.recoverRelocation(again, { root, paths: PATHS }, when === "after");
      assert.equal(arrived, when === "after");
      assertContent(arrived ? root : bench.root);
      assert.equal(existsSync(arrived ? bench.path("top") : join(root, "top")), false);
      await assertPieces(bench, again);
    });
  }
});

test("a crash in the middle of renaming is taken back", async () => {
  const bench = newBench();
  await filled(bench);
  const root = join(bench.folder, "new");
  mkdirSync(join(root, "top"), { recursive: true });
  execFileSync("mv", [bench.path(NAMES[0]!), join(root, NAMES[0]!)]);
  const storage = bench.open(layout);
  assert.equal(await bench.disk.recoverRelocation(storage, { root, paths: PATHS }, false), false);
  assertContent(bench.root);
  assert.equal(existsSync(join(root, "top")), false);
  await assertPieces(bench, storage);
});

test("removing takes what is ours, links and empty folders, and nothing else", async () => {
  const bench = newBench();
  const storage = await filled(bench);
  writeFileSync(bench.path("top/sub/mine"), "mine");
  await bench.disk.removeFiles(storage, (file) => file !== 2);
  assert.deepEqual(readdirSync(bench.path("top")).sort(), ["c", "sub"]);
  assert.deepEqual(readdirSync(bench.path("top/sub")), ["mine"]);
  await bench.disk.removeFiles(storage, () => true);
  assert.deepEqual(readdirSync(bench.path("top")), ["sub"]);
});

test("what is removed may go to a trash folder, and comes back from there", async () => {
  const bench = newBench();
  const storage = await filled(bench);
  const trash = join(bench.root, ".trash", "1");
  await bench.disk.removeFiles(storage, (file) => file !== 2, trash);
  assert.deepEqual(readdirSync(bench.root).sort(), [".trash", "top"]);
  assert.deepEqual(readdirSync(bench.path("top")), ["c"]);
  writeFileSync(bench.path("top/a"), "mine");
  await assert.rejects(moveTree(trash, bench.root), code("ERR_FILE_EXISTS"));
  assert.equal(readFileSync(bench.path("top/a"), "utf8"), "mine");
  rmSync(bench.path("top/a"));
  await moveTree(trash, bench.root);
  assertContent(bench.root);
  assert.deepEqual(readdirSync(join(bench.root, ".trash")), []);
  await moveTree(trash, bench.root);
});

test("what is removed comes back also when the trash is on another file system", async (t) => {
  const bench = newBench();
  const root = otherFileSystem(t, bench);
  if (root === null) return;
  const storage = await filled(bench);
  const trash = join(root, ".trash", "1");
  await bench.disk.removeFiles(storage, () => true, trash);
  assert.deepEqual(readdirSync(bench.root), []);
  await moveTree(trash, bench.root);
  assertContent(bench.root);
  assert.deepEqual(readdirSync(join(root, ".trash")), []);
});

test("removing does not follow a link out of the folder", async () => {
  const bench = newBench();
  const storage = await filled(bench);
  const outside = join(bench.folder, "outside");
  execFileSync("mv", [bench.path("top"), outside]);
  symlinkSync(outside, bench.path("top"));
  await assert.rejects(
    bench.disk.removeFiles(storage, () => true),
    code("ERR_PATH"),
  );
  assert.equal(existsSync(join(outside, "a")), true);
});
