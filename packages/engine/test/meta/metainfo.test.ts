import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, toHex, utf8 } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { rootFromPieceLayer } from "../../dist/meta/merkle.js";
import { parseInfo, parseMetainfo, type Metainfo } from "../../dist/meta/metainfo.js";
import { encodeTorrent } from "../../dist/meta/torrent-file.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { encodeBencode, EncodedBencode, type BencodeInput } from "../../dist/wire/bencode.js";

const K16 = 16_384;
const ROOT_A = new Uint8Array(32).fill(1);
const ROOT_B = new Uint8Array(32).fill(2);

type Dictionary = Record<string, BencodeInput | undefined>;

const pieces = (count: number): Uint8Array => new Uint8Array(20 * count).fill(7);
const parse = (info: Dictionary, outer: Dictionary = {}): Metainfo =>
  parseMetainfo(encodeBencode({ ...outer, info }), nodeHasher);

function reasonOf(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.ok(error.code === "ERR_METAINFO" || error.code === "ERR_BENCODE");
    assert.match(error.message, /^[^\n]+[^.\n]$/);
    return error.details["reason"];
  }
  return "accepted";
}

const v1: Dictionary = {
  name: "t",
  "piece length": K16,
  pieces: pieces(2),
  files: [
    { length: 10, path: ["a"] },
    { length: K16, path: ["d", "b"] },
  ],
};
const v2: Dictionary = {
  name: "t",
  "piece length": K16,
  "meta version": 2,
  "file tree": {
    a: { "": { length: 10, "pieces root": ROOT_A } },
    d: { b: { "": { length: K16, "pieces root": ROOT_B } } },
  },
};
const hybrid: Dictionary = {
  ...v2,
  pieces: pieces(2),
  files: [
    { length: 10, path: ["a"] },
    { attr: "p", length: K16 - 10, path: [".pad", String(K16 - 10)] },
    { length: K16, path: ["d", "b"] },
  ],
};

test("v1: files, hashes, and the info-hash over the original bytes", () => {
  // Keys out of order and unknown ones: the hash is over what stands there, not over what would be written.
  const info = utf8("d6:lengthi5e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa1:bi0ee");
  const metainfo = parseMetainfo(concatBytes(utf8("d4:info"), info, utf8("e")), nodeHasher);
  assert.equal(toHex(metainfo.infoHashes.v1!), toHex(nodeHasher.sha1(info)));
  assert.equal(metainfo.infoHashes.v2, null);
  assert.deepEqual(metainfo.infoBytes, info);
  assert.equal(metainfo.multiFile, false);
  assert.deepEqual(
    metainfo.layout.files.map(({ path }) => path),
    [["x"]],
  );
  assert.deepEqual(parseInfo(info, nodeHasher).infoHashes, metainfo.infoHashes);
});

test("v2 and hybrid describe the same layout but for the pads' names", () => {
  const second = parse(v2);
  const both = parse(hybrid);
  assert.deepEqual([parse(v1).layout.kind, second.layout.kind, both.layout.kind], ["v1", "v2", "hybrid"]);
  assert.deepEqual(both.layout.files, second.layout.files);
  assert.equal(second.pieceHashes, null);
  assert.equal(second.infoHashes.v1, null);
  assert.equal(both.infoHashes.v1?.length, 20);
  assert.equal(both.infoHashes.v2?.length, 32);
  assert.deepEqual(second.layout.files.at(-1)?.piecesRoot, ROOT_B);
});

