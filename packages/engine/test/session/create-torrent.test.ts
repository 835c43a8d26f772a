import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, toHex } from "../../dist/base/bytes.js";
import { ShoalError } from "../../dist/base/errors.js";
import { checkPieceLength, choosePieceLength } from "../../dist/meta/create.js";
import { BLOCK_SIZE, type TorrentKind } from "../../dist/meta/layout.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { createTorrent, type CreatedTorrent, type CreateOptions } from "../../dist/session/create-torrent.js";
import { MemoryDisk, type MemoryFile } from "./memory-disk.ts";

/** The same bytes for the same size and seed, everywhere. */
function content(size: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/** Files by name and size; the content follows from the position. */
type Sizes = readonly (readonly [path: string, size: number])[];

function diskOf(sizes: Sizes): MemoryDisk {
  return new MemoryDisk(
    Object.fromEntries(
      sizes.map(([path, size], i): [string, MemoryFile] => [
        path,
        { content: content(size, i + 1), executable: path === "a.txt" },
      ]),
    ),
  );
}

function make(
  disk: MemoryDisk,
  name: string,
  options: CreateOptions = {},
  multiFile = true,
): Promise<CreatedTorrent> {
  return createTorrent("ignored", options, { disk, hasher: nodeHasher, walk: disk.walk(name, multiFile) });
}

async function refusal(promise: Promise<unknown>): Promise<ShoalError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ShoalError, String(error));
    return error;
  }
  return assert.fail("not refused");
}

const B = BLOCK_SIZE;
const TREES: Record<string, Sizes> = {
  "one-byte.bin": [["one-byte.bin", 1]],
  "one-block.bin": [["one-block.bin", B]],
  "piece-and-a-bit.bin": [["piece-and-a-bit.bin", 4 * B + 1]],
  "eight-pieces.bin": [["eight-pieces.bin", 32 * B]],
  "nine-pieces.bin": [["nine-pieces.bin", 33 * B - 7]],
  odd: [
    ["a/b", 40000],
    ["a.txt", 100],
    ["a b/ü.bin", 3 * B],
    ["a/empty", 0],
    ["Zempty", 0],
    ["emoji😀/x", 70000],
    ["\uffee", 5],
    ["😀", 6],
    [".hidden", 17],
  ],
  borders: [B - 1, B, B + 1, 4 * B - 1, 4 * B, 4 * B + 1, 0, 8 * B, 8 * B + 1, 16 * B].map((size, i) => [
    `f${String(i).padStart(2, "0")}`,
    size,
  ]),
  lone: [["x", B + 5]],
};

