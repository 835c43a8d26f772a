/**
 * Shared-memory rings between the main thread and one disk worker: requests one way, completions the other.
 * Both sides know the same bound on operations under way (RING_SLOTS), so neither ring can overflow.
 * Strings and long digests travel on a MessagePort beside it, posted before the ring entry that speaks of them.
 */

/** Most operations under way with one worker. A power of two. */
export const RING_SLOTS = 1024;
/** 32-bit fields of a request: id, kind, storage, piece, begin, arena offset, length, spare. */
export const REQUEST_FIELDS = 8;
/** 32-bit fields of a completion: id, flags, spare, then 20 bytes of SHA-1 and 32 of Merkle root. */
export const COMPLETION_FIELDS = 16;
/** Byte offset of the SHA-1 in a completion; the root follows it. */
export const DIGEST_OFFSET = 12;

/** Indices into `control`. */
export const REQUEST_TAIL = 0;
export const COMPLETION_TAIL = 1;
export const MAIN_SLEEPS = 2;

/** Kinds of request. Every one of them is answered. */
export const OP_OPEN = 1;
export const OP_CLOSE = 2;
export const OP_WRITE = 3;
export const OP_HASH = 4;
export const OP_FORGET = 5;
export const OP_TAKE_DIRTY = 6;
export const OP_EXIT = 7;
/** `piece` and `begin` are the first file and the one after the last. */
export const OP_STAT = 8;
export const OP_PREPARE = 9;
/** The arena offset is one in the memory for reads. */
export const OP_READ = 10;

/** Bit of a prepare request's `length`. */
export const TRUNCATE_LONGER = 1;

/** Bits of a hash request's `begin`. */
export const WANT_SHA1 = 1;
export const WANT_MERKLE = 2;
export const WANT_LEAVES = 4;

/** Flags of a completion. */
export const FLAG_FAULT = 1;
export const FLAG_SHA1 = 2;
export const FLAG_ROOT = 4;
/** A message with leaves, file numbers or stats waits on the port. */
export const FLAG_PAYLOAD = 8;

export interface DiskChannel {
  readonly control: Int32Array;
  readonly requests: Int32Array;
  readonly completions: Int32Array;
}

export function createChannel(): DiskChannel {
  return {
    control: new Int32Array(new SharedArrayBuffer(64)),
    requests: new Int32Array(new SharedArrayBuffer(RING_SLOTS * REQUEST_FIELDS * 4)),
    completions: new Int32Array(new SharedArrayBuffer(RING_SLOTS * COMPLETION_FIELDS * 4)),
  };
}