test("outer keys: trackers, web seeds, texts, dates", () => {
  const metainfo = parse(
    { ...v1, private: 1, source: "S" },
    {
      announce: "http://ignored/announce",
      "announce-list": [
        ["http://a/x", "udp://b:1", "http://a/x"],
        [],
        ["ftp://no", "wss://c"],
        "http://flat/y",
      ],
      "url-list": ["http://w/a b", "", "http://w/ü%20", "file:///etc/passwd"],
      comment: "two\r\nlines\u001b[31m\u202e",
      "created by": "me",
      "creation date": 1_000_000,
    },
  );
  assert.deepEqual(metainfo.trackers, [["http://a/x", "udp://b:1"], ["wss://c"], ["http://flat/y"]]);
  assert.deepEqual(metainfo.webSeeds, ["http://w/a%20b", "http://w/%C3%BC%20"]);
  assert.deepEqual(
    [metainfo.private, metainfo.source, metainfo.comment, metainfo.createdBy, metainfo.creationDate],
    [true, "S", "two\nlines[31m", "me", 1_000_000],
  );
  const plain = parse(v1, { announce: "udp://t:1/a", "url-list": "http://w/", "creation date": -4 });
  assert.deepEqual(
    [plain.trackers, plain.webSeeds, plain.creationDate, plain.private],
    [[["udp://t:1/a"]], ["http://w/"], null, false],
  );
});

test("DHT nodes by address or name; what is none is left out, and no more than 32 are taken", () => {
  const named = [
    ["1.2.3.4", 6881],
    ["Router.Example", 1],
    ["2001:DB8::1", 2],
    ["1.2.3.4", 6881],
  ];
  const bad = [
    ["1.2.3.4"],
    ["1.2.3.4", 0],
    ["1.2.3.4", 65_536],
    ["a b", 1],
    [1, "x"],
    "1.2.3.4:1",
    ["1.2.3", 1],
  ];
  const { nodes } = parse(v1, { nodes: [...bad, ...named] });
  assert.deepEqual(nodes, [
    { host: "1.2.3.4", port: 6881 },
    { host: "router.example", port: 1 },
    { host: "2001:db8::1", port: 2 },
  ]);
  const many = Array.from({ length: 100 }, (_, i) => ["1.2.3.4", i + 1]);
  assert.equal(parse(v1, { nodes: many }).nodes.length, 32);
  assert.deepEqual(parseMetainfo(encodeTorrent(parse(v1, { nodes: named })), nodeHasher).nodes, nodes);
});

test("what is written out parses to the same, with the same bytes again", () => {
  const layer = concatBytes(ROOT_A, ROOT_B, ROOT_A);
  const root = rootFromPieceLayer((data) => nodeHasher.sha256(data), layer, K16);
  const twins = {
    a: { "": { length: 3 * K16, "pieces root": root } },
    b: { "": { length: 3 * K16, "pieces root": root } },
  };
  const first = parse(
    { ...v2, "file tree": twins },
    {
      "piece layers": new Map([[root, layer]]),
      "announce-list": [["http://a/1"], ["http://a/2"]],
      "url-list": ["http://w/"],
      comment: "c",
      "creation date": 5,
      "created by": "x",
    },
  );
  assert.deepEqual(
    [...first.pieceLayers],
    [
      [0, layer],
      [1, layer],
    ],
  );
  const bytes = encodeTorrent(first);
  const second = parseMetainfo(bytes, nodeHasher);
  assert.deepEqual(second, first);
  assert.deepEqual(encodeTorrent(second), bytes);
  assert.deepEqual(first.warnings, []);
});

