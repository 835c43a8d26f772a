import { ProtocolError, ShoalError } from "../base/errors.ts";
import {
  buildInfo,
  checkPieceLength,
  checkTorrentName,
  choosePieceLength,
  comparePaths,
  planLayout,
} from "../meta/create.ts";
import type { PieceDigests } from "../meta/create.ts";
import type { HashFunctions } from "../meta/info-hash.ts";
import type { Layout, LayoutEntry, TorrentKind } from "../meta/layout.ts";
import { HASH_BYTES } from "../meta/merkle.ts";
import { parseMetainfo } from "../meta/metainfo.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import { encodeTorrent } from "../meta/torrent-file.ts";
import { isTrackerUrl, isWebSeedUrl } from "../meta/torrent-urls.ts";
import type { WalkedFile, WalkedFolder } from "../node/walk-folder.ts";
import type { Disk, StorageId, StorageSpec } from "../ports/disk.ts";
import { contentFingerprint } from "./content-fingerprint.ts";

const SHA1_BYTES = 20;
/** Pieces being hashed at a time: enough to keep every worker busy across the hand-over of results. */
const LANES = 16;

/** How to make a torrent. The same options and files give the same bytes. */
export interface CreateOptions {
  /** Default "hybrid". */
  readonly kind?: TorrentKind;
  /** Bytes; chosen by the size of the content when absent. */
  readonly pieceLength?: number;
  /** Default: the name of the file or folder. */
  readonly name?: string;
  /** Tiers (BEP 12). */
  readonly trackers?: readonly (readonly string[])[];
  readonly webSeeds?: readonly string[];
  /** Peers only from the trackers named here (BEP 27). */
  readonly private?: boolean;
  readonly source?: string;
  readonly comment?: string;
  readonly createdBy?: string;
  /** Seconds since 1970; left out when absent. */
  readonly creationDate?: number;
}

/** What making a torrent needs from outside. */
export interface CreatePorts {
  readonly disk: Disk;
  readonly hasher: HashFunctions;
  readonly walk: (path: string, signal?: AbortSignal) => Promise<WalkedFolder>;
}

export interface CreatedTorrent {
  /** The .torrent file. */
  readonly bytes: Uint8Array;
  readonly metainfo: Metainfo;
  /**
   * Where the files lie, by their own names: a path below `root` for each file of the layout, "/" between components.
   */
  readonly root: string;
  readonly paths: readonly string[];
  /** Plain sentences that name what was left out. */
  readonly warnings: readonly string[];
  /** Of the content as it was hashed; see `fingerprintContent`. */
  readonly fingerprint: string;
}

/** Called after each piece, with bytes of content hashed so far and in all. */
export type CreateProgress = (progress: { readonly done: number; readonly total: number }) => void;

/**
 * Makes a torrent of the file or folder at `path`: walks it, hashes its pieces through the disk port and builds the
 * .torrent file. Throws ERR_NOT_FOUND, ERR_INVALID_ARGUMENT (unusable options, nothing to share), ERR_DISK,
 * ERR_FILE_CHANGED naming a file that changed meanwhile, and the signal's reason when it is aborted.
 */
export async function createTorrent(
  path: string,
  options: CreateOptions,
  ports: CreatePorts,
  onProgress: CreateProgress = () => undefined,
  signal?: AbortSignal,
): Promise<CreatedTorrent> {
  const kind = options.kind ?? "hybrid";
  if (options.pieceLength !== undefined) checkPieceLength(options.pieceLength, kind);
  if (options.name !== undefined) checkTorrentName(options.name);
  refuseUnusableUrls(options);
  const walked = await ports.walk(path, signal);
  const name = options.name ?? walked.name;
  checkTorrentName(name);
  refuseLoneFileInFolder(kind, walked);
  const { multiFile } = walked;
  const files = walked.files.toSorted((a, b) => comparePaths(a.path, b.path));
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size === 0) {
    const message = `"${path}" has nothing to share: not one byte in any file`;
    throw new ShoalError("ERR_INVALID_ARGUMENT", message, { path });
  }
  const pieceLength = options.pieceLength ?? choosePieceLength(size);
  const planned = withinLimits(path, () => planLayout(kind, pieceLength, multiFile, files.map(entryOf)));
  // Both are in the same order, but for pads.
  let next = 0;
  const sources = planned.files.map((file) => (file.pad ? null : (files[next++] as WalkedFile)));
  const paths = planned.files.map((file, i) => (sources[i]?.path ?? file.path).join("/"));
  const spec = {
    layout: planned,
    root: walked.root,
    paths,
    skipped: new Set<number>(),
    partPath: `${walked.root}.part`,
  };
  const digests = await hashFiles(spec, sources, ports.disk, onProgress, signal);
  const { infoBytes, layout, pieceLayers } = buildInfo(
    planned,
    digests,
    { name, multiFile, private: options.private ?? false, source: options.source ?? null },
    (data) => ports.hasher.sha256(data),
  );
  const bytes = encodeTorrent({
    infoBytes,
    layout,
    pieceLayers,
    trackers: options.trackers ?? [],
    webSeeds: options.webSeeds ?? [],
    comment: options.comment ?? null,
    createdBy: options.createdBy ?? null,
    creationDate: options.creationDate ?? null,
  });
  return {
    bytes,
    metainfo: withinLimits(path, () => parseMetainfo(bytes, ports.hasher)),
    root: walked.root,
    paths,
    warnings: walked.warnings,
    fingerprint: contentFingerprint(walked, ports.hasher),
  };
}

