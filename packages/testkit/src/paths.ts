import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let root: string | null = null;

/** Absolute path of the checkout: the nearest folder upwards that holds the workspace's lockfile. */
export function repoRoot(): string {
  if (root !== null) return root;
  let at = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    if (existsSync(join(at, "package-lock.json")) && existsSync(join(at, "packages"))) break;
    const up = dirname(at);
    if (up === at) throw new Error("the testkit does not lie in a checkout of the workspace");
    at = up;
  }
  root = at;
  return root;
}

/**
 * Folder of the shared test vectors (`torrents/` lies in it), or null where it is absent: the tests that need it
 * skip then. `SHOAL_VECTORS` names another place.
 */
export function sharedVectors(): string | null {
  const path = process.env["SHOAL_VECTORS"] ?? join(repoRoot(), "..", "shared", "vectors");
  return existsSync(join(path, "torrents")) ? path : null;
}

/** Path of a file in the testkit's `fixtures/` folder. */
export function fixturePath(name: string): string {
  return join(repoRoot(), "packages", "testkit", "fixtures", name);
}
