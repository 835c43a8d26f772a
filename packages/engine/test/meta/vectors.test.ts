import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sharedVectors } from "@shoal/testkit";
import { toHex } from "../../dist/base/bytes.js";
import { ProtocolError } from "../../dist/base/errors.js";
import { parseInfo, parseMetainfo } from "../../dist/meta/metainfo.js";
import { nodeHasher as hasher } from "../../dist/node/hasher.js";

interface Accepted {
  readonly expect: "accept" | "loads-in-libtorrent";
  readonly name: string;
  readonly v1: string | null;
  readonly v2: string | null;
  readonly pieceLength: number;
  readonly pieces: number;
  readonly totalSize: number;
  readonly files: number;
}
interface Rejected {
  readonly expect: "reject";
  readonly reason: string;
}

const VECTOR_COUNT = 54;
const shared = sharedVectors();

if (shared === null) {
  const skip = `${VECTOR_COUNT} vectors skipped: the folder of shared vectors is absent`;
  test(`${VECTOR_COUNT} torrent vectors`, { skip }, () => undefined);
} else {
  const folder = join(shared, "torrents");
  const vectors = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as Record<
    string,
    Accepted | Rejected
  >;
  test("all vectors are there", () => assert.equal(Object.keys(vectors).length, VECTOR_COUNT));
  for (const [file, expected] of Object.entries(vectors)) {
    test(`torrent vector ${file}`, () => {
      const bytes = new Uint8Array(readFileSync(join(folder, file)));
      if (expected.expect === "reject") {
        assert.throws(
          () => parseMetainfo(bytes, hasher),
          (error) => error instanceof ProtocolError && error.details["reason"] === expected.reason,
        );
        return;
      }
      const metainfo = parseMetainfo(bytes, hasher);
      const { layout, infoHashes } = metainfo;
      const { expect: _, ...facts } = expected;
      assert.deepEqual(
        {
          name: metainfo.name,
          v1: infoHashes.v1 === null ? null : toHex(infoHashes.v1),
          v2: infoHashes.v2 === null ? null : toHex(infoHashes.v2),
          pieceLength: layout.pieceLength,
          pieces: layout.pieceCount,
          totalSize: layout.totalSize,
          files: layout.files.length,
        },
        facts,
      );
      assert.deepEqual(parseInfo(metainfo.infoBytes, hasher).infoHashes, infoHashes);
    });
  }
}
