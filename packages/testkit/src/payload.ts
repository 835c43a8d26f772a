import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { seededBytes } from "./random.ts";

const BLOCK = 16_384;

/** What a payload looks like: one file, or a folder given as sizes by "/"-joined path. */
export interface PayloadSpec {
  /** Name of the file or folder. */
  readonly name: string;
  /** Size when the payload is a single file. */
  readonly size?: number;
  readonly files?: Readonly<Record<string, number>>;
  readonly seed: number;
}

export interface Payload {
  readonly name: string;
  /** Folder that holds `name`: what is given as the place of the data. */
  readonly dir: string;
  /** `dir/name`: what is given as the thing to share. */
  readonly path: string;
  readonly contentSize: number;
}

/** Writes a payload below `dir`. The content depends on the seed and each file's path only. */
export async function writePayload(dir: string, spec: PayloadSpec): Promise<Payload> {
  const path = join(dir, spec.name);
  const sizes = spec.files ?? { "": spec.size ?? 0 };
  let contentSize = 0;
  for (const [file, size] of Object.entries(sizes)) {
    const to = file === "" ? path : join(path, ...file.split("/"));
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, seededBytes(spec.seed ^ hashText(file), size));
    contentSize += size;
  }
  return { name: spec.name, dir, path, contentSize };
}

/** One file whose last piece and last block are short. */
export function singleFileSpec(pieceLength: number, seed: number = 1): PayloadSpec {
  const pieces = pieceLength >= 1 << 20 ? 3 : 90;
  return { name: "single file.bin", size: pieces * pieceLength + BLOCK * 3 + 4321, seed };
}

/** A folder with the names and sizes that clients get wrong: empty, odd names, around block and piece borders. */
export function oddFolderSpec(pieceLength: number, seed: number = 2): PayloadSpec {
  return {
    name: "Odd folder ünd more",
    seed,
    files: {
      "a b  c.txt": 700,
      ".hidden": 3,
      "..two dots": BLOCK - 1,
      "one byte": 1,
      "empty first": 0,
      block: BLOCK,
      "block and one": BLOCK + 1,
      piece: pieceLength,
      "piece less one": pieceLength - 1,
      "piece and one": pieceLength + 1,
      "sub/empty": 0,
      "sub/日本語 файл 🐟.bin": 2 * pieceLength + 777,
      "sub/quote's & $dollar %20 #hash [x] (y).dat": 12_345,
      "deep/a/b/c/d/e/f": BLOCK * 2 + 5,
      [`long/${"n".repeat(190)}.dat`]: 4_097,
      [`long/${"ж".repeat(100)}`]: BLOCK * 3,
      "zz empty last": 0,
    },
  };
}

export interface CompareOptions {
  /** Files of the actual tree that may be there without being expected, by "/"-joined path; pad files unless given. */
  readonly ignore?: (path: string) => boolean;
  /** Transmission 3 does not create empty files. */
  readonly emptyMayLack?: boolean;
}

/** Compares two trees (or two files) byte for byte; throws an error that names up to ten differences. */
export async function assertSameTree(
  actual: string,
  expected: string,
  options: CompareOptions = {},
): Promise<void> {
  const ignore = options.ignore ?? isPadPath;
  const differences: string[] = [];
  const [left, right] = await Promise.all([listTree(actual), listTree(expected)]);
  for (const path of left) if (!right.has(path) && !ignore(path)) differences.push(`${path}: too much`);
  for (const path of right) {
    if (left.has(path)) {
      const difference = await compareFiles(join(actual, path), join(expected, path));
      if (difference !== null) differences.push(`${path}: ${difference}`);
    } else if (options.emptyMayLack !== true || (await stat(join(expected, path))).size > 0) {
      differences.push(`${path}: missing`);
    }
  }
  if (differences.length > 0) {
    const shown = differences.slice(0, 10).join("; ");
    throw new Error(`${actual} differs from ${expected} in ${differences.length} files: ${shown}`);
  }
}

/** Clients that don't know BEP 47 write pad files like any other. */
export function isPadPath(path: string): boolean {
  return path === ".pad" || path.startsWith(".pad/");
}

/** "/"-joined paths of all files below a folder; a set with "" for a single file. */
export async function listTree(path: string): Promise<Set<string>> {
  if ((await stat(path)).isFile()) return new Set([""]);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = new Set<string>();
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const parent = entry.parentPath;
    files.add(join(parent, entry.name).slice(path.length + 1));
  }
  return files;
}

async function compareFiles(actual: string, expected: string): Promise<string | null> {
  const [a, b] = await Promise.all([readFile(actual), readFile(expected)]);
  if (a.length !== b.length) return `${a.length} bytes instead of ${b.length}`;
  if (a.equals(b)) return null;
  let at = 0;
  while (a[at] === b[at]) at++;
  return `differs from byte ${at} (block ${Math.floor(at / BLOCK)})`;
}

function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
