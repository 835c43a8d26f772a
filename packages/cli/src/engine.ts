// TEMPORARY local types until the engine's index exists.
export type ErrorCode =
  | "ERR_PROTOCOL"
  | "ERR_BENCODE"
  | "ERR_METAINFO"
  | "ERR_MAGNET"
  | "ERR_PATH"
  | "ERR_DUPLICATE_TORRENT"
  | "ERR_NOT_FOUND"
  | "ERR_FILE_EXISTS"
  | "ERR_FILE_CHANGED"
  | "ERR_NO_SPACE"
  | "ERR_DISK"
  | "ERR_PORT_IN_USE"
  | "ERR_LISTEN"
  | "ERR_CONNECT"
  | "ERR_TRACKER"
  | "ERR_HTTP"
  | "ERR_LOCKED"
  | "ERR_VERIFY"
  | "ERR_CLOSED"
  | "ERR_INVALID_ARGUMENT";
export interface Engine {
  createSession(options: SessionOptions): Promise<Session>;
  createTorrent(
    path: string,
    options: CreateTorrentOptions,
    onProgress?: (p: { done: number; total: number }) => void,
    signal?: AbortSignal,
  ): Promise<{ bytes: Uint8Array; metainfo: Metainfo; warnings: readonly string[] }>;
  parseMetainfo(bytes: Uint8Array): Metainfo;
  parseMagnet(text: string): Magnet;
  formatMagnet(magnet: Magnet): string;
  safePaths(name: string, multiFile: boolean, files: readonly LayoutFile[]): { paths: readonly string[] };
  openDisk(options?: { workers?: number }): Disk;
  PieceHashes: new (metainfo: Metainfo) => PieceHashes;
}
export interface PieceHashes {
  readonly sha1: boolean;
  readonly merkle: boolean;
  canVerify(piece: number): boolean;
  verify(piece: number, digest: PieceDigest): boolean;
}
export interface PieceDigest {
  readonly sha1: Uint8Array | null;
  readonly root: Uint8Array | null;
  readonly leaves: Uint8Array | null;
}
export interface Disk {
  open(spec: {
    layout: Layout;
    root: string;
    paths: readonly string[];
    skipped: ReadonlySet<number>;
    partPath: string;
  }): number;
  close(storage: number): Promise<void>;
  hash(
    storage: number,
    piece: number,
    kinds: { sha1: boolean; merkle: boolean },
    done: (error: Error | null, digest: PieceDigest | null) => void,
  ): void;
  stat(storage: number): Promise<({ readonly size: number } | null)[]>;
  shutdown(): Promise<void>;
}
export interface CreateTorrentOptions {
  kind: "v1" | "v2" | "hybrid";
  pieceLength?: number;
  trackers?: readonly (readonly string[])[];
  webSeeds?: readonly string[];
  private?: boolean;
  name?: string;
  comment?: string;
  source?: string;
  creationDate?: number;
}
export interface SessionOptions {
  stateDir?: string;
  host?: string;
  ports?: readonly number[];
  offline?: boolean;
}
export interface InfoHashes {
  readonly v1: Uint8Array | null;
  readonly v2: Uint8Array | null;
}
export interface LayoutFile {
  readonly index: number;
  readonly path: readonly string[];
  readonly size: number;
  readonly offset: number;
  readonly pad: boolean;
  readonly symlink: readonly string[] | null;
  readonly firstPiece: number;
  readonly endPiece: number;
}
export interface Layout {
  readonly kind: "v1" | "v2" | "hybrid";
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly files: readonly LayoutFile[];
  readonly totalSize: number;
  readonly contentSize: number;
  filesInPiece(piece: number): LayoutFile[];
  pieceSize(piece: number): number;
  dataSize(piece: number): number;
}
export interface Metainfo {
  readonly name: string;
  readonly infoHashes: InfoHashes;
  readonly layout: Layout;
  readonly multiFile: boolean;
  readonly private: boolean;
  readonly source: string | null;
  readonly comment: string | null;
  readonly createdBy: string | null;
  readonly creationDate: number | null;
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly warnings: readonly string[];
}
export interface Magnet {
  readonly infoHashes: InfoHashes;
  readonly name: string | null;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly { readonly host: string; readonly port: number }[];
  readonly exactLength: number | null;
  readonly selectOnly: readonly (readonly [number, number])[] | null;
}
export interface Session {
  readonly endpoint: { host: string; port: number } | null;
  add(options: AddOptions): Promise<Torrent>;
  torrents(): Torrent[];
  close(): Promise<void>;
}
export interface AddOptions {
  metainfo?: Metainfo;
  magnet?: Magnet;
  infoHash?: string;
  downloadDir: string;
  rootName?: string;
  peers?: readonly { host: string; port: number }[];
  trackers?: readonly string[];
  discovery?: boolean;
  sequential?: boolean;
  select?: (file: LayoutFile, path: string) => boolean;
  seedOnly?: boolean;
  existing?: "refuse" | "overwrite";
  check?: "resume" | "full" | "none";
  listener?: (event: TorrentEvent) => void;
}
export interface Torrent {
  readonly infoHashes: InfoHashes;
  readonly name: string;
  readonly metainfo: Metainfo | null;
  readonly state: TorrentState;
  stats(): TorrentStats;
  peers(): PeerInfo[];
  files(): FileProgress[];
}
export interface FileProgress {
  readonly path: string;
  readonly size: number;
  readonly have: number;
  readonly wanted: boolean;
}
export interface TorrentStats {
  readonly downloaded: number;
  readonly uploaded: number;
  readonly downRate: number;
  readonly upRate: number;
  readonly wanted: number;
  readonly have: number;
  readonly wasted: number;
  readonly peers: number;
  readonly seeds: number;
  readonly pieceCount: number;
  readonly piecesHave: number;
  readonly etaMs: number | null;
  readonly waiting: string | null;
}
export interface PeerInfo {
  readonly host: string;
  readonly port: number;
  readonly incoming: boolean;
  readonly client: string;
  readonly progress: number;
  readonly seed: boolean;
  readonly downRate: number;
  readonly upRate: number;
  readonly downloaded: number;
  readonly uploaded: number;
}
export type TorrentState =
  | "metadata"
  | "checking"
  | "downloading"
  | "finished"
  | "seeding"
  | "paused"
  | "error";
export interface ShoalError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
}
export type TorrentEvent =
  | { readonly type: "state"; readonly state: TorrentState }
  | { readonly type: "metadata" }
  | { readonly type: "checked"; readonly checkedPieces: number; readonly pieceCount: number }
  | { readonly type: "first-block" }
  | { readonly type: "piece"; readonly piece: number }
  | { readonly type: "complete" }
  | { readonly type: "error"; readonly error: ShoalError }
  | { readonly type: "warning"; readonly error: ShoalError }
  | { readonly type: "peer-connected"; readonly peer: PeerInfo }
  | { readonly type: "peer-disconnected"; readonly peer: PeerInfo; readonly reason: string | null }
  | { readonly type: "peer-complete"; readonly peer: PeerInfo }
  | { readonly type: "peer-failed"; readonly host: string; readonly port: number; readonly error: ShoalError }
  | { readonly type: "banned"; readonly host: string; readonly reason: string }
  | {
      readonly type: "tracker";
      readonly url: string;
      readonly ok: boolean;
      readonly message: string | null;
      readonly peers: number;
    };
