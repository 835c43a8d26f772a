import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findDrift } from "../dist/documents.js";
import { renderErrors } from "../dist/errors-doc.js";
import { fakeTree } from "./fake-tree.ts";

const ENGINE = 'export const ERROR_TABLE = { ERR_A: "First" };\n';

test("the generated documents are up to date", async () => {
  assert.deepEqual(await findDrift(fileURLToPath(new URL("../..", import.meta.url))), []);
});

test("renderErrors lists codes of all tables as given, and exit codes by number", () => {
  const text = renderErrors(
    { ERR_B: "One | two", ERR_A: "Three" },
    {
      late: { code: 9, meaning: "Nine", fix: "Wait" },
      early: { code: 2, meaning: "Two", fix: "Try\nagain" },
    },
    {
      api: { ERR_A: { status: 400 }, ERR_C: { status: 409, meaning: "Four" } },
      cli: { ERR_D: "Five" },
      exits: { ERR_A: "late", ERR_D: "early" },
    },
  );
  assert.match(
    text,
    /\| `ERR_B` \| One \\\| two \| {2}\| {2}\|\n\| `ERR_A` \| Three \| 400 \| 9 \|\n\| `ERR_C` \| Four \| 409 \| {2}\|\n\| `ERR_D` \| Five \| {2}\| 2 \|\n/,
  );
  assert.match(text, /\| 2 \| `early` \| Two \| Try again \|\n\| 9 \| `late` \| Nine \| Wait \|\n$/);
});

test("renderErrors says nothing of exit codes when there are none", () => {
  assert.doesNotMatch(renderErrors({ ERR_A: "First" }, null), /Exit codes/);
});

test("findDrift names a document that is missing or differs", async (t) => {
  const module = { "packages/engine/dist/base/errors.js": ENGINE, "package.json": { type: "module" } };
  assert.deepEqual(await findDrift(fakeTree(t, module)), ["docs/errors.md"]);
  assert.deepEqual(await findDrift(fakeTree(t, { ...module, "docs/errors.md": "old\n" })), [
    "docs/errors.md",
  ]);
  const current = renderErrors({ ERR_A: "First" }, null);
  assert.deepEqual(await findDrift(fakeTree(t, { ...module, "docs/errors.md": current })), []);
});
