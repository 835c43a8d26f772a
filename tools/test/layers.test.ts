import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { findCycle } from "../dist/find-cycle.js";
import { ENGINE_FOLDERS, PACKAGES } from "../dist/layer-table.js";
import { checkLayers } from "../dist/layers.js";
import { fakeTree } from "./fake-tree.ts";
import type { Files } from "./fake-tree.ts";

const MANIFESTS = {
  "packages/engine/package.json": { name: "@shoal/engine", devDependencies: { "@shoal/testkit": "0.1.0" } },
  "packages/testkit/package.json": { name: "@shoal/testkit", dependencies: { "@shoal/engine": "0.1.0" } },
  "packages/schema/package.json": { name: "@shoal/schema" },
  "packages/cli/package.json": { name: "@shoal/cli", dependencies: { "@shoal/engine": "0.1.0" } },
};

function violations(t: TestContext, files: Files): string[] {
  return checkLayers(fakeTree(t, { ...MANIFESTS, ...files }));
}

/** One engine file with this text must be refused with this one line. */
function refused(t: TestContext, file: string, text: string, expected: string): void {
  assert.deepEqual(violations(t, { [`packages/engine/src/${file}`]: text }), [
    `packages/engine/src/${expected}`,
  ]);
}

function accepted(t: TestContext, file: string, text: string): void {
  assert.deepEqual(violations(t, { [`packages/engine/src/${file}`]: text }), []);
}

test("the repository keeps its own layers", () => {
  assert.deepEqual(checkLayers(fileURLToPath(new URL("../..", import.meta.url))), []);
});

describe("layer table", () => {
  test("names only packages that it lists, without a cycle", () => {
    const graph: Map<string, string[]> = new Map();
    for (const [name, rule] of Object.entries(PACKAGES)) {
      const edges =
        rule.mayImport === "all" ? [] : rule.mayImport.map((to) => to.replace(/^(@[^/]+\/[^/]+).*/, "$1"));
      for (const to of edges) assert.ok(to in PACKAGES, to);
      graph.set(name, edges);
    }
    assert.equal(findCycle(graph), null);
  });

  test("lists engine folders in order", () => {
    const names = Object.keys(ENGINE_FOLDERS);
    for (const [at, rule] of Object.values(ENGINE_FOLDERS).entries()) {
      for (const to of rule.mayImport) assert.ok(names.indexOf(to) < at, `${names[at]} imports ${to}`);
    }
  });
});

describe("findCycle", () => {
  test("names the nodes on the cycle and not those that lead to it", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "d"]],
      ["c", []],
      ["d", ["b"]],
    ]);
    assert.deepEqual(findCycle(graph), ["b", "d", "b"]);
  });

  test("finds none where paths only meet", () => {
    assert.equal(
      findCycle(
        new Map([
          ["a", ["b", "c"]],
          ["b", ["d"]],
          ["c", ["d"]],
          ["d", []],
        ]),
      ),
      null,
    );
  });

  test("finds a node that points at itself", () => {
    assert.deepEqual(findCycle(new Map([["a", ["a"]]])), ["a", "a"]);
  });
});

