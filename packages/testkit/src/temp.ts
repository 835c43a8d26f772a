import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetDir, watchDir } from "./reaper.ts";

/** Something with an `after` hook: a test context, or node:test's own `after`. */
export interface Teardown {
  after(run: () => Promise<void> | void): void;
}

/** Makes a temporary folder that is removed after the test, also when the test fails or the process is killed. */
export function makeTempDir(t: Teardown, label: string = "dir"): string {
  const dir = claimTempDir(label);
  t.after(() => removeTempDir(dir));
  return dir;
}

/** Without a test context: the folder goes with `removeTempDir`, at the latest with the process. */
export function claimTempDir(label: string): string {
  const dir = mkdtempSync(join(process.env["SHOAL_TEST_TMP"] ?? tmpdir(), `shoal-test-${label}-`));
  watchDir(dir);
  return dir;
}

export async function removeTempDir(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  forgetDir(dir);
}
