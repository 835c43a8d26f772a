import { loadEngineModules } from "../engine-modules.ts";

// The engine's public surface has neither picker nor framing, and need not have them for our sake: these shapes name only what is
// measured.

export interface Bits {
  readonly length: number;
  readonly count: number;
  get(index: number): boolean;
  set(index: number): boolean;
  clear(index: number): boolean;
  setAll(): void;
}

export interface PickerPeer {
  readonly slot: number;
  readonly have: Bits;
  readonly speed: 0 | 1 | 2;
  readonly choked: boolean;
  readonly allowedFast: ReadonlySet<number>;
  readonly snubbed: boolean;
  readonly distrusted: boolean;
  readonly inRuns: boolean;
  readonly responseMs: number;
  readonly parole: boolean;
}

export interface Picker {
  readonly isFinished: boolean;
  addPeer(peer: PickerPeer): void;
  removePeer(peer: PickerPeer): void;
  onPeerHave(peer: PickerPeer, piece: number): void;
  onPeerDontHave(peer: PickerPeer, piece: number): void;
  pick(peer: PickerPeer, n: number, now: number, out: Int32Array): number;
  onReceived(slot: number, piece: number, block: number): string;
  release(slot: number, piece: number, block: number): void;
  isPieceComplete(piece: number): boolean;
  onVerified(piece: number): void;
  setHave(piece: number): void;
}

export interface PickerLayout {
  readonly pieceCount: number;
  blockCount(piece: number): number;
  blockLength(piece: number, block: number): number;
}

interface Rng {
  below(n: number): number;
}

export interface Framing {
  push(buffer: Uint8Array, start: number, end: number): void;
}

export interface Writer {
  readonly bytes: Uint8Array;
  readonly length: number;
  handshake(reserved: Uint8Array, infoHash: Uint8Array, peerId: Uint8Array): void;
  request(piece: number, begin: number, length: number): void;
  have(piece: number): void;
}

interface Entry {
  readonly path: readonly string[];
  readonly size: number;
  readonly pad: boolean;
  readonly executable: boolean;
  readonly hidden: boolean;
  readonly symlink: null;
  readonly piecesRoot: null;
}

export interface KeyStream {
  apply(bytes: Uint8Array, start: number, end: number): void;
}

export interface Handshake {
  readonly outcome: object | null;
  onBytes(bytes: Uint8Array, start: number, end: number): number;
  takeOutput(): Uint8Array | null;
}

export interface AddressSet {
  has(host: string): boolean;
}

export interface AddressList {
  push(bytes: Uint8Array): void;
  endOfList(): void;
  ranges(): Generator<void, AddressSet>;
}

export interface EngineParts {
  readonly IpFilterReader: new () => AddressList;
  readonly Rc4: new (key: Uint8Array) => KeyStream;
  readonly MseInitiator: new (
    primitives: object,
    infoHash: Uint8Array,
    initialPayload: () => Uint8Array,
  ) => Handshake;
  readonly MseResponder: new (
    primitives: object,
    findInfoHash: (mark: Uint8Array) => Uint8Array | null,
    allowsPlain: boolean,
  ) => Handshake;
  readonly NodeRandom: new () => object;
  readonly nodeDiffieHellman: object;
  readonly Bitfield: new (length: number) => Bits;
  readonly Xoshiro128: new (seed: number) => Rng;
  readonly PiecePicker: new (
    layout: PickerLayout,
    rng: Rng,
    options: { readonly maxUnverifiedBytes: number },
  ) => Picker;
  readonly FrameReader: new (handler: object) => Framing;
  readonly MessageWriter: new (capacity: number) => Writer;
  readonly writePieceHeader: (
    target: Uint8Array,
    offset: number,
    piece: number,
    begin: number,
    length: number,
  ) => void;
  readonly decodeBencode: (bytes: Uint8Array, options: { readonly maxBytes: number }) => unknown;
  readonly planLayout: (
    kind: string,
    pieceLength: number,
    multiFile: boolean,
    entries: readonly Entry[],
  ) => { readonly pieceCount: number };
  readonly buildInfo: (planned: object, digests: object, options: object, sha256: HashFunction) => object;
  readonly encodeTorrent: (parts: object) => Uint8Array;
  readonly nodeHasher: { readonly sha1: HashFunction; readonly sha256: HashFunction };
  readonly Layout: new (
    kind: string,
    pieceLength: number,
    entries: readonly Entry[],
  ) => { readonly pieceCount: number };
}

type HashFunction = (data: Uint8Array) => Uint8Array;

const MODULES: readonly string[] = [
  "base/bitfield",
  "base/rng",
  "base/rc4",
  "core/mse/initiator",
  "core/mse/responder",
  "core/picker/piece-picker",
  "wire/frame",
  "wire/message",
  "wire/bencode",
  "meta/create",
  "meta/ip-filter-list",
  "meta/layout",
  "meta/torrent-file",
  "node/diffie-hellman",
  "node/hasher",
  "node/random",
];

export async function loadEngineParts(): Promise<EngineParts> {
  return (await loadEngineModules(MODULES)) as EngineParts;
}

/** An ordinary file in a layout. */
export function plainFile(path: readonly string[], size: number): Entry {
  return { path, size, pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };
}
