import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, utf8 } from "../../dist/base/bytes.js";
import { parseInfo, parseMetainfo } from "../../dist/meta/metainfo.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { encodeBencode, EncodedBencode, type BencodeInput } from "../../dist/wire/bencode.js";
import { K16, ROOT_A, type Dictionary, pieces, parse, reasonOf, v1, v2, hybrid } from "./metainfo-scene.ts";

test("hybrid halves that differ in anything are refused", () => {
  const [a, pad, b] = hybrid["files"] as Dictionary[];
  const list = (...files: (Dictionary | undefined)[]): unknown =>
    reasonOf(() => parse({ ...hybrid, files: files as BencodeInput }));
  assert.equal(list(a, pad, b), "accepted");
  const refused: (Dictionary | undefined)[][] = [
    [{ ...a, path: ["A"] }, pad, b],
    [{ ...a, path: ["a", ""] }, pad, b],
    [a, pad, { ...b, path: ["d"] }],
    [a, pad],
    [a, pad, b, { length: 0, path: ["c"] }],
    [{ ...a, length: 9 }, { ...pad, length: K16 - 9 }, b],
    [a, b],
    [a, { ...pad, length: K16 - 9 }, b],
    [a, pad, pad, b],
    [a, { ...pad, length: 2 * K16 - 10 }, b],
    [b, a, pad],
    [a, { ...pad, attr: "" }, b],
    [{ ...a, attr: "l", "symlink path": ["d"] }, pad, b],
  ];
  for (const files of refused)
    assert.equal(list(...files), "torrent_inconsistent_files", JSON.stringify(files));
  // A pad behind the last file may be there or not.
  const tail = { attr: "p", length: K16 - 10, path: [".pad", "x"] };
  const tree = {
    a: { "": { length: 10, "pieces root": ROOT_A } },
    b: { "": { length: 10, "pieces root": ROOT_A } },
  };
  const small = { ...hybrid, "file tree": tree };
  const two = [a, pad, { length: 10, path: ["b"] }] as BencodeInput[];
  assert.equal(parse({ ...small, files: two }).layout.totalSize, K16 + 10);
  assert.equal(parse({ ...small, files: [...two, tail] }).layout.totalSize, 2 * K16);
});

test("each broken rule has its reason", () => {
  const tree = (entries: BencodeInput): Dictionary => ({ ...v2, "file tree": entries });
  const file = { length: 10, "pieces root": ROOT_A };
  const cases: [string, Dictionary][] = [
    ["torrent_missing_piece_length", { ...v1, "piece length": 0 }],
    ["torrent_missing_piece_length", { ...v1, "piece length": 2 ** 29 }],
    ["torrent_missing_piece_length", { ...v2, "piece length": 8192 }],
    ["torrent_missing_piece_length", { ...v2, "piece length": 3 * K16 }],
    ["torrent_missing_name", { ...v1, name: "//" }],
    ["torrent_missing_name", { ...v1, name: ".." }],
    ["torrent_missing_name", { ...v1, files: [{ length: 1 }] }],
    ["torrent_missing_name", { ...v1, files: [{ length: 1, path: [] }] }],
    ["torrent_invalid_name", { ...v1, files: [{ length: 1, path: [5] }] }],
    ["torrent_file_parse_failed", { ...v1, files: [] }],
    ["torrent_file_parse_failed", { ...v1, files: 5 }],
    ["torrent_file_parse_failed", { ...v1, files: ["a"] }],
    ["torrent_invalid_length", { ...v1, files: [{ length: -1, path: ["a"] }] }],
    ["torrent_invalid_length", { ...v1, files: [{ length: 2n ** 60n, path: ["a"] }] }],
    ["torrent_invalid_length", { ...v1, files: [{ length: 0, path: ["a"] }] }],
    ["torrent_invalid_length", { name: "t", "piece length": K16, pieces: pieces(1) }],
    ["torrent_missing_pieces", { ...v1, pieces: undefined }],
    ["torrent_invalid_hashes", { ...v1, pieces: pieces(1) }],
    ["torrent_invalid_hashes", { ...v1, pieces: new Uint8Array(41) }],
    ["torrent_unknown_version", { ...v2, "meta version": 3 }],
    ["torrent_missing_file_tree", { ...v2, "file tree": 5 }],
    ["torrent_file_parse_failed", tree({ a: { "": 5 } })],
    ["torrent_file_parse_failed", tree({ a: 5 })],
    ["torrent_file_parse_failed", tree({ "": file })],
    ["torrent_file_parse_failed", tree({ a: { "": file, b: { "": file } } })],
    ["torrent_invalid_length", tree({})],
    ["torrent_invalid_length", tree({ a: { "": { length: 0 } } })],
    ["torrent_invalid_length", tree({ a: { "": { length: "x" } } })],
    ["torrent_missing_pieces_root", tree({ a: { "": { length: 10, "pieces root": new Uint8Array(31) } } })],
  ];
  for (const [reason, info] of cases)
    assert.equal(
      reasonOf(() => parse(info)),
      reason,
      reason,
    );
  assert.equal(
    reasonOf(() => parseMetainfo(utf8("le"), nodeHasher)),
    "torrent_is_no_dict",
  );
  assert.equal(
    reasonOf(() => parseMetainfo(utf8("de"), nodeHasher)),
    "torrent_missing_info",
  );
  assert.equal(
    reasonOf(() => parseMetainfo(utf8("d4:infolee"), nodeHasher)),
    "torrent_info_no_dict",
  );
  assert.equal(
    reasonOf(() => parseMetainfo(new Uint8Array(), nodeHasher)),
    "invalid_bencoding",
  );
});

