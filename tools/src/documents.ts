import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { renderErrors } from "./errors-doc.ts";
import type { ErrorTable, ExitCodeTable, OtherErrors } from "./errors-doc.ts";
import { type ReasonTable, renderReasons } from "./reasons-doc.ts";

/** A document whose text follows from the code. */
export interface GeneratedDocument {
  /** Path below the root, with "/". */
  readonly path: string;
  readonly text: string;
}

/** All generated documents as they should be, made from the compiled packages below `root`. */
export async function generateDocuments(root: string): Promise<GeneratedDocument[]> {
  const errors = await exportOf<ErrorTable>(root, "packages/engine/dist/base/errors.js", "ERROR_TABLE");
  if (errors === null) throw new Error("The engine is not built: npm run build");
  const exitCodes = await exportOf<ExitCodeTable>(root, "packages/cli/dist/exit-codes.js", "EXIT_CODES");
  const api = await exportOf<OtherErrors["api"]>(
    root,
    "packages/schema/dist/error-codes.js",
    "API_ERROR_TABLE",
  );
  const cli = await exportOf<OtherErrors["cli"]>(root, "packages/cli/dist/errors.js", "CLI_ERROR_TABLE");
  const exits = await exportOf<OtherErrors["exits"]>(root, "packages/cli/dist/errors.js", "ERROR_EXITS");
  const others = { api: api ?? {}, cli: cli ?? {}, exits: exits ?? {} };
  const reasons = await exportOf<ReasonTable>(root, "packages/engine/dist/core/reasons.js", "REASONS");
  return [
    { path: "docs/errors.md", text: renderErrors(errors, exitCodes, others) },
    ...(reasons === null ? [] : [{ path: "docs/reasons.md", text: renderReasons(reasons) }]),
  ];
}

/** Paths of the generated documents that are not on disk as they should be. */
export async function findDrift(root: string): Promise<string[]> {
  const documents = await generateDocuments(root);
  return documents
    .filter(({ path, text }) => {
      const file = join(root, path);
      return !existsSync(file) || readFileSync(file, "utf8") !== text;
    })
    .map(({ path }) => path);
}

/** One export of a compiled module, or null when the module is not there. */
async function exportOf<T>(root: string, path: string, name: string): Promise<T | null> {
  const file = join(root, path);
  if (!existsSync(file)) return null;
  const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  if (module[name] === undefined) throw new Error(`${path} does not export ${name}`);
  return module[name] as T;
}
