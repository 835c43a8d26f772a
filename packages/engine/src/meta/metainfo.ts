import type { FileIndex } from "../base/brand.ts";
import type { HashFunctions, InfoHashes } from "./info-hash.ts";
import type { Layout } from "./layout.ts";

/** What a .torrent file or an info dictionary says, checked. */
export interface Metainfo {
  /** Display name: separators dropped, invalid UTF-8 replaced. On disk only the path policy's names are used. */
  readonly name: string;
  readonly infoHashes: InfoHashes;
  /** The info dictionary as found, byte for byte: what the info-hashes cover. */
  readonly infoBytes: Uint8Array;
  readonly layout: Layout;
  /** A folder called `name` holds the files; else there is one file, and `name` is its name. */
  readonly multiFile: boolean;
  /** SHA-1 of each piece, 20 bytes each; null for v2-only. */
  readonly pieceHashes: Uint8Array | null;
  /** For files longer than a piece: root of each of the file's pieces, 32 bytes each, proved against `piecesRoot`. Absent where the source lacks them. */
  readonly pieceLayers: ReadonlyMap<FileIndex, Uint8Array>;
  /** Peers only from the trackers named here (BEP 27). */
  readonly private: boolean;
  readonly source: string | null;
  readonly comment: string | null;
  readonly createdBy: string | null;
  /** Seconds since 1970. */
  readonly creationDate: number | null;
  /** Tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  /** Plain sentences about what was odd but usable. */
  readonly warnings: readonly string[];
}

/** Parses a .torrent file. Throws ProtocolError: ERR_BENCODE or ERR_METAINFO, `details.reason` names the rule. */
export function parseMetainfo(bytes: Uint8Array, hasher: HashFunctions): Metainfo {
  throw new Error(`not yet: ${bytes.length} ${typeof hasher}`);
}

/** Parses a bare info dictionary, as peers send it (BEP 9): no trackers and no piece layers. */
export function parseInfo(infoBytes: Uint8Array, hasher: HashFunctions): Metainfo {
  throw new Error(`not yet: ${infoBytes.length} ${typeof hasher}`);
}
