import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { type Metainfo, readClaims } from "@shoal/engine";

const BLOCK = 16_384;

/** What resume data claimed, and how much of it was not so. */
export interface ClaimCheck {
  /** Pieces and blocks of unfinished pieces that were compared. */
  readonly checked: number;
  /** Bytes of the pieces. */
  readonly bytes: number;
  /** In words, one for each wrong claim. */
  readonly wrong: readonly string[];
}

/** Compares everything that the resume data in `stateDir` claims with `space`, the torrent's content, byte for byte. */
export async function checkClaims(
  stateDir: string,
  metainfo: Metainfo,
  space: Uint8Array,
): Promise<ClaimCheck> {
  const { layout } = metainfo;
  const wrong: string[] = [];
  let checked = 0;
  let bytes = 0;
  for (const { root, paths, pieces, blocks } of await readClaims(stateDir, metainfo)) {
    const compare = (what: string, from: number, length: number): void => {
      checked++;
      layout.spans(from, length, (file, offset, part, at) => {
        if (file.pad) return;
        const path = join(root, paths[file.index]!);
        const there = readPart(path, offset, part);
        if (there === null || !there.equals(space.subarray(from + at, from + at + part)))
          wrong.push(`${what}: ${path} from byte ${offset} ${there === null ? "is not there" : "is other"}`);
      });
    };
    for (const piece of pieces) {
      compare(`piece ${piece}`, piece * layout.pieceLength, layout.pieceSize(piece));
      bytes += layout.pieceSize(piece);
    }
    for (const [piece, mask] of blocks) {
      for (let block = 0; block < layout.blockCount(piece); block++) {
        if (((mask[block >>> 3]! << (block & 7)) & 0x80) === 0) continue;
        const from = piece * layout.pieceLength + block * BLOCK;
        compare(`block ${block} of piece ${piece}`, from, layout.blockLength(piece, block));
      }
    }
  }
  return { checked, bytes, wrong };
}

/** Null when the file is missing or too short. */
function readPart(path: string, offset: number, length: number): Buffer | null {
  const bytes = Buffer.alloc(length);
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return null;
  }
  try {
    return readSync(fd, bytes, 0, length, offset) === length ? bytes : null;
  } finally {
    closeSync(fd);
  }
}
