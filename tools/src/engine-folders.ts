import { posix } from "node:path";
import { ENGINE_FOLDERS, IMPURE_NAMES } from "./layer-table.ts";
import type { FolderRule } from "./layer-table.ts";
import type { SourceFacts } from "./scan-source.ts";

/**
 * Checks one file of the engine against the rules of its folder.
 *
 * @param file path below engine/src, with "/"
 * @returns violations as "line: text"
 */
export function checkEngineFile(file: string, facts: SourceFacts): string[] {
  const folder = folderOf(file);
  // Entry points such as index.ts name what is public, of whatever folder.
  if (folder === null) return [];
  const rule = ENGINE_FOLDERS[folder];
  if (rule === undefined) return [`1: the folder ${folder}/ is not in the layer table`];
  return [
    ...checkImports(file, folder, rule, facts),
    ...(rule.isPure === true ? checkPurity(folder, facts) : []),
    ...(rule.isTypesOnly === true && facts.runtimeLine !== null
      ? [`${facts.runtimeLine}: ${folder}/ holds types only`]
      : []),
    ...(rule.isAdapter === true ? [] : checkBuffer(facts)),
  ];
}

function checkImports(file: string, folder: string, rule: FolderRule, facts: SourceFacts): string[] {
  const found: string[] = [];
  for (const { specifier, line } of facts.imports) {
    if (specifier.startsWith(".")) {
      const target = folderOf(posix.join(posix.dirname(file), specifier));
      if (target === folder) continue;
      if (target === null || !rule.mayImport.includes(target)) {
        found.push(`${line}: ${folder}/ may not import ${target === null ? specifier : `${target}/`}`);
      }
    } else if (rule.isAdapter !== true) {
      found.push(`${line}: only node/ may import ${specifier}`);
    }
  }
  return found;
}

function checkPurity(folder: string, facts: SourceFacts): string[] {
  const names = facts.names.filter((use) => IMPURE_NAMES.includes(use.name));
  return [...names, ...facts.asyncUses].map(
    (use) => `${use.line}: ${folder}/ is pure and may not use ${use.name}`,
  );
}

function checkBuffer(facts: SourceFacts): string[] {
  return facts.names
    .filter((use) => use.name === "Buffer")
    .map((use) => `${use.line}: bytes are Uint8Array outside node/, not Buffer`);
}

/** First folder of a path below engine/src, or null for a file that lies directly there. */
function folderOf(path: string): string | null {
  const at = path.indexOf("/");
  return at < 0 ? null : path.slice(0, at);
}
