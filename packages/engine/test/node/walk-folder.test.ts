import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { makeTempDir } from "@shoal/testkit";
import { ShoalError } from "../../dist/base/errors.js";
import { NodeDisk } from "../../dist/node/disk.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { walkFolder } from "../../dist/node/walk-folder.js";
import { createTorrent } from "../../dist/session/create-torrent.js";

function newFolder(t: TestContext, files: Record<string, string>): string {
  const root = join(makeTempDir(t), "share");
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const rejection = (code: string) => (error: unknown) =>
  error instanceof ShoalError && error.code === code && typeof error.details["path"] === "string";

test("files come in the order of torrents, with size, time and executable bit", async (t) => {
  const root = newFolder(t, {
    "a.txt": "1",
    "a/b": "22",
    "a/B": "",
    Z: "333",
    "\uffee": "4",
    "😀": "5",
    ".hidden": "6",
    "d/e/f/g": "7",
  });
  chmodSync(join(root, "a/b"), 0o755);
  const walked = await walkFolder(root);
  assert.deepEqual([walked.name, walked.root, walked.multiFile, walked.warnings], ["share", root, true, []]);
  assert.deepEqual(
    walked.files.map(({ path }) => path.join("/")),
    [".hidden", "Z", "a/B", "a/b", "a.txt", "d/e/f/g", "\uffee", "😀"],
  );
  assert.deepEqual(
    walked.files.filter((file) => file.executable).map(({ path, size }) => [path, size]),
    [[["a", "b"], 2]],
  );
  assert.ok(walked.files.every((file) => file.modifiedMs > 0 && file.inode > 0));
});

test("a lone file, also through a link to it", async (t) => {
  const root = newFolder(t, { "real.bin": "abc" });
  symlinkSync("real.bin", join(root, "alias.bin"));
  const direct = await walkFolder(join(root, "real.bin"));
  assert.deepEqual(
    [direct.name, direct.root, direct.multiFile, direct.files[0]?.path, direct.files[0]?.size],
    ["real.bin", root, false, ["real.bin"], 3],
  );
  const linked = await walkFolder(join(root, "alias.bin"));
  assert.deepEqual([linked.name, linked.root, linked.files[0]?.path], ["alias.bin", root, ["real.bin"]]);
});

test("links inside the folder are kept; those that lead out, to nothing or in circles are named", async (t) => {
  const root = newFolder(t, { "dir/file": "x", "other/y": "y" });
  symlinkSync("file", join(root, "dir/near"));
  symlinkSync("../dir", join(root, "other/folder"));
  symlinkSync(join(root, "dir/file"), join(root, "absolute"));
  symlinkSync("other/folder/file", join(root, "through"));
  symlinkSync("/etc/passwd", join(root, "out1"));
  symlinkSync("../../x", join(root, "out2"));
  symlinkSync("missing", join(root, "gone"));
  symlinkSync("loop2", join(root, "loop1"));
  symlinkSync("loop1", join(root, "loop2"));
  symlinkSync(".", join(root, "self"));
  const { files, warnings } = await walkFolder(root);
  assert.deepEqual(
    Object.fromEntries(
      files.flatMap(({ path, symlink }) => (symlink === null ? [] : [[path.join("/"), symlink.join("/")]])),
    ),
    {
      absolute: "dir/file",
      "dir/near": "dir/file",
      "other/folder": "dir",
      through: "other/folder/file",
    },
  );
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^Left out links .*"gone", "loop1", "loop2", "out1", "out2" and 1 more\.$/);
});

test("empty folders, sockets and names that are not UTF-8 are named", async (t) => {
  const root = newFolder(t, { keep: "x" });
  mkdirSync(join(root, "empty/inner"), { recursive: true });
  writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.of(0xe9)]), "x");
  const server = createServer().listen(join(root, "socket"));
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { files, warnings } = await walkFolder(root);
  assert.deepEqual(
    files.map(({ path }) => path),
    [["keep"]],
  );
  assert.deepEqual(warnings, [
    `Left out empty folders, which torrents can't hold: "empty/inner".`,
    `Left out sockets, devices and the like: "socket".`,
    String.raw`Left out files and folders whose names are not UTF-8: "caf\xe9".`,
  ]);
});

test("what isn't there or can't be shared is refused by name", async () => {
  await assert.rejects(walkFolder("/nowhere/at/all"), rejection("ERR_NOT_FOUND"));
  await assert.rejects(walkFolder("/dev/null"), rejection("ERR_INVALID_ARGUMENT"));
  const stop = new AbortController();
  stop.abort(new Error("stopped"));
  await assert.rejects(walkFolder(import.meta.dirname, stop.signal), /stopped/);
});

test("a real folder becomes a torrent through the real disk", async (t) => {
  const root = newFolder(t, {
    "a/one": "x".repeat(100_000),
    two: "",
    "three?.bin": "y".repeat(40_000),
    con: "z",
  });
  symlinkSync("one", join(root, "a/link"));
  const disk = new NodeDisk({ arenaBytes: 1_048_576, workers: 2 });
  t.after(() => disk.shutdown());
  const ports = { disk, hasher: nodeHasher, walk: walkFolder };
  const made = await createTorrent(root, { pieceLength: 32_768 }, ports);
  const { layout, pieceHashes } = made.metainfo;
  assert.deepEqual(
    layout.files.filter((file) => !file.pad).map(({ path }) => path.join("/")),
    ["a/link", "a/one", "con", "three?.bin", "two"],
  );
  const first = layout.fileOfPiece(0);
  assert.deepEqual(pieceHashes?.slice(0, 20), nodeHasher.sha1(Buffer.from("x".repeat(32_768))));
  assert.equal(made.metainfo.pieceLayers.get(first.index)?.length, 4 * 32);
  assert.deepEqual((await createTorrent(root, { pieceLength: 32_768 }, ports)).bytes, made.bytes);
  await assert.rejects(createTorrent(join(root, "two"), {}, ports), rejection2);
});

function rejection2(error: unknown): boolean {
  return (
    error instanceof ShoalError &&
    error.code === "ERR_INVALID_ARGUMENT" &&
    /nothing to share/.test(error.message)
  );
}

test("what is to be left out is, with everything below it", async (t) => {
  const root = newFolder(t, { a: "1", "b/c": "2", "b/d/e": "3", "f/c": "4" });
  const walked = await walkFolder(root, undefined, (path) => path === "b/d" || path === "f/c");
  assert.deepEqual(
    walked.files.map(({ path }) => path.join("/")),
    ["a", "b/c"],
  );
  assert.deepEqual(walked.warnings, []);
});
