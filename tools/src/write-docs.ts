// `npm run docs` writes the generated documents; with --check it only says which of them are out of date.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findDrift, generateDocuments } from "./documents.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const drift = await findDrift(root);
if (process.argv.includes("--check")) {
  for (const path of drift) console.error(`${path} is out of date: run npm run docs`);
  if (drift.length > 0) process.exitCode = 1;
} else {
  for (const { path, text } of await generateDocuments(root)) {
    if (!drift.includes(path)) continue;
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
