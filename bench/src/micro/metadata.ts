import { parseMetainfo } from "@shoal/engine";
import { seededBytes } from "@shoal/testkit";
import type { EngineParts } from "./engine-parts.ts";
import { plainFile } from "./engine-parts.ts";
import type { Subject } from "./measure.ts";

const FILES = 20_000;
const PIECE = 262_144;
/** Three pieces, the last one short. */
const FILE_BYTES = 3 * PIECE - 1_000;
const MAX_BYTES = 100_000_000;

/** Reading a .torrent file of many files: hybrid, so with piece hashes, a file tree and piece layers. */
export function metadataSubjects(parts: EngineParts): Subject[] {
  const bytes = bigTorrent(parts);
  const size = `${(bytes.length / 2 ** 20).toFixed(1)} MiB, ${FILES} files`;
  return [
    {
      name: `bencode: decode (${size})`,
      operations: 1,
      bytes: bytes.length,
      run: () => void parts.decodeBencode(bytes, { maxBytes: MAX_BYTES }),
    },
    {
      name: `metainfo: parse and check layers (${size})`,
      operations: 1,
      bytes: bytes.length,
      run: () => void parseMetainfo(bytes),
    },
  ];
}

function bigTorrent(parts: EngineParts): Uint8Array {
  // In the order of a v2 file tree.
  const entries = Array.from({ length: FILES }, (_, i) =>
    plainFile([`folder ${1_000 + Math.floor(i / 200)}`, `file ${100_000 + i}.dat`], FILE_BYTES),
  );
  const planned = parts.planLayout("hybrid", PIECE, true, entries);
  const digests = {
    sha1: seededBytes(1, planned.pieceCount * 20),
    roots: seededBytes(2, planned.pieceCount * 32),
  };
  const options = { name: "many files", multiFile: true, private: false, source: null };
  const built = parts.buildInfo(planned, digests, options, (data) => parts.nodeHasher.sha256(data));
  const rest = { trackers: [], webSeeds: [], comment: null, createdBy: null, creationDate: null };
  return parts.encodeTorrent({ ...built, ...rest });
}
