import { parseSync } from "oxc-parser";

/** One import in any form: static, re-export, `import()`, or `import("…")` as a type. */
export interface ImportUse {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
  readonly line: number;
}

/** A name that is used but not as a member of something else ("Date.now" and "Math.random" are reported whole). */
export interface NameUse {
  readonly name: string;
  readonly line: number;
}

/** What the layer check wants to know of one source file. */
export interface SourceFacts {
  readonly imports: readonly ImportUse[];
  readonly names: readonly NameUse[];
  /** `async`, `await`, `for await`, with their lines. */
  readonly asyncUses: readonly NameUse[];
  /** First line that leaves something at run time, or null: a file of types only. */
  readonly runtimeLine: number | null;
}

type Node = Readonly<Record<string, unknown>>;

/** Parses one TypeScript or JavaScript file; null when its syntax is broken. */
export function scanSource(file: string, text: string): SourceFacts | null {
  const parsed = parseSync(file, text, { sourceType: "module" });
  if (parsed.errors.length > 0) return null;
  const scan = new Scan(text);
  scan.visit(parsed.program as unknown as Node, null, "");
  return scan;
}

class Scan implements SourceFacts {
  readonly imports: ImportUse[] = [];
  readonly names: NameUse[] = [];
  readonly asyncUses: NameUse[] = [];
  runtimeLine: number | null = null;
  readonly #lineStarts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
  }

  visit(node: Node, parent: Node | null, key: string): void {
    this.#note(node, parent, key);
    for (const [childKey, value] of Object.entries(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) this.visit(item, node, childKey);
      } else if (isNode(value)) this.visit(value, node, childKey);
    }
  }

  #note(node: Node, parent: Node | null, key: string): void {
    if (parent?.["type"] === "Program" && this.runtimeLine === null && leavesCode(node)) {
      this.runtimeLine = this.#lineOf(node);
    }
    if (node["async"] === true) this.#noteAsync("async", node);
    switch (node["type"]) {
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        this.#noteImport(node, isTypeOnlyDeclaration(node));
        break;
      case "ImportExpression":
        this.#noteImport(node, false);
        break;
      case "TSImportType":
        this.#noteImport(node, true);
        break;
      case "AwaitExpression":
        this.#noteAsync("await", node);
        break;
      case "ForOfStatement":
        if (node["await"] === true) this.#noteAsync("for await", node);
        break;
      case "MemberExpression":
        this.#noteMember(node);
        break;
      case "NewExpression":
        // With arguments a Date is a pure value; without, it reads the clock.
        if (nameOf(node["callee"]) === "Date" && isEmptyList(node["arguments"]))
          this.#noteName("Date.now", node);
        break;
      case "Identifier":
        if (!isMemberName(parent, key)) this.#noteName(String(node["name"]), node);
        break;
      default:
    }
  }

  #noteImport(node: Node, isTypeOnly: boolean): void {
    const source = node["source"];
    if (!isNode(source) || typeof source["value"] !== "string") return;
    this.imports.push({ specifier: source["value"], isTypeOnly, line: this.#lineOf(node) });
  }

  #noteMember(node: Node): void {
    const property = node["property"];
    if (!isNode(property)) return;
    const object = nameOf(node["object"]);
    const member = node["computed"] === true ? property["value"] : property["name"];
    if (object === "Date" || object === "Math") this.#noteName(`${object}.${String(member)}`, node);
  }

  #noteName(name: string, node: Node): void {
    this.names.push({ name, line: this.#lineOf(node) });
  }

  #noteAsync(name: string, node: Node): void {
    this.asyncUses.push({ name, line: this.#lineOf(node) });
  }

  #lineOf(node: Node): number {
    const offset = Number(node["start"]);
    let line = 0;
    while ((this.#lineStarts[line] ?? Infinity) <= offset) line += 1;
    return line;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node)["type"] === "string";
}

function nameOf(value: unknown): string | null {
  return isNode(value) && value["type"] === "Identifier" ? String(value["name"]) : null;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** `x.name`, `{ name: … }`, `class { name() {} }`: the name belongs to something else, it does not refer to a global. */
function isMemberName(parent: Node | null, key: string): boolean {
  if (parent === null || parent["computed"] === true) return false;
  if (key === "key") return parent["shorthand"] !== true;
  return key === "property" || (key === "right" && parent["type"] === "TSQualifiedName");
}

function isTypeOnlyDeclaration(node: Node): boolean {
  return node["importKind"] === "type" || node["exportKind"] === "type";
}

function leavesCode(statement: Node): boolean {
  switch (statement["type"]) {
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return false;
    case "ImportDeclaration":
    case "ExportAllDeclaration":
      return !isTypeOnlyDeclaration(statement);
    case "ExportNamedDeclaration": {
      const declaration = statement["declaration"];
      return isNode(declaration) ? leavesCode(declaration) : !isTypeOnlyDeclaration(statement);
    }
    default:
      return true;
  }
}