/** What breaks a limit of torrents can't be read by anybody: that is the caller's error, not that of a torrent. */
function withinLimits<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const message = `"${path}" is too much for one torrent (${error.message}): choose larger pieces, or share it in parts`;
    throw new ShoalError("ERR_INVALID_ARGUMENT", message, { path });
  }
}

function refuseUnusableUrls({ trackers = [], webSeeds = [] }: CreateOptions): void {
  for (const url of trackers.flat()) {
    if (!isTrackerUrl(url) || !HOST.test(url)) {
      throw unusableUrl(url, "a tracker", "start with http://, https://, udp://, ws:// or wss:// and a host");
    }
    if (/^udp:/i.test(url) && !UDP_PORT.test(url)) {
      throw unusableUrl(url, "a tracker", "have a port, as in udp://host:6969/announce");
    }
  }
  for (const url of webSeeds) {
    if (!isWebSeedUrl(url) || !HOST.test(url)) {
      throw unusableUrl(url, "a web seed", "start with http:// or https:// and a host");
    }
  }
}

const HOST = /^\w+:\/\/[^/?#\s]/;
const UDP_PORT = /^udp:\/\/[^/?#]*:\d{1,5}(?:[/?#]|$)/i;

function unusableUrl(url: string, what: string, must: string): ShoalError {
  return new ShoalError("ERR_INVALID_ARGUMENT", `"${url}" can't be ${what}: it must ${must}`);
}

function entryOf({ path, size, executable, symlink }: WalkedFile): LayoutEntry {
  return { path, size, pad: false, executable, hidden: false, symlink, piecesRoot: null };
}

/**
 * A v2 file tree with one file and nothing else is a single-file torrent; nothing says that a folder was meant (BEP
 * 52).
 */
function refuseLoneFileInFolder(kind: TorrentKind, { multiFile, name, files }: WalkedFolder): void {
  if (kind !== "v2" || !multiFile || files.length !== 1 || files[0]?.path.length !== 1) return;
  throw new ShoalError(
    "ERR_INVALID_ARGUMENT",
    `a v2-only torrent can't hold the folder "${name}" with just one file in it: share the file itself, or make a hybrid`,
  );
}

async function hashFiles(
  spec: StorageSpec,
  sources: readonly (WalkedFile | null)[],
  disk: Disk,
  onProgress: CreateProgress,
  signal: AbortSignal | undefined,
): Promise<PieceDigests> {
  const storage = disk.open(spec);
  try {
    const digests = await hashPieces(storage, spec.layout, disk, onProgress, signal);
    await refuseChangedFiles(storage, spec, sources, disk);
    return digests;
  } finally {
    await disk.close(storage);
  }
}

async function hashPieces(
  storage: StorageId,
  layout: Layout,
  disk: Disk,
  onProgress: CreateProgress,
  signal: AbortSignal | undefined,
): Promise<PieceDigests> {
  const { pieceCount, kind, contentSize } = layout;
  const kinds = { sha1: kind !== "v2", merkle: kind !== "v1" };
  const sha1 = kinds.sha1 ? new Uint8Array(pieceCount * SHA1_BYTES) : null;
  const roots = kinds.merkle ? new Uint8Array(pieceCount * HASH_BYTES) : null;
  let done = 0;
  let next = 0;
  const hashOne = (piece: number): Promise<void> =>
    new Promise((resolve, reject) => {
      disk.hash(storage, piece, kinds, (error, digest) => {
        if (error !== null) return reject(error);
        if (digest?.sha1) sha1?.set(digest.sha1, piece * SHA1_BYTES);
        if (digest?.root) roots?.set(digest.root, piece * HASH_BYTES);
        done += contentOfPiece(layout, piece);
        onProgress({ done, total: contentSize });
        resolve();
      });
    });
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < pieceCount && !failed) {
      try {
        signal?.throwIfAborted();
        await hashOne(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  // All lanes have ended, so nothing is under way when the storage is closed.
  for (const result of lanes) if (result.status === "rejected") throw result.reason;
  return { sha1, roots };
}

function contentOfPiece(layout: Layout, piece: number): number {
  let bytes = 0;
  layout.spans(piece * layout.pieceLength, layout.pieceSize(piece), (file, _offset, length) => {
    if (!file.pad) bytes += length;
  });
  return bytes;
}

async function refuseChangedFiles(
  storage: StorageId,
  spec: StorageSpec,
  sources: readonly (WalkedFile | null)[],
  disk: Disk,
): Promise<void> {
  const stats = await disk.stat(storage);
  sources.forEach((source, index) => {
    if (source === null || source.symlink !== null) return;
    const now = stats[index];
    const same =
      now?.size === source.size && now.modifiedMs === source.modifiedMs && now.inode === source.inode;
    if (same) return;
    const path = `${spec.root}/${spec.paths[index] as string}`;
    throw new ShoalError(
      "ERR_FILE_CHANGED",
      `"${path}" changed while it was being read: try again when nothing writes to it`,
      { path },
    );
  });
}
