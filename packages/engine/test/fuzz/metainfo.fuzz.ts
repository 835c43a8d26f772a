import assert from "node:assert/strict";
import { type FuzzTarget, mutateBencode, outcomeOf } from "@shoal/testkit/fuzz";
import { safePaths } from "../../dist/meta/path-policy.js";
import { type Metainfo, parseInfo, parseMetainfo } from "../../dist/meta/metainfo.js";
import { encodeTorrent } from "../../dist/meta/torrent-file.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { encodeBencode, EncodedBencode } from "../../dist/wire/bencode.js";
import { checkSafePaths } from "./safe-path-rules.ts";
import { smallTorrents, torrentVectors } from "./seeds.ts";

const WORDS = [
  "4:info",
  "5:filesl",
  "4:pathl",
  "6:length",
  "4:name",
  "12:piece length",
  "6:pieces",
  "12:meta versioni2e",
  "9:file treed",
  "11:pieces root32:",
  "12:piece layersd",
  "4:attr1:p",
  "4:attr1:l",
  "12:symlink pathl",
  "10:path.utf-8l",
  "10:name.utf-8",
  "13:announce-listl",
  "8:url-list",
  "7:privatei1e",
  "0:d",
  "18:_____padding_file_",
  "2:..",
  "1:/",
  "1:\\",
];

/** A second entry for a torrent's files: links, pads and odd attributes, which our own maker does not write. */
function oddTorrents(): Uint8Array[] {
  const file = (
    path: string[],
    more: Record<string, string | string[] | number>,
  ): Record<string, string | string[] | number> => ({
    length: 5,
    path,
    ...more,
  });
  const info = (files: ReturnType<typeof file>[]): Uint8Array =>
    encodeBencode({ name: "n", "piece length": 16_384, pieces: new Uint8Array(20), files });
  const infos = [
    info([
      file(["a"], {}),
      file(["l"], { attr: "l", "symlink path": ["a"] }),
      file(["m"], { attr: "l", "symlink path": ["l"] }),
    ]),
    info([file(["a"], { attr: "xh" }), file([".pad", "3"], { attr: "p", length: 3 }), file(["A"], {})]),
    info([
      file(["d", "a"], {}),
      file(["d", "l"], { attr: "l", "symlink path": ["a"] }),
      file(["e"], { attr: "l", "symlink path": ["d"] }),
    ]),
  ];
  return infos.map((bytes) => encodeBencode({ info: new EncodedBencode(bytes) }));
}

/** Holds for whatever is accepted. */
function checkMetainfo(metainfo: Metainfo): string {
  const { layout } = metainfo;
  let offset = 0;
  for (const file of layout.files) {
    assert.equal(file.offset, offset);
    assert.ok(file.firstPiece <= file.endPiece && file.endPiece <= layout.pieceCount);
    offset += file.size;
  }
  assert.equal(offset, layout.totalSize);
  assert.ok(layout.pieceSize(layout.pieceCount - 1) > 0);
  for (const piece of [0, layout.pieceCount - 1]) {
    assert.ok(layout.dataSize(piece) <= layout.pieceSize(piece));
    assert.ok(layout.filesInPiece(piece).length > 0);
  }
  checkSafePaths(safePaths(metainfo.name, metainfo.multiFile, layout.files).paths, layout.files);
  return `${layout.kind}${metainfo.multiFile ? " folder" : ""} ${metainfo.warnings.length > 0 ? "warns" : ""}`;
}

/** Written out and read again, a torrent says the same. */
function checkTorrent(metainfo: Metainfo): string {
  const again = parseMetainfo(encodeTorrent(metainfo), nodeHasher);
  assert.deepEqual(again.infoHashes, metainfo.infoHashes);
  assert.deepEqual(again.trackers, metainfo.trackers);
  assert.deepEqual(again.webSeeds, metainfo.webSeeds);
  assert.deepEqual(again.layout.files, metainfo.layout.files);
  assert.deepEqual(again.pieceLayers, metainfo.pieceLayers);
  return checkMetainfo(metainfo);
}

const metainfo: FuzzTarget = {
  name: "metainfo",
  about:
    ".torrent files of v1, v2 and both: layout, paths, piece layers, trackers; written out and read again",
  seeds: () => [
    ...smallTorrents().map(({ torrentBytes }) => torrentBytes),
    ...oddTorrents(),
    ...torrentVectors(),
  ],
  dictionary: WORDS,
  mutations: [mutateBencode, mutateBencode, mutateBencode],
  run: (input) => outcomeOf(() => parseMetainfo(input, nodeHasher), checkTorrent),
};

const info: FuzzTarget = {
  name: "info",
  about: "bare info dictionaries, as peers send them",
  seeds: () => smallTorrents().map(({ infoBytes }) => infoBytes),
  dictionary: WORDS,
  mutations: [mutateBencode, mutateBencode, mutateBencode],
  run: (input) => outcomeOf(() => parseInfo(input, nodeHasher), checkMetainfo),
};

export const targets: readonly FuzzTarget[] = [info, metainfo];