describe("checkLayers between packages", () => {
  test("accepts the edges of the table", (t) => {
    const cli = 'import { createSession } from "@shoal/engine";\n';
    const engineTest =
      'import { tempFolder } from "@shoal/testkit";\nimport { a } from "../dist/index.js";\n';
    assert.deepEqual(
      violations(t, { "packages/cli/src/main.ts": cli, "packages/engine/test/a.test.ts": engineTest }),
      [],
    );
  });

  test("refuses a dependency that the table does not have", (t) => {
    const manifest = { name: "@shoal/schema", dependencies: { "@shoal/engine": "0.1.0" } };
    assert.deepEqual(violations(t, { "packages/schema/package.json": manifest }), [
      "packages/schema/package.json: @shoal/schema may not depend on @shoal/engine",
    ]);
  });

  test("refuses a development dependency on more than the test packages", (t) => {
    const manifest = {
      name: "@shoal/schema",
      devDependencies: { "@shoal/testkit": "0.1.0", "@shoal/cli": "0.1.0" },
    };
    assert.deepEqual(violations(t, { "packages/schema/package.json": manifest }), [
      "packages/schema/package.json: @shoal/schema may not depend on @shoal/cli",
    ]);
  });

  test("refuses an import upwards, in every form", (t) => {
    const forms = [
      'import { a } from "@shoal/cli";',
      'export { a } from "@shoal/cli";',
      'export * from "@shoal/cli";',
      'import type { A } from "@shoal/cli";',
      'export const a: unknown = await import("@shoal/cli");',
      'export type A = import("@shoal/cli").A;',
      'import "@shoal/cli/deep";',
    ];
    for (const form of forms) {
      const found = violations(t, { "packages/schema/src/a.ts": `\n${form}\n` });
      assert.equal(found.length, 1, form);
      assert.match(
        found[0] ?? "",
        /^packages\/schema\/src\/a\.ts:2: @shoal\/schema may not import @shoal\/cli/,
        form,
      );
    }
  });

  test("keeps test packages out of sources", (t) => {
    assert.deepEqual(violations(t, { "packages/cli/src/a.ts": 'import "@shoal/testkit";\n' }), [
      "packages/cli/src/a.ts:1: @shoal/cli may not import @shoal/testkit",
    ]);
  });

  test("allows the hub one entry point of the engine", (t) => {
    const manifest = { name: "@shoal/hub", dependencies: { "@shoal/engine": "0.1.0" } };
    const files = {
      "packages/hub/package.json": manifest,
      "packages/hub/src/a.ts": 'import "@shoal/engine/codecs";\nimport "@shoal/engine";\n',
    };
    assert.deepEqual(violations(t, files), [
      "packages/hub/src/a.ts:2: @shoal/hub may not import @shoal/engine",
    ]);
  });

  test("refuses a package that is not in the table, and one in another folder", (t) => {
    const files = {
      "packages/extra/package.json": { name: "@shoal/extra" },
      "packages/schema/package.json": { name: "@shoal/server" },
    };
    assert.deepEqual(violations(t, files), [
      "packages/extra/package.json: @shoal/extra in this folder is not in the layer table",
      "packages/schema/package.json: @shoal/server in this folder is not in the layer table",
    ]);
  });

  test("refuses paths that leave the package or its src", (t) => {
    const text = 'import "../../engine/src/index.ts";\nimport "../test/a.ts";\n';
    assert.deepEqual(violations(t, { "packages/cli/src/a.ts": text }), [
      "packages/cli/src/a.ts:1: ../../engine/src/index.ts leaves the package: import it by its name",
      "packages/cli/src/a.ts:2: ../test/a.ts leaves src",
    ]);
  });

  test("refuses packages that need each other", (t) => {
    const files = {
      "tools/package.json": { name: "@shoal/tools", dependencies: { "@shoal/bench": "0.1.0" } },
      "bench/package.json": { name: "@shoal/bench", dependencies: { "@shoal/tools": "0.1.0" } },
    };
    assert.deepEqual(violations(t, files), [
      "package.json: packages import each other: @shoal/bench -> @shoal/tools -> @shoal/bench",
    ]);
  });

  test("refuses files that import each other, types included", (t) => {
    const files = {
      "packages/cli/src/a.ts": 'import { b } from "./b.ts";\n',
      "packages/cli/src/b.ts": 'import type { A } from "./a.ts";\n',
    };
    assert.deepEqual(violations(t, files), [
      "packages/cli/src/a.ts: files import each other: " +
        "packages/cli/src/a.ts -> packages/cli/src/b.ts -> packages/cli/src/a.ts",
    ]);
  });

  test("reports a file that can't be parsed and goes on", (t) => {
    const files = { "packages/cli/src/a.ts": "const = 1;\n", "packages/cli/src/b.ts": 'import "fs";\n' };
    assert.deepEqual(violations(t, files), [
      "packages/cli/src/a.ts: can't be parsed",
      "packages/cli/src/b.ts:1: write node:fs instead of fs",
    ]);
  });

  test("asks for the node: prefix", (t) => {
    assert.deepEqual(violations(t, { "packages/cli/src/a.ts": 'import "fs";\n' }), [
      "packages/cli/src/a.ts:1: write node:fs instead of fs",
    ]);
  });
});

