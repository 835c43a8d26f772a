/**
 * Who may import whom. These tables are the map of the house, docs/architecture.md tells the reasons; the check in
 * layers.ts fails on an edge that is not here. Packages that do not exist yet are listed, so that the order is settled.
 */

/** One workspace: where it lies and which of our packages its `src` may import. */
export interface PackageRule {
  readonly folder: string;
  /** Names of packages, or of one entry point of a package ("@shoal/engine/codecs"); "all" for the workshop. */
  readonly mayImport: readonly string[] | "all";
}

export const PACKAGES: Readonly<Record<string, PackageRule>> = {
  "@shoal/engine": { folder: "packages/engine", mayImport: [] },
  "@shoal/sim": { folder: "packages/sim", mayImport: ["@shoal/engine"] },
  "@shoal/network": { folder: "packages/network", mayImport: ["@shoal/engine"] },
  "@shoal/schema": { folder: "packages/schema", mayImport: [] },
  "@shoal/server": { folder: "packages/server", mayImport: ["@shoal/schema"] },
  "@shoal/hub": {
    folder: "packages/hub",
    mayImport: ["@shoal/engine/codecs", "@shoal/schema", "@shoal/server"],
  },
  "@shoal/daemon": {
    folder: "packages/daemon",
    mayImport: ["@shoal/engine", "@shoal/network", "@shoal/schema", "@shoal/server"],
  },
  "@shoal/classroom": { folder: "packages/classroom", mayImport: ["@shoal/engine"] },
  "@shoal/cli": {
    folder: "packages/cli",
    mayImport: ["@shoal/schema", "@shoal/daemon", "@shoal/hub", "@shoal/classroom", "@shoal/engine"],
  },
  "@shoal/web": { folder: "packages/web", mayImport: ["@shoal/schema"] },
  "@shoal/testkit": { folder: "packages/testkit", mayImport: "all" },
  "@shoal/bench": { folder: "bench", mayImport: "all" },
  "@shoal/interop": { folder: "interop", mayImport: "all" },
  "@shoal/tools": { folder: "tools", mayImport: "all" },
};

/** Any test, whatever its package, may import these too. */
export const FOR_TESTS: readonly string[] = ["@shoal/testkit", "@shoal/sim"];

/** One folder of engine/src; it imports only from itself and from `mayImport`. */
export interface FolderRule {
  readonly mayImport: readonly string[];
  /** No time, chance, waiting or world: the same input gives the same output. */
  readonly isPure?: boolean;
  /** Declares shapes; nothing of it is left when the types are erased. */
  readonly isTypesOnly?: boolean;
  /** The adapters to Node: `node:` modules, Buffer and packages from the registry are used here and nowhere else. */
  readonly isAdapter?: boolean;
}

/** In order: a folder stands on those before it. Files directly in engine/src are entry points and import any. */
export const ENGINE_FOLDERS: Readonly<Record<string, FolderRule>> = {
  base: { mayImport: [], isPure: true },
  wire: { mayImport: ["base"], isPure: true },
  meta: { mayImport: ["base", "wire"], isPure: true },
  core: { mayImport: ["base", "wire", "meta"], isPure: true },
  ports: { mayImport: ["base", "meta"], isTypesOnly: true },
  node: { mayImport: ["base", "wire", "meta", "core", "ports"], isAdapter: true },
  session: { mayImport: ["base", "wire", "meta", "core", "ports", "node"] },
  api: { mayImport: ["base", "wire", "meta", "core", "ports", "node", "session"] },
};

/** Names that a pure folder does not use, as values or as types. */
export const IMPURE_NAMES: readonly string[] = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
  "Promise",
  "PromiseLike",
  "Date.now",
  "Math.random",
  "performance",
  "process",
  "crypto",
  "fetch",
  "console",
  "globalThis",
];