/** Info-hashes that libtorrent 2.0.8 gave the same trees, with pieces of 64 KiB. (Its v1 lists of folders are unsorted.) */
const FROM_LIBTORRENT: readonly (readonly [tree: string, kind: TorrentKind, v1: string, v2: string])[] = [
  [
    "one-byte.bin",
    "hybrid",
    "53c5a5f1b91a4ff3a0717f0a4fa5055700e7e922",
    "6eda8145c7b214276e008f4ddaf65f1eb0836777c539e31fc5bc7040ec1d2668",
  ],
  ["one-byte.bin", "v1", "d297422957d2dd1637295e7141a39d0e61d97e84", ""],
  ["one-byte.bin", "v2", "", "d2b3fdf2050ff87cc0ac4c1e7b8e1707d915cf1e5e8948ab15da304a5453eaf8"],
  [
    "one-block.bin",
    "hybrid",
    "65372f50346e28702a19e8163c3eef9e525416f2",
    "aaa20de8a52771ccd5227ecb73b4aa101286542256fc5cd42661ba481753e358",
  ],
  ["one-block.bin", "v1", "bbfc5152fc0518b11ce511c29c6725b54d2d5b81", ""],
  ["one-block.bin", "v2", "", "b51857dcf12a1925e6410b48f6ba77b96f11d05e15ff34e8d58996c76aef79b2"],
  [
    "piece-and-a-bit.bin",
    "hybrid",
    "4c08b8ea474ea2d08a5f3ce9bad4d88490c493d2",
    "ae359bf7d4ce9b63f5627a511393ed07090aa24d344db03579586c5117d627d4",
  ],
  ["piece-and-a-bit.bin", "v1", "acade422b5c5b80f0e3245ba33812bcc9993c260", ""],
  ["piece-and-a-bit.bin", "v2", "", "09c946bcf8bf53c0c4f86e0e4ee75191c2b37643a84198abc039b86c778b2cfc"],
  [
    "eight-pieces.bin",
    "hybrid",
    "53d9581dc8aebf3ea27a1f4179f7a05f8f3a6e66",
    "7a143c7ebaf42ba58131a9ec75c2fae88b4bb34d2ebdab7a35877a15bebdc61d",
  ],
  ["eight-pieces.bin", "v1", "91757c6954113f0b4b6dba0924021df967636d4c", ""],
  ["eight-pieces.bin", "v2", "", "8ae3a6a8f679d8b6c1eb17f2102f27f198692abaf2ea6b19853391b3881d17f9"],
  [
    "nine-pieces.bin",
    "hybrid",
    "65f809310ebd6e88b20d1fbee896dfe2b0dcd2eb",
    "98657ed43d3a793f018f5dd705aa3c42c6b10e0b9005c9f772f3e9a18d4caaf7",
  ],
  ["nine-pieces.bin", "v1", "79edb13211b7597a6f34c8a93976e0aeddafaf30", ""],
  ["nine-pieces.bin", "v2", "", "3cc854bf3e674d88025aaac75c3adbdc3c52b5fc58a052de0035319614cb2b10"],
  [
    "odd",
    "hybrid",
    "819e1a594c83a1354ca25c1c134484497d1c50f9",
    "e9abad5f0cb34532c3b2290d46c86ef3b8321680cafa7f0b6c546e6281e691b8",
  ],
  ["odd", "v2", "", "176b37bb1baacde8f20233786d5df309356ca4ff9498b7ef38993770548cea70"],
  [
    "borders",
    "hybrid",
    "1680d06341fca5caff5c3def30289ecd273f2970",
    "481dccd0084c4f62b5c9e308124fa42b74894bf9e13c92344279fa90c0e803a1",
  ],
  ["borders", "v2", "", "90a33e51d80611f16b6e5e89d515da4a8b67cda34e4a4e8e8b9fe3260ab8caa1"],
  [
    "lone",
    "hybrid",
    "c372decd060c28a060417399392df7d694100863",
    "e7b5973807b945c732bdd306aec1b3df41a0c32e9f2a85400b2fbbdadbfc369b",
  ],
  ["lone", "v1", "76ba589627776bb307e7556ccfd111306c33ea10", ""],
];

test("the info-hashes are those of libtorrent", async () => {
  for (const [tree, kind, v1, v2] of FROM_LIBTORRENT) {
    const sizes = TREES[tree]!;
    const { metainfo } = await make(diskOf(sizes), tree, { kind, pieceLength: 4 * B }, sizes[0]![0] !== tree);
    const found = [metainfo.infoHashes.v1, metainfo.infoHashes.v2].map((hash) =>
      hash === null ? "" : toHex(hash),
    );
    assert.deepEqual(found, [v1, v2], `${tree} ${kind}`);
  }
});

test("any tree makes a torrent that parses back to the same files, in every kind", async () => {
  const name = fc
    .string({ unit: fc.constantFrom("a", "b", "Z", ".", "ä", "\uffee", "😀"), minLength: 1, maxLength: 3 })
    .filter((text) => !/^\.*$/.test(text));
  const size = fc.oneof(
    fc.constant(0),
    fc.nat(100),
    fc.tuple(fc.nat(5), fc.integer({ min: -1, max: 1 })).map(([n, off]) => Math.max(0, n * B + off)),
  );
  const folder = fc.dictionary(
    fc
      .array(name, { minLength: 1, maxLength: 2 })
      .map((parts) => parts.map((part, i) => (i === 0 ? `d${part}` : part)).join("/")),
    size,
    { minKeys: 1, maxKeys: 6, noNullPrototype: true },
  );
  const input = folder.filter((files) => {
    const paths = Object.keys(files);
    return (
      Object.values(files).some((bytes) => bytes > 0) &&
      !paths.some((a) => paths.some((b) => b.startsWith(`${a}/`)))
    );
  });
  await fc.assert(
    fc.asyncProperty(
      input,
      fc.constantFrom<TorrentKind>("v1", "v2", "hybrid"),
      fc.constantFrom(B, 2 * B, 4 * B),
      async (files, kind, pieceLength) => {
        const paths = Object.keys(files);
        fc.pre(kind !== "v2" || paths.length > 1 || paths[0]!.includes("/"));
        const disk = diskOf(Object.entries(files));
        const made = await make(disk, "t", { kind, pieceLength });
        const { metainfo } = made;
        assert.equal(metainfo.layout.kind, kind);
        const real = metainfo.layout.files.filter((file) => !file.pad);
        assert.deepEqual(Object.fromEntries(real.map((file) => [file.path.join("/"), file.size])), files);
        assert.deepEqual(
          real.map((file) => made.paths[file.index]),
          real.map((file) => file.path.join("/")),
        );
        assert.equal(made.paths.length, metainfo.layout.files.length);
        const long = real.filter((file) => file.size > pieceLength);
        assert.deepEqual(
          [...metainfo.pieceLayers.keys()].toSorted((a, b) => a - b),
          kind === "v1" ? [] : long.map((file) => file.index),
        );
        assert.deepEqual(metainfo.warnings, []);
        if (kind === "v1") assert.equal(metainfo.layout.files.length, paths.length);
        // Not the order of listing but that of names decides.
        const reversed = new MemoryDisk(Object.fromEntries([...disk.files].toReversed()));
        assert.deepEqual((await make(reversed, "t", { kind, pieceLength })).bytes, made.bytes);
        assert.equal(disk.opened, 0);
      },
    ),
    { numRuns: 60 },
  );
});

