import { existsSync, readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative, sep } from "node:path";
import { checkEngineFile } from "./engine-folders.ts";
import { findCycle } from "./find-cycle.ts";
import { FOR_TESTS, PACKAGES } from "./layer-table.ts";
import type { PackageRule } from "./layer-table.ts";
import { scanSource } from "./scan-source.ts";
import type { ImportUse } from "./scan-source.ts";

/** Only what the check reads. */
interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Workspace {
  readonly name: string;
  readonly folder: string;
  readonly rule: PackageRule;
  readonly manifest: Manifest;
}

const OURS = "@shoal/";
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set([
  "node_modules",
  "dist",
  "dist-test",
  "foreign",
  "fixtures",
]);

/**
 * Checks every package.json and every import below `root` against the tables in layer-table.ts.
 *
 * @returns one line per violation, each beginning with the file; empty when all is well
 */
export function checkLayers(root: string): string[] {
  const found: string[] = [];
  const workspaces = readWorkspaces(root, found);
  const packageGraph: Map<string, string[]> = new Map();
  for (const workspace of workspaces) {
    packageGraph.set(workspace.name, checkManifest(workspace, found));
    checkSources(root, workspace, found);
  }
  const cycle = findCycle(packageGraph);
  if (cycle !== null) found.push(`package.json: packages import each other: ${cycle.join(" -> ")}`);
  return found;
}

function readWorkspaces(root: string, found: string[]): Workspace[] {
  const folders = existsSync(join(root, "packages"))
    ? readdirSync(join(root, "packages")).map((name) => `packages/${name}`)
    : [];
  const workspaces: Workspace[] = [];
  for (const folder of [...folders, "bench", "interop", "tools"]) {
    const path = join(root, folder, "package.json");
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    const rule = PACKAGES[manifest.name];
    if (rule === undefined || rule.folder !== folder) {
      found.push(`${folder}/package.json: ${manifest.name} in this folder is not in the layer table`);
    } else workspaces.push({ name: manifest.name, folder, rule, manifest });
  }
  return workspaces;
}

/** @returns the packages of ours that this one needs at run time */
function checkManifest(workspace: Workspace, found: string[]): string[] {
  const { manifest, rule } = workspace;
  const ours = (names: Readonly<Record<string, string>> | undefined): string[] =>
    Object.keys(names ?? {}).filter((name) => name.startsWith(OURS));
  const runtime = [
    ...ours(manifest.dependencies),
    ...ours(manifest.peerDependencies),
    ...ours(manifest.optionalDependencies),
  ];
  const refuse = (name: string): void => {
    found.push(`${workspace.folder}/package.json: ${workspace.name} may not depend on ${name}`);
  };
  for (const name of runtime) if (!mayDependOn(rule, name)) refuse(name);
  for (const name of ours(manifest.devDependencies)) {
    if (!mayDependOn(rule, name) && !FOR_TESTS.includes(name)) refuse(name);
  }
  return runtime;
}

/** A package of which only one entry point may be imported may be depended on. */
function mayDependOn(rule: PackageRule, name: string): boolean {
  return rule.mayImport === "all" || rule.mayImport.some((allowed) => packageOf(allowed) === name);
}

function checkSources(root: string, workspace: Workspace, found: string[]): void {
  const fileGraph: Map<string, string[]> = new Map();
  for (const path of sourcesBelow(join(root, workspace.folder))) {
    const file = relative(root, path).split(sep).join("/");
    const within = relative(workspace.folder, file).split(sep).join("/");
    const facts = scanSource(file, readFileSync(path, "utf8"));
    if (facts === null) {
      found.push(`${file}: can't be parsed`);
      continue;
    }
    const edges: string[] = [];
    for (const use of facts.imports) {
      const problem = checkImport(workspace, within, use);
      if (problem !== null) found.push(`${file}:${use.line}: ${problem}`);
      if (use.specifier.startsWith(".")) edges.push(posix.join(dirname(file), use.specifier));
    }
    fileGraph.set(file, edges);
    if (workspace.name === "@shoal/engine" && within.startsWith("src/")) {
      found.push(
        ...checkEngineFile(within.slice("src/".length), facts).map((problem) => `${file}:${problem}`),
      );
    }
  }
  const cycle = findCycle(fileGraph);
  if (cycle !== null) found.push(`${cycle[0]}: files import each other: ${cycle.join(" -> ")}`);
}

function checkImport(workspace: Workspace, file: string, use: ImportUse): string | null {
  const { specifier } = use;
  const isTest = file.startsWith("test/");
  if (specifier.startsWith(".")) {
    const target = posix.join(dirname(file), specifier);
    if (target.startsWith("../")) return `${specifier} leaves the package: import it by its name`;
    if (file.startsWith("src/") && !target.startsWith("src/")) return `${specifier} leaves src`;
    return null;
  }
  if (!specifier.startsWith(OURS)) {
    const isBare = builtinModules.includes(specifier);
    return isBare ? `write node:${specifier} instead of ${specifier}` : null;
  }
  const name = packageOf(specifier);
  if (PACKAGES[name] === undefined) return `${name} is not in the layer table`;
  if (name === workspace.name)
    return isTest ? null : `${specifier} is the package itself: use a relative path`;
  const { mayImport } = workspace.rule;
  if (mayImport === "all" || mayImport.includes(name) || mayImport.includes(specifier)) return null;
  if (isTest && FOR_TESTS.includes(name)) return null;
  return `${workspace.name} may not import ${specifier}`;
}

function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, 2).join("/");
}

function sourcesBelow(folder: string): string[] {
  const files: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) files.push(...sourcesBelow(path));
    else if (entry.isFile() && /\.([cm]?[jt]s|tsx)$/.test(entry.name)) files.push(path);
  }
  return files.sort();
}