test("keys twice anywhere, and bytes after the end, are refused; a line break is not", () => {
  const bytes = encodeBencode({ info: v1 });
  assert.equal(
    reasonOf(() => parseMetainfo(concatBytes(bytes, utf8("\r\n")), nodeHasher)),
    "accepted",
  );
  assert.equal(
    reasonOf(() => parseMetainfo(concatBytes(bytes, utf8("x")), nodeHasher)),
    "invalid_bencoding",
  );
  assert.equal(
    reasonOf(() => parse(v1, { x: new EncodedBencode(utf8("d1:ai1e1:ai1ee")) })),
    "invalid_bencoding",
  );
  assert.equal(
    reasonOf(() =>
      parseInfo(encodeBencode({ ...v1, x: new EncodedBencode(utf8("d1:ai1e1:ai1ee")) }), nodeHasher),
    ),
    "invalid_bencoding",
  );
});

test("100 files of one path are odd, 101 are refused; pads don't count", () => {
  const many = (count: number, extra: Dictionary = {}): Dictionary => ({
    ...v1,
    pieces: pieces(1),
    files: [
      { length: 1, path: ["x"] },
      ...Array.from({ length: count }, () => ({ ...extra, length: 1, path: ["a", "b"] })),
    ],
  });
  assert.equal(
    reasonOf(() => parse(many(100))),
    "accepted",
  );
  assert.equal(
    reasonOf(() => parse(many(101))),
    "too_many_duplicate_filenames",
  );
  assert.equal(
    reasonOf(() => parse(many(200, { attr: "p" }))),
    "accepted",
  );
});

test("attributes: executable, hidden, pads by either name, pads without a path", () => {
  const files = [
    { attr: "xz", length: 1, path: ["run"] },
    { attr: "h", length: 1, path: ["h"] },
    { attr: "p", length: 5 },
    { length: 5, path: ["_____padding_file_0_if you see"] },
  ];
  const { layout } = parse({ ...v1, pieces: pieces(1), files });
  assert.deepEqual(
    layout.files.map((file) => [file.executable, file.hidden, file.pad]),
    [
      [true, false, false],
      [false, true, false],
      [false, false, true],
      [false, false, true],
    ],
  );
  assert.deepEqual(layout.files[2]?.path, [".pad", "5"]);
  assert.equal(layout.contentSize, 2);
});

test("links keep targets inside the torrent, resolved; others become empty files with a warning", () => {
  const link = (path: string[], ...target: string[]): Dictionary => ({
    attr: "l",
    length: 0,
    path,
    "symlink path": target,
  });
  const files = [
    { length: 5, path: ["Versions", "A", "lib"] },
    link(["lib"], "Versions", "Current", "lib"),
    link(["Versions", "Current"], "A"),
    link(["folder"], "Versions", "A"),
    link(["up"], "..", "..", "etc", "passwd"),
    link(["gone"], "nothing"),
    link(["self"], "self"),
    link(["ping"], "pong"),
    link(["pong"], "ping"),
    { attr: "l", length: 77, path: ["bare"] },
    link(["root"]),
  ];
  const metainfo = parse({ ...v1, pieces: pieces(1), files });
  assert.deepEqual(
    metainfo.layout.files.map(({ symlink }) => symlink?.join("/") ?? null),
    [null, "Versions/A/lib", "Versions/A", "Versions/A", null, null, null, null, null, null, null],
  );
  assert.equal(metainfo.warnings.length, 7);
  assert.equal(metainfo.layout.totalSize, 5);
});

test("names that are not UTF-8 are shown with a stand-in, and said", () => {
  const metainfo = parse({
    ...v1,
    pieces: pieces(1),
    files: [{ length: 1, path: [Uint8Array.of(0x66, 0xff)] }],
  });
  assert.deepEqual(metainfo.layout.files[0]?.path, ["f_"]);
  assert.match(metainfo.warnings.join(), /not UTF-8/);
});

test("no damage to a torrent makes the parser throw anything but a ProtocolError", () => {
  const whole = encodeBencode({
    info: hybrid,
    "piece layers": {},
    announce: "http://a/b",
    "url-list": "http://w",
  });
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.nat(whole.length - 1),
          fc.oneof(fc.nat(255), fc.constantFrom(0x30, 0x64, 0x65, 0x69, 0x6c)),
        ),
        { minLength: 1, maxLength: 4 },
      ),
      (edits) => {
        const bytes = whole.slice();
        for (const [at, value] of edits) bytes[at] = value;
        reasonOf(() => parseMetainfo(bytes, nodeHasher));
      },
    ),
    { numRuns: 2000 },
  );
});
