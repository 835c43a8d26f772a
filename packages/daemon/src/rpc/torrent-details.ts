import type { FileProgress, Metainfo, PieceMap, Torrent } from "@shoal/engine";
import { ShoalError } from "@shoal/engine";
import type { Transfer } from "../transfer.ts";
import { mimeTypeOf } from "./mime-type.ts";

/** What a .torrent file says and a list wants to know. */
export interface Digest {
  readonly comment: string;
  readonly creator: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly pieceSize: number;
  readonly size: number;
  readonly fileCount: number;
  readonly mimeType: string;
  readonly webSeeds: readonly string[];
}

/** What has to be read or woken up for; empty or null where it is not known, and where nobody asked for it. */
export interface Details {
  readonly digest: Digest | null;
  readonly files: readonly FileProgress[];
  readonly pieces: PieceMap | null;
}

export type DetailName = keyof Details;

export const NO_DETAILS: Details = { digest: null, files: [], pieces: null };

/** Looks up what fields need besides the list, and reads each .torrent file at most once. */
export class TorrentDetails {
  readonly #digests: WeakMap<Torrent, Digest> = new WeakMap();
  readonly #readMetainfo: (transfer: Transfer) => Promise<Metainfo | null>;

  constructor(readMetainfo: (transfer: Transfer) => Promise<Metainfo | null>) {
    this.#readMetainfo = readMetainfo;
  }

  async of(transfer: Transfer, needed: ReadonlySet<DetailName>): Promise<Details> {
    if (needed.size === 0) return NO_DETAILS;
    try {
      return {
        digest: needed.has("digest") ? await this.#digest(transfer) : null,
        files: needed.has("files") ? await transfer.torrent.files() : [],
        pieces: needed.has("pieces") ? await piecesOf(transfer.torrent) : null,
      };
    } catch (error) {
      // Its state says why it can't be woken up; the other fields are as good as ever.
      if (error instanceof ShoalError) return NO_DETAILS;
      throw error;
    }
  }

  async #digest(transfer: Transfer): Promise<Digest | null> {
    const known = this.#digests.get(transfer.torrent);
    if (known !== undefined) return known;
    const metainfo = await this.#readMetainfo(transfer);
    if (metainfo === null) return null;
    const digest = digestOf(metainfo);
    this.#digests.set(transfer.torrent, digest);
    return digest;
  }
}

function digestOf(metainfo: Metainfo): Digest {
  const { layout, comment, createdBy, creationDate, webSeeds } = metainfo;
  const files = layout.files.filter(({ pad }) => !pad);
  const largest = files.reduce((best, file) => (file.size > best.size ? file : best), files[0]!);
  return {
    comment: comment ?? "",
    creator: createdBy ?? "",
    createdAt: creationDate ?? 0,
    pieceSize: layout.pieceLength,
    size: layout.contentSize,
    fileCount: files.length,
    mimeType: mimeTypeOf(largest.path.at(-1) ?? ""),
    webSeeds,
  };
}

/** That everything is there is known without waking anybody up. */
async function piecesOf(torrent: Torrent): Promise<PieceMap | null> {
  const { pieceCount, piecesHave } = torrent.stats();
  if (!torrent.isAtRest || pieceCount === 0 || piecesHave < pieceCount) return torrent.pieces();
  const have = new Uint8Array(Math.ceil(pieceCount / 8)).fill(255);
  if (pieceCount % 8 > 0) have[have.length - 1] = 256 - 2 ** (8 - (pieceCount % 8));
  return { have, peers: new Uint16Array(pieceCount) };
}
