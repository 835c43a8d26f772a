import { BLOCK_SIZE } from "../meta/layout.ts";
import { PIECE_HEADER_BYTES } from "../wire/message.ts";

/** Blocks that are read and sent together: 256 KiB. */
const RUN_BLOCKS = 16;
export const RUN_BYTES: number = RUN_BLOCKS * BLOCK_SIZE;

const BUFFER_BYTES = RUN_BLOCKS * (PIECE_HEADER_BYTES + BLOCK_SIZE);

/** Reused buffers for runs of blocks with their message headers, so that sending allocates nothing. */
export class UploadBuffers {
  readonly #free: Uint8Array[] = [];
  readonly #keep: number;

  /** `keep` is how many unused buffers are held on to. */
  constructor(keep: number = 32) {
    this.#keep = keep;
  }

  /** A buffer of at least `bytes`. Only unusually small requests need more than the usual size. */
  take(bytes: number): Uint8Array {
    if (bytes > BUFFER_BYTES) return new Uint8Array(bytes);
    return this.#free.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  give(buffer: Uint8Array): void {
    if (buffer.length === BUFFER_BYTES && this.#free.length < this.#keep) this.#free.push(buffer);
  }
}