test("all keys, only those asked for, and the default is hybrid", async () => {
  const disk = diskOf([
    ["a", 5],
    ["b", 6],
  ]);
  const bare = await make(disk, "t");
  assert.equal(bare.metainfo.layout.kind, "hybrid");
  const text = Buffer.from(bare.bytes).toString("latin1");
  for (const key of ["creation date", "created by", "announce", "comment", "private", "source", "url-list"])
    assert.ok(!text.includes(key), key);
  const { metainfo } = await make(disk, "t", {
    name: "other",
    private: true,
    source: "S",
    comment: "C",
    createdBy: "me",
    creationDate: 77,
    trackers: [["http://a/1", "http://a/2"], ["udp://b:1"]],
    webSeeds: ["http://w/"],
  });
  const { name, source, comment, createdBy, creationDate, trackers, webSeeds } = metainfo;
  assert.deepEqual(
    { name, private: metainfo.private, source, comment, createdBy, creationDate, trackers, webSeeds },
    {
      name: "other",
      private: true,
      source: "S",
      comment: "C",
      createdBy: "me",
      creationDate: 77,
      trackers: [["http://a/1", "http://a/2"], ["udp://b:1"]],
      webSeeds: ["http://w/"],
    },
  );
});

test("links and executable files keep what they are", async () => {
  const disk = new MemoryDisk({
    "dir/tool": { content: content(9, 1), executable: true },
    "dir/link": { content: new Uint8Array(), symlink: ["dir", "tool"] },
  });
  for (const kind of ["v1", "v2", "hybrid"] as const) {
    const { metainfo } = await make(disk, "t", { kind });
    const [link, tool] = metainfo.layout.files;
    assert.deepEqual(link?.symlink, ["dir", "tool"]);
    assert.equal(tool?.executable, true);
    assert.equal(link?.executable, false);
  }
});

test("progress ends with all of the content, and the pieces are hashed side by side", async () => {
  const disk = diskOf([
    ["a", 40 * B + 1],
    ["b", 3],
  ]);
  const steps: number[] = [];
  await createTorrent(
    "x",
    { pieceLength: B },
    { disk, hasher: nodeHasher, walk: disk.walk("t", true) },
    ({ done, total }) => {
      assert.equal(total, 40 * B + 4);
      steps.push(done);
    },
  );
  assert.equal(steps.length, 42);
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  );
  assert.equal(steps.at(-1), 40 * B + 4);
  assert.ok(disk.mostHashesUnderWay >= 8, `${disk.mostHashesUnderWay}`);
});

test("a file that changes meanwhile is an error that names it", async () => {
  const changes: [string, (disk: MemoryDisk) => void][] = [
    ["grown", (disk) => disk.files.set("b", { content: content(9 * B, 2) })],
    ["shorter", (disk) => disk.files.set("b", { content: content(B, 2) })],
    ["touched", (disk) => disk.files.set("b", { content: content(5 * B, 2), modifiedMs: 5 })],
    ["gone", (disk) => disk.files.delete("b")],
  ];
  for (const [what, change] of changes) {
    const disk = diskOf([
      ["a", 5],
      ["b", 5 * B],
    ]);
    disk.onHash = (piece) => piece === 2 && change(disk);
    const error = await refusal(make(disk, "t", { pieceLength: B }));
    assert.equal(error.code, "ERR_FILE_CHANGED", what);
    assert.match(String(error.details["path"]), /b$/);
    assert.equal(disk.opened, 0);
  }
});

