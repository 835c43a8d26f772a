import { performance } from "node:perf_hooks";
import { assertInside, assertInsideSync, ensureFolderSync } from "./safe-folder.ts";

/** How long a folder that was found inside its root is taken for granted. */
const TRUST_MS = 1000;
const MAX_KNOWN = 4096;

/**
 * The checks of safe-folder.ts for files by the thousand: a folder is looked at once a second, not once for each of its
 * files. What is planted within that second could as well have been planted between a look and the use of it.
 */
export class InsideFolders {
  readonly #root: string;
  readonly #knownUntil: Map<string, number> = new Map();

  constructor(root: string) {
    this.#root = root;
  }

  /** Was looked at just now: `assert` may be left out. */
  isKnown(folder: string): boolean {
    return (this.#knownUntil.get(folder) ?? 0) > performance.now();
  }

  /** Throws ERR_PATH when `folder` really lies outside the root, ENOENT when it is missing. */
  assertSync(folder: string): void {
    if (this.isKnown(folder)) return;
    assertInsideSync(this.#root, folder);
    this.#know(folder);
  }

  /** `assertSync` without blocking. */
  async assert(folder: string): Promise<void> {
    if (this.isKnown(folder)) return;
    await assertInside(this.#root, folder);
    this.#know(folder);
  }

  /** Creates `folder` and what is missing above it. Throws ERR_PATH when a link leads out of the root. */
  ensureSync(folder: string): void {
    if (this.isKnown(folder)) return;
    ensureFolderSync(this.#root, folder);
    this.#know(folder);
  }

  /** Forgets a folder that turned out to be gone. */
  forget(folder: string): void {
    this.#knownUntil.delete(folder);
  }

  #know(folder: string): void {
    if (this.#knownUntil.size >= MAX_KNOWN) this.#knownUntil.clear();
    this.#knownUntil.set(folder, performance.now() + TRUST_MS);
  }
}
