// Torrents that are small and once took seconds or for ever, because work grew faster than their size.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../dist/base/errors.js";
import { parseMagnet } from "../../dist/meta/magnet.js";
import { parseInfo } from "../../dist/meta/metainfo.js";
import { safePaths } from "../../dist/meta/path-policy.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { type BencodeInput, encodeBencode } from "../../dist/wire/bencode.js";

const ROOT = new Uint8Array(32).fill(1);
const LONG = "a".repeat(3_000);

/** Runs what took minutes once. Processor time, not the clock: other programs don't count. */
function quickly<T>(work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 5_000_000, `${user + system} us`);
  return result;
}

function parse(info: Record<string, BencodeInput>): ReturnType<typeof parseInfo> {
  const bytes = encodeBencode({ name: "t", "piece length": 16_384, ...info });
  return quickly(() => parseInfo(bytes, nodeHasher));
}

function v1(files: readonly BencodeInput[]): Record<string, BencodeInput> {
  return { pieces: new Uint8Array(20), files: [{ length: 5, path: ["a"] }, ...files] };
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ProtocolError);
    return error.message;
  }
  return "accepted";
}

test("paths longer than 4,096 bytes or 100 components are refused", () => {
  const tooLong = "a file's path is too long";
  assert.equal(
    refusal(() => parse(v1([{ length: 1, path: [LONG, LONG] }]))),
    tooLong,
  );
  assert.equal(
    refusal(() => parse(v1([{ length: 1, path: Array.from({ length: 20_000 }, () => "d") }]))),
    tooLong,
  );
  const file = { "": { length: 5, "pieces root": ROOT } };
  const tree = { "meta version": 2, "file tree": { [LONG]: { [LONG]: file } } };
  assert.equal(
    refusal(() => parse(tree)),
    tooLong,
  );
});

test("a long folder name that many files share is read once, and counts for each of them", () => {
  const folder = (count: number): Record<string, BencodeInput> => {
    const files = Array.from({ length: count }, (_, i) => [`f${i}`, { "": { length: 0 } }] as const);
    const inner = new Map<string, BencodeInput>([
      ...files,
      ["x", { "": { length: 1, "pieces root": ROOT } }],
    ]);
    return { "meta version": 2, "file tree": { [LONG]: inner } };
  };
  const { layout, name, multiFile } = parse(folder(9_000));
  assert.equal(
    new Set(quickly(() => safePaths(name, multiFile, layout.files)).paths).size,
    layout.files.length,
  );
  assert.equal(
    refusal(() => parse(folder(12_000))),
    "the paths of the files are too long",
  );
});

test("links that lead through links cost no more than their number", () => {
  const deep = Array.from({ length: 50 }, () => "d");
  const links = Array.from({ length: 2_000 }, (_, i) => ({
    attr: "l",
    length: 0,
    path: [`l${i}`],
    "symlink path": [`l${i + 1}`, ...deep],
  }));
  assert.equal(parse(v1(links)).warnings.length, links.length);
});

test("long names that differ only where they are cut off get numbers at once", () => {
  const files = Array.from({ length: 1_500 }, (_, i) => ["b".repeat(236) + String(1_000 + i)]);
  const twice = files.flatMap((path) => [path, path]).map((path) => ({ length: 0, path }));
  const { layout } = parse(v1(twice));
  const { paths } = quickly(() => safePaths("t", true, layout.files));
  assert.equal(new Set(paths).size, layout.files.length);
});

test("a magnet link that selects the same files again and again is refused", () => {
  const link = `magnet:?xt=urn:btih:${"a".repeat(40)}${"&so=1".repeat(50_000)}`;
  assert.equal(
    refusal(() => quickly(() => parseMagnet(link))),
    "the file selection (so) is too long",
  );
});
