import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, toHex, utf8 } from "../../dist/base/bytes.js";
import { rootFromPieceLayer } from "../../dist/meta/merkle.js";
import { parseInfo, parseMetainfo } from "../../dist/meta/metainfo.js";
import { encodeTorrent } from "../../dist/meta/torrent-file.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { encodeBencode, type BencodeInput } from "../../dist/wire/bencode.js";
import {
  K16,
  ROOT_A,
  ROOT_B,
  type Dictionary,
  pieces,
  parse,
  reasonOf,
  v1,
  v2,
  hybrid,
} from "./metainfo-scene.ts";

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
