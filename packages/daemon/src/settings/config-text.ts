import {
  applyEdits,
  getNodeValue,
  type JSONPath,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/** One value of a configuration, and where it stands. */
export interface ConfigEntry {
  /** "limits.slow.down". */
  readonly key: string;
  readonly path: JSONPath;
  readonly value: unknown;
  /** From 1. */
  readonly line: number;
}

/** Text that is no configuration. */
export class ConfigSyntaxError extends Error {
  override readonly name = "ConfigSyntaxError";
  /** From 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

const FORMATTING = { insertSpaces: true, tabSize: 2, eol: "\n" };
const MAX_DEPTH = 8;

/** The values of a text of JSON with comments; objects in it are levels of the keys. Throws ConfigSyntaxError. */
export function readConfig(text: string): ConfigEntry[] {
  if (text.trim() === "") return [];
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined)
    throw new ConfigSyntaxError(words(printParseErrorCode(error.error)), lineOf(text, error.offset));
  if (tree === undefined) return [];
  if (tree.type !== "object")
    throw new ConfigSyntaxError("it must be an object in braces", lineOf(text, tree.offset));
  const entries: ConfigEntry[] = [];
  collect(tree, [], text, entries);
  return entries;
}

/** The text with the value changed in place, or taken out when it is undefined; all else stays as it is. Throws ConfigSyntaxError. */
export function editConfig(text: string, key: string, value: unknown): string {
  const present = readConfig(text).findLast((entry) => entry.key === key);
  if (present === undefined && value === undefined) return text;
  const path = present?.path ?? key.split(".");
  const start = text.trim() === "" ? "{}\n" : text;
  return applyEdits(start, modify(start, path, value, { formattingOptions: FORMATTING }));
}

function collect(object: Node, above: JSONPath, text: string, into: ConfigEntry[]): void {
  for (const property of object.children ?? []) {
    const [name, node] = property.children ?? [];
    if (name === undefined || node === undefined) continue;
    const path = [...above, String(name.value)];
    if (node.type === "object" && path.length < MAX_DEPTH) collect(node, path, text, into);
    else into.push({ key: path.join("."), path, value: getNodeValue(node), line: lineOf(text, name.offset) });
  }
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** "CommaExpected" → "comma expected". */
function words(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}