test("an abort ends it with the given reason, when nothing is under way any more", async () => {
  const disk = diskOf([["a", 60 * B]]);
  const stop = new AbortController();
  const reason = new ShoalError("ERR_CLOSED", "stop");
  disk.onHash = (piece) => piece === 20 && stop.abort(reason);
  const promise = createTorrent(
    "x",
    { pieceLength: B },
    { disk, hasher: nodeHasher, walk: disk.walk("t", true) },
    undefined,
    stop.signal,
  );
  assert.equal(await refusal(promise), reason);
  assert.deepEqual([disk.opened, disk.hashesUnderWay], [0, 0]);
});

test("what can't become a torrent is refused in words", async () => {
  const some = diskOf([["a", 5]]);
  const cases: [RegExp, Promise<unknown>][] = [
    [
      /nothing to share/,
      make(
        diskOf([
          ["a", 0],
          ["b", 0],
        ]),
        "t",
      ),
    ],
    [/nothing to share/, make(new MemoryDisk({}), "t")],
    [/just one file/, make(some, "t", { kind: "v2" })],
    [/power of two/, make(some, "t", { pieceLength: 3 * B })],
    [/power of two/, make(some, "t", { kind: "v2", pieceLength: B / 2 })],
    [/multiple of 16 KiB/, make(some, "t", { kind: "v1", pieceLength: B + 1 })],
    [/tracker/, make(some, "t", { trackers: [["http://a/", "a.example"]] })],
    [/web seed/, make(some, "t", { webSeeds: ["ftp://a/"] })],
    [/web seed.*host/, make(some, "t", { webSeeds: ["http:///path"] })],
    [/tracker.*host/, make(some, "t", { trackers: [["http:///announce"]] })],
    [/tracker.*port/, make(some, "t", { trackers: [["http://a/", "udp://tracker.example/announce"]] })],
    [/name/, make(some, "t", { name: "a/b" })],
    [/name/, make(some, "t", { name: "" })],
    [/name/, make(some, "t", { name: ".." })],
  ];
  for (const [message, promise] of cases) {
    const error = await refusal(promise);
    assert.equal(error.code, "ERR_INVALID_ARGUMENT");
    assert.match(error.message, message);
  }
});

test("too many pieces are told before the hashing, as too much for one torrent", async () => {
  const disk = new MemoryDisk({});
  const walk = async (path: string) => ({
    name: "t",
    root: path,
    multiFile: false,
    files: [{ path: ["t"], size: 2 ** 40, modifiedMs: 1, inode: 1, executable: false, symlink: null }],
    warnings: [],
  });
  const options = { pieceLength: B };
  const error = await refusal(createTorrent("/big", options, { disk, hasher: nodeHasher, walk }));
  assert.equal(error.code, "ERR_INVALID_ARGUMENT");
  assert.match(error.message, /"\/big" is too much for one torrent .*too many pieces/);
});

test("the piece length aims at 1,000 to 2,000 pieces between 16 KiB and 16 MiB", () => {
  assert.equal(choosePieceLength(0), B);
  assert.equal(choosePieceLength(2_000 * B), B);
  assert.equal(choosePieceLength(2_000 * B + 1), 2 * B);
  assert.equal(choosePieceLength(2 ** 30), 2 ** 20);
  assert.equal(choosePieceLength(2 ** 50), 2 ** 24);
  fc.assert(
    fc.property(fc.integer({ min: 2_000 * B + 1, max: 2_000 * 2 ** 24 }), (size) => {
      const count = Math.ceil(size / choosePieceLength(size));
      assert.ok(count >= 1_000 && count <= 2_000, `${count}`);
    }),
  );
  for (const length of [B, 2 ** 28]) assert.doesNotThrow(() => checkPieceLength(length, "hybrid"));
  for (const length of [2 ** 29, B - 1, 0, -B, 1.5, Number.NaN])
    assert.throws(() => checkPieceLength(length, "v1"), ShoalError);
  assert.doesNotThrow(() => checkPieceLength(3 * B, "v1"));
});

test("a torrent's bytes are stable", async () => {
  const { bytes } = await make(diskOf([["a", 3]]), "t", { pieceLength: B });
  const expected = concatBytes(
    Buffer.from("d4:infod9:file treed1:ad0:d6:lengthi3e11:pieces root32:"),
    nodeHasher.sha256(content(3, 1)),
    Buffer.from(
      "eee5:filesld6:lengthi3e4:pathl1:aeee12:meta versioni2e4:name1:t12:piece lengthi16384e6:pieces20:",
    ),
    nodeHasher.sha1(content(3, 1)),
    Buffer.from("e12:piece layersdee"),
  );
  assert.equal(Buffer.from(bytes).toString("latin1"), Buffer.from(expected).toString("latin1"));
});
