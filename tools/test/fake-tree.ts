import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

/** Files by path; a value that is not a string is written as JSON. */
export type Files = Readonly<Record<string, unknown>>;

/** Writes a small repository into a fresh folder that is removed after the test. */
export function fakeTree(t: TestContext, files: Files): string {
  const root = mkdtempSync(join(tmpdir(), "shoal-tree-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  addFiles(root, files);
  return root;
}

/** Writes or replaces files below `root`. */
export function addFiles(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}
