/**
 * Flavoured index types: a plain number may be given where one is asked for, but two different flavours do not mix,
 * so a block index can't silently stand where a piece index belongs.
 */
type Flavour<T, Name extends string> = T & { readonly __flavour?: Name };

/** Index of a piece in a torrent, from 0. */
export type PieceIndex = Flavour<number, "piece">;
/** Index of a 16 KiB block within its piece, from 0. */
export type BlockIndex = Flavour<number, "block">;
/** Index of a file in a torrent's file list, from 0; pad files count. */
export type FileIndex = Flavour<number, "file">;
/** Monotonic time in milliseconds; only differences mean anything. */
export type Millis = Flavour<number, "millis">;
/** Small integer that names a connected peer inside one torrent; reused after the peer has gone. */
export type PeerSlot = Flavour<number, "peerSlot">;
