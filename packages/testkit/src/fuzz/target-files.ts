import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repoRoot } from "../paths.ts";
import type { FuzzTarget } from "./target.ts";

const SUFFIX = ".fuzz.ts";

/** A target and where its things lie. */
export interface FoundTarget {
  readonly target: FuzzTarget;
  /** The compiled module that exports it in `targets`. */
  readonly module: string;
  /** Folder of the inputs that are kept for it. */
  readonly fixtures: string;
}

/** An input that is kept: found by a run, or the reason for a fix. */
export interface Fixture {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** All targets: what the modules `packages/<package>/test/fuzz/<name>.fuzz.ts` export as `targets`, by name. */
export async function findTargets(): Promise<FoundTarget[]> {
  const found: FoundTarget[] = [];
  const packages = join(repoRoot(), "packages");
  for (const name of readdirSync(packages).sort()) {
    const folder = join(packages, name, "test", "fuzz");
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith(SUFFIX)) continue;
      const compiled = `${file.slice(0, -".ts".length)}.js`;
      const module = pathToFileURL(join(packages, name, "dist-test", "fuzz", compiled)).href;
      for (const target of await loadTargets(module))
        found.push({ target, module, fixtures: join(folder, "fixtures", target.name) });
    }
  }
  return found.sort((a, b) => (a.target.name < b.target.name ? -1 : 1));
}

export async function loadTargets(module: string): Promise<readonly FuzzTarget[]> {
  return ((await import(module)) as { readonly targets: readonly FuzzTarget[] }).targets;
}

export function readFixtures(folder: string): Fixture[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ path: join(folder, name), bytes: new Uint8Array(readFileSync(join(folder, name))) }));
}

/** Keeps an input; its name says what it is and depends on its content. Returns the path. */
export function writeFixture(folder: string, kind: "crash" | "corpus", bytes: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${kind}-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.bin`);
  writeFileSync(path, bytes);
  return path;
}

/** Whether a script is what the targets are there to test: the compiled sources of our packages. */
export function isUnderTest(url: string): boolean {
  return /\/packages\/(?!testkit\/)[^/]+\/dist\//.test(url);
}
