import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";

const STEP_BYTES = 1024 * 1024;
const ZEROS: Buffer = Buffer.alloc(STEP_BYTES);

/**
 * Copies `length` bytes from one file to another. Returns how many there were: less when the source ends before. With
 * `overHole` nothing is in the target yet, and zeros stay a hole there. Throws the signal's reason between two steps.
 */
export async function copyRange(
  source: FileHandle,
  from: number,
  target: FileHandle,
  to: number,
  length: number,
  how: { readonly overHole: boolean; readonly signal?: AbortSignal; onStep?(bytes: number): void },
): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(length, STEP_BYTES));
  for (let done = 0; done < length;) {
    how.signal?.throwIfAborted();
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, length - done), from + done);
    if (bytesRead === 0) return done;
    const isHole = how.overHole && buffer.compare(ZEROS, 0, bytesRead, 0, bytesRead) === 0;
    for (let written = isHole ? bytesRead : 0; written < bytesRead;) {
      const step = await target.write(buffer, written, bytesRead - written, to + done + written);
      written += step.bytesWritten;
    }
    done += bytesRead;
    how.onStep?.(bytesRead);
  }
  return length;
}
