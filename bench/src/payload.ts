import { open, rm, stat } from "node:fs/promises";
import { assertSameTree, seededBytes } from "@shoal/testkit";

const PART_BYTES = 16 * 2 ** 20;

/** Writes a file of pseudo-random bytes, part by part. Afterwards it lies in the page cache. */
export async function writeBigFile(path: string, size: number, seed: number): Promise<void> {
  const file = await open(path, "w");
  try {
    for (let at = 0, part = 1; at < size; at += PART_BYTES, part++) {
      await file.write(seededBytes(seed * 1_000 + part, Math.min(PART_BYTES, size - at)));
    }
    // Writing it back must not fall into a measurement.
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Writes a file of zeros and removes it, so that the kernel has that much memory at hand which is really there. In a virtual
 * machine the first touch of a page that the host took back costs up to ten times the write itself, and whom it hits
 * is chance.
 */
export async function warmMemory(path: string, size: number): Promise<void> {
  const part = Buffer.alloc(PART_BYTES);
  const file = await open(path, "w");
  try {
    for (let at = 0; at < size; at += PART_BYTES) await file.write(part);
  } finally {
    await file.close();
    await rm(path);
  }
}

/** Compares two files or folders byte for byte. Throws where they differ. */
export async function assertSame(actual: string, expected: string): Promise<void> {
  if ((await stat(expected)).isFile()) await assertSameFile(actual, expected);
  else await assertSameTree(actual, expected);
}

/** Without holding the files whole. */
async function assertSameFile(actual: string, expected: string): Promise<void> {
  const files = await Promise.all([open(actual), open(expected)]);
  try {
    const [left, right] = [Buffer.alloc(PART_BYTES), Buffer.alloc(PART_BYTES)];
    for (let at = 0; ;) {
      const [a, b] = await Promise.all([
        files[0].read(left, 0, PART_BYTES, at),
        files[1].read(right, 0, PART_BYTES, at),
      ]);
      if (a.bytesRead !== b.bytesRead || left.compare(right, 0, b.bytesRead, 0, a.bytesRead) !== 0) {
        throw new Error(
          `${actual} is not ${expected}: they differ between bytes ${at} and ${at + PART_BYTES}`,
        );
      }
      if (a.bytesRead === 0) return;
      at += a.bytesRead;
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}
