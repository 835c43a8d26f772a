import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseSync } from "oxc-parser";

const root = fileURLToPath(new URL("../..", import.meta.url));

const HOMES = ["docs", "packages", "bench", "interop", "tools"];

/** All Markdown files of the repository as paths below the root; what a user has saved beside them is none of ours. */
function documents(): string[] {
  const top = readdirSync(root).filter((name) => name.endsWith(".md"));
  return [...top, ...HOMES.flatMap((home) => documentsBelow(join(root, home)))];
}

function documentsBelow(folder: string): string[] {
  const skipped = new Set(["node_modules", "dist", "dist-test", "fixtures"]);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : documentsBelow(path);
    return entry.name.endsWith(".md") ? [relative(root, path)] : [];
  });
}

/** Text without code blocks and without comments. */
function prose(text: string): string {
  return text.replaceAll(/^```[^]*?^```/gm, "").replaceAll(/<!--[^]*?-->/g, "");
}

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```/gm)]
    .filter((m) => m[1] === language)
    .map((m) => m[2] ?? "");
}

describe("documents", () => {
  test("link only to files that exist", () => {
    const dead: string[] = [];
    for (const document of documents()) {
      const text = prose(readFileSync(join(root, document), "utf8"));
      for (const [, target] of text.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)) {
        if (target === undefined || /^[a-z]+:/.test(target)) continue;
        if (!existsSync(join(root, dirname(document), target))) dead.push(`${document} -> ${target}`);
      }
    }
    assert.deepEqual(dead, []);
  });

  test("name only npm scripts that exist", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
    const unknown: string[] = [];
    for (const document of documents()) {
      for (const [, name] of readFileSync(join(root, document), "utf8").matchAll(/npm run ([a-z][\w:-]*)/g)) {
        if (name !== undefined && !(name in manifest.scripts)) unknown.push(`${document}: npm run ${name}`);
      }
    }
    assert.deepEqual(unknown, []);
  });

  test("show examples that parse and import what the packages export", async () => {
    const problems: string[] = [];
    for (const document of documents()) {
      for (const code of blocks(readFileSync(join(root, document), "utf8"), "js")) {
        const parsed = parseSync("example.js", code, { sourceType: "module" });
        for (const error of parsed.errors) problems.push(`${document}: ${error.message}`);
        for (const { moduleRequest, entries } of parsed.module.staticImports) {
          const name = /^@shoal\/(\w+)$/.exec(moduleRequest.value)?.[1];
          if (name === undefined) continue;
          const entry = join(root, "packages", name, "dist", "index.js");
          const exported = (await import(pathToFileURL(entry).href)) as object;
          for (const { importName } of entries) {
            if (importName.name !== null && !(importName.name in exported)) {
              problems.push(`${document}: ${moduleRequest.value} does not export ${importName.name}`);
            }
          }
        }
      }
    }
    assert.deepEqual(problems, []);
  });
});