test("piece layers: absent ones are a warning, wrong ones a rejection", () => {
  const layer = concatBytes(ROOT_A, ROOT_B, ROOT_A, ROOT_B);
  const root = rootFromPieceLayer((data) => nodeHasher.sha256(data), layer, K16);
  const info = { ...v2, "file tree": { a: { "": { length: 4 * K16, "pieces root": root } } } };
  const withLayers = (entries: [Uint8Array, BencodeInput][]): unknown =>
    reasonOf(() => parse(info, { "piece layers": new Map(entries) }));
  assert.equal(withLayers([[root, layer]]), "accepted");
  for (const entries of [
    [[root, concatBytes(ROOT_A, ROOT_B, ROOT_A, ROOT_A)]],
    [[root, layer.subarray(32)]],
    [[root, concatBytes(layer, ROOT_A)]],
    [[root, layer.subarray(1)]],
    [[root, 5]],
    [[ROOT_A, layer]],
    [[root.subarray(1), layer]],
  ] as [Uint8Array, BencodeInput][][]) {
    assert.equal(withLayers(entries), "torrent_invalid_piece_layer");
  }
  assert.equal(
    reasonOf(() => parse(info, { "piece layers": [] })),
    "torrent_invalid_piece_layer",
  );
  // The only layer of a file of one piece is its root: it has no business here.
  assert.equal(
    reasonOf(() => parse(v2, { "piece layers": new Map([[ROOT_A, ROOT_A]]) })),
    "torrent_invalid_piece_layer",
  );
  const without = parse(info);
  assert.equal(without.pieceLayers.size, 0);
  assert.equal(without.warnings.length, 1);
});

test("a torrent given as a Buffer is not written to, and what was read from it is not a view of it", () => {
  const layer = new Uint8Array(3 * 32).map((_, at) => at);
  const root = rootFromPieceLayer((data) => nodeHasher.sha256(data), layer, 2 * K16);
  const bytes = encodeBencode({
    info: {
      name: "t",
      "piece length": 2 * K16,
      "meta version": 2,
      "file tree": { t: { "": { length: 6 * K16, "pieces root": root } } },
    },
    "piece layers": new Map([[root, layer]]),
  });
  const buffer = Buffer.from(bytes);
  const metainfo = parseMetainfo(buffer, nodeHasher);
  assert.ok(buffer.equals(bytes));
  buffer.fill(0);
  const expected = parseMetainfo(bytes, nodeHasher);
  assert.deepEqual(metainfo.pieceLayers, new Map([[0, layer]]));
  assert.deepEqual(metainfo.infoBytes, expected.infoBytes);
  assert.deepEqual(metainfo.layout.files[0]!.piecesRoot, root);
});

test("a layer that doesn't match where padding was needed is not used", () => {
  const layer = concatBytes(ROOT_A, ROOT_B, ROOT_A);
  const info = { ...v2, "file tree": { a: { "": { length: 3 * K16, "pieces root": ROOT_A } } } };
  const metainfo = parse(info, { "piece layers": new Map([[ROOT_A, layer]]) });
  assert.equal(metainfo.pieceLayers.size, 0);
  assert.match(metainfo.warnings.join(), /doesn't match/);
});

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

test("single-file hybrids: the length key, and the torrent's name in the tree", () => {
  const tree = (name: string, length: number): Dictionary => ({
    [name]: { "": { length, "pieces root": ROOT_A } },
  });
  const single = { ...v2, pieces: pieces(1), length: 10 };
  assert.equal(parse({ ...single, "file tree": tree("t", 10) }).multiFile, false);
  assert.equal(
    reasonOf(() => parse({ ...single, "file tree": tree("x", 10) })),
    "torrent_inconsistent_files",
  );
  assert.equal(
    reasonOf(() => parse({ ...single, "file tree": tree("t", 11) })),
    "torrent_inconsistent_files",
  );
  const folder = parse({
    ...v2,
    pieces: pieces(1),
    files: [{ length: 10, path: ["t"] }],
    "file tree": tree("t", 10),
  });
  assert.equal(folder.multiFile, true);
  assert.equal(
    reasonOf(() => parse({ ...v2, pieces: pieces(1), "file tree": tree("t", 10) })),
    "torrent_invalid_length",
  );
  assert.equal(
    reasonOf(() => parse({ ...v2, length: 10, "file tree": tree("t", 10) })),
    "torrent_missing_pieces",
  );
});

test("a v2 tree of one file is that file, under its own name", () => {
  const metainfo = parse({
    ...v2,
    name: "My film",
    "file tree": { "film.mkv": { "": { length: 10, "pieces root": ROOT_A } } },
  });
  assert.deepEqual([metainfo.name, metainfo.multiFile], ["film.mkv", false]);
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