describe("checkLayers within the engine", () => {
  test("accepts a folder that stands on those before it", (t) => {
    accepted(
      t,
      "core/picker/picker.ts",
      'import "../../base/a.ts";\nimport "../../meta/a.ts";\nimport "./b.ts";\n',
    );
    accepted(t, "index.ts", 'export * from "./api/session.ts";\nexport * from "./base/errors.ts";\n');
  });

  test("refuses a folder that imports a later one", (t) => {
    refused(t, "base/a.ts", 'import "../wire/b.ts";\n', "base/a.ts:1: base/ may not import wire/");
    refused(t, "wire/a.ts", 'import "../meta/b.ts";\n', "wire/a.ts:1: wire/ may not import meta/");
    refused(
      t,
      "core/x/a.ts",
      'import type { N } from "../../ports/b.ts";\n',
      "core/x/a.ts:1: core/ may not import ports/",
    );
    refused(t, "core/a.ts", 'import "../node/b.ts";\n', "core/a.ts:1: core/ may not import node/");
    refused(t, "session/a.ts", 'import "../api/b.ts";\n', "session/a.ts:1: session/ may not import api/");
    refused(t, "api/a.ts", 'import "../index.ts";\n', "api/a.ts:1: api/ may not import ../index.ts");
  });

  test("refuses ports that know of more than base and meta, or hold code", (t) => {
    accepted(
      t,
      "ports/a.ts",
      'import type { B } from "../meta/b.ts";\nexport interface A { b: Promise<B> }\n',
    );
    refused(
      t,
      "ports/a.ts",
      'import type { B } from "../core/b.ts";\n',
      "ports/a.ts:1: ports/ may not import core/",
    );
    refused(t, "ports/a.ts", "\nexport const a: number = 1;\n", "ports/a.ts:2: ports/ holds types only");
  });

  test("keeps Node and packages in node/", (t) => {
    accepted(t, "node/a.ts", 'import "node:net";\nexport const a: unknown = Buffer.alloc(1);\n');
    refused(t, "session/a.ts", 'import "node:net";\n', "session/a.ts:1: only node/ may import node:net");
    refused(t, "wire/a.ts", 'import "left-pad";\n', "wire/a.ts:1: only node/ may import left-pad");
    refused(
      t,
      "api/a.ts",
      "export type A = Buffer;\n",
      "api/a.ts:1: bytes are Uint8Array outside node/, not Buffer",
    );
  });

  test("refuses time, chance and waiting in pure folders", (t) => {
    const uses: Readonly<Record<string, string>> = {
      "setTimeout(f, 1);": "setTimeout",
      "const a = Date.now();": "Date.now",
      "const a = new Date();": "Date.now",
      'const a = Math["random"]();': "Math.random",
      "const a = () => Promise.resolve();": "Promise",
      "type A = Promise<void>;": "Promise",
      "async function f() {}": "async",
      "class A { async f() {} }": "async",
      "await f;": "await",
      "for await (const a of b) f(a);": "await",
      "const a = { Promise };": "Promise",
      "const a = process.env;": "process",
      "globalThis.x = 1;": "globalThis",
    };
    for (const folder of ["base", "wire", "meta", "core"]) {
      for (const [text, name] of Object.entries(uses)) {
        const found = violations(t, { [`packages/engine/src/${folder}/a.ts`]: text });
        assert.ok(found.length > 0, `${folder}: ${text}`);
        assert.match(
          found[0] ?? "",
          new RegExp(`:1: ${folder}/ is pure and may not use (for )?${name}$`),
          text,
        );
      }
    }
  });

  test("is not misled by members, comments and texts", (t) => {
    const text = [
      "// setTimeout(f, 1); Date.now()",
      'const a = "await Promise.resolve()";',
      "const b = { process: 1, setTimeout() {} }.process;",
      "const c = new Date(5);",
      "class D { fetch(): void {} performance = 1; }",
      "const e = this.queueMicrotask;",
      "const f = Math.max(1, Math.floor(2));",
    ].join("\n");
    accepted(t, "core/a.ts", text);
    accepted(t, "session/a.ts", "export async function f(): Promise<number> { return Date.now(); }\n");
  });

  test("refuses a folder that is not in the table", (t) => {
    refused(t, "util/a.ts", "", "util/a.ts:1: the folder util/ is not in the layer table");
  });
});
