import assert from "node:assert/strict";
import { rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { addFiles, fakeTree } from "./fake-tree.ts";

interface PrepareModule {
  readonly modulesAreCurrent: (root: string) => boolean;
  readonly projectsOf: (project: string) => Set<string>;
  readonly sourceStamp: (root: string, project: string) => string;
  readonly outputsExist: (project: string) => boolean;
}
// Plain JavaScript, because it runs before anything is installed.
const { modulesAreCurrent, projectsOf, sourceStamp, outputsExist } = (await import(
  new URL("../prepare.js", import.meta.url).href
)) as PrepareModule;

const LOCK = {
  packages: {
    "": { version: "0.1.0" },
    "packages/a": { version: "0.1.0" },
    "node_modules/@shoal/a": { resolved: "packages/a", link: true },
    "node_modules/b": { version: "1.0.0" },
    "node_modules/for-other-systems": { version: "2.0.0", optional: true },
  },
};
const INSTALLED = {
  packages: {
    "packages/a": { version: "0.1.0" },
    "node_modules/@shoal/a": { resolved: "packages/a", link: true },
    "node_modules/b": { version: "1.0.0" },
  },
};

function installed(t: TestContext): string {
  return fakeTree(t, { "package-lock.json": LOCK, "node_modules/.package-lock.json": INSTALLED });
}

describe("modulesAreCurrent", () => {
  test("is false where nothing is installed or an install was broken off", (t) => {
    const root = fakeTree(t, { "package-lock.json": LOCK });
    assert.equal(modulesAreCurrent(root), false);
    addFiles(root, { "node_modules/b/package.json": {} });
    assert.equal(modulesAreCurrent(root), false);
  });

  test("recognises an install by hand and remembers it", (t) => {
    const root = installed(t);
    assert.equal(modulesAreCurrent(root), true);
    rmSync(join(root, "node_modules/.package-lock.json"));
    assert.equal(modulesAreCurrent(root), true);
  });

  test("is false once the lockfile asks for another version", (t) => {
    const root = installed(t);
    assert.equal(modulesAreCurrent(root), true);
    const packages = { ...LOCK.packages, "node_modules/b": { version: "1.0.1" } };
    addFiles(root, { "package-lock.json": { packages } });
    assert.equal(modulesAreCurrent(root), false);
  });
});

describe("the build", () => {
  const project = (references: string[]): unknown => ({
    compilerOptions: { tsBuildInfoFile: "dist/.tsbuildinfo" },
    include: ["src"],
    references: references.map((path) => ({ path })),
  });
  const files = {
    "packages/a/tsconfig.json": project(["../b"]),
    "packages/b/tsconfig.json": project([]),
    "packages/c/tsconfig.json": project([]),
    "packages/a/src/a.ts": "",
    "packages/b/src/deep/b.ts": "",
    "packages/c/src/c.ts": "",
  };

  test("covers a project and those it refers to", (t) => {
    const root = fakeTree(t, files);
    const found = [...projectsOf(join(root, "packages/a"))].map((path) => path.slice(root.length + 1));
    assert.deepEqual(found, ["packages/a/tsconfig.json", "packages/b/tsconfig.json"]);
  });

  test("has another stamp after a change, a new file or a touched one, in these projects only", (t) => {
    const root = fakeTree(t, files);
    const stamp = (): string => sourceStamp(root, join(root, "packages/a"));
    const first = stamp();
    addFiles(root, { "packages/c/src/c.ts": "// other project", "packages/a/src/note.txt": "not compiled" });
    assert.equal(stamp(), first);
    addFiles(root, { "packages/b/src/deep/b.ts": "// longer" });
    const second = stamp();
    assert.notEqual(second, first);
    addFiles(root, { "packages/a/src/new.ts": "" });
    const third = stamp();
    assert.notEqual(third, second);
    utimesSync(join(root, "packages/a/src/new.ts"), 1, 1);
    assert.notEqual(stamp(), third);
  });

  test("misses outputs that somebody removed", (t) => {
    const root = fakeTree(t, { ...files, "packages/a/dist/.tsbuildinfo": "" });
    assert.equal(outputsExist(join(root, "packages/a")), false);
    addFiles(root, { "packages/b/dist/.tsbuildinfo": "" });
    assert.equal(outputsExist(join(root, "packages/a")), true);
  });
});
