import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

// A reader of .torrent files that shares nothing with the engine's, so that neither hides the other's faults. It is
// for well-formed files made by the tests and checks next to nothing.

export type BencodeNode = Buffer | number | BencodeNode[] | Map<string, BencodeNode>;
export type TorrentKind = "v1" | "v2" | "hybrid";

export interface TorrentFile {
  /** "/"-joined path below the folder that holds the payload; begins with the torrent's name. */
  readonly path: string;
  readonly size: number;
  readonly pad: boolean;
}

export interface TorrentFacts {
  readonly name: string;
  readonly kind: TorrentKind;
  readonly info: Buffer;
  /** Lower-case hex or null. */
  readonly infoHashV1: string | null;
  readonly infoHashV2: string | null;
  /** What goes in a handshake: the v1 hash, or the v2 hash cut to 20 bytes. */
  readonly wireHash: Buffer;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** In v1 order with pad files; for v2-only in tree order without. */
  readonly files: readonly TorrentFile[];
}

/** Where the value of each dictionary key lies in the bytes that were decoded last. */
interface Cursor {
  at: number;
  readonly bytes: Buffer;
  infoRange: [number, number] | null;
}

export function decodeBencodeNode(bytes: Buffer): BencodeNode {
  return decode({ at: 0, bytes, infoRange: null }, 0);
}

export function readTorrent(file: string): TorrentFacts {
  const cursor: Cursor = { at: 0, bytes: readFileSync(file), infoRange: null };
  const root = asMap(decode(cursor, 0));
  const [from, to] = cursor.infoRange ?? [0, 0];
  const info = cursor.bytes.subarray(from, to);
  const dict = asMap(root.get("info"));
  const tree = dict.get("file tree");
  const hasV1 = dict.has("pieces");
  const kind: TorrentKind = tree === undefined ? "v1" : hasV1 ? "hybrid" : "v2";
  const name = asText(dict.get("name.utf-8") ?? dict.get("name"));
  const pieceLength = dict.get("piece length") as number;
  const files = hasV1 ? v1Files(name, dict) : treeFiles(name, asMap(tree));
  const infoHashV1 = hasV1 ? createHash("sha1").update(info).digest() : null;
  const infoHashV2 = kind === "v1" ? null : createHash("sha256").update(info).digest();
  const pieceCount = hasV1
    ? (dict.get("pieces") as Buffer).length / 20
    : files.reduce((sum, one) => sum + Math.ceil(one.size / pieceLength), 0);
  return {
    name,
    kind,
    info: Buffer.from(info),
    infoHashV1: infoHashV1?.toString("hex") ?? null,
    infoHashV2: infoHashV2?.toString("hex") ?? null,
    wireHash: infoHashV1 ?? (infoHashV2 as Buffer).subarray(0, 20),
    pieceLength,
    pieceCount,
    files,
  };
}

/** A magnet link with all hashes of the torrent. */
export function magnetOf(facts: TorrentFacts, trackers: readonly string[] = []): string {
  const parts: string[] = [];
  if (facts.infoHashV1 !== null) parts.push(`xt=urn:btih:${facts.infoHashV1}`);
  if (facts.infoHashV2 !== null) parts.push(`xt=urn:btmh:1220${facts.infoHashV2}`);
  parts.push(`dn=${encodeURIComponent(facts.name)}`);
  for (const tracker of trackers) parts.push(`tr=${encodeURIComponent(tracker)}`);
  return `magnet:?${parts.join("&")}`;
}

/**
 * Writes the pad files of a v1 or hybrid folder beside its data: clients that don't know BEP 47 look for them before
 * they seed.
 */
export async function writePadFiles(facts: TorrentFacts, dir: string): Promise<void> {
  for (const file of facts.files) {
    if (!file.pad) continue;
    const path = join(dir, ...file.path.split("/"));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, Buffer.alloc(file.size));
  }
}

/**
 * The payload as the pieces see it: files one after another, pad files as zeros, v2-only files each from a piece
 * border on. `data` of piece i begins at i * pieceLength.
 */
export async function torrentSpace(facts: TorrentFacts, dir: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for (const file of facts.files) {
    if (facts.kind === "v2" && file.size > 0 && length % facts.pieceLength !== 0) {
      const gap = facts.pieceLength - (length % facts.pieceLength);
      parts.push(Buffer.alloc(gap));
      length += gap;
    }
    parts.push(file.pad ? Buffer.alloc(file.size) : await readFile(join(dir, ...file.path.split("/"))));
    length += file.size;
  }
  return Buffer.concat(parts);
}

/** Adds trackers to a .torrent file: its other bytes, and so its hashes, stay as they are. */
export function addTracker(file: string, url: string): void {
  const bytes = readFileSync(file);
  const root = asMap(decodeBencodeNode(bytes));
  if (root.has("announce")) throw new Error(`${file} has a tracker already`);
  // "announce" sorts before every key the makers write, so it may stand first.
  const key = `8:announce${Buffer.byteLength(url)}:${url}`;
  writeFileSync(file, Buffer.concat([bytes.subarray(0, 1), Buffer.from(key), bytes.subarray(1)]));
}

function v1Files(name: string, info: Map<string, BencodeNode>): TorrentFile[] {
  const list = info.get("files");
  if (list === undefined) return [{ path: name, size: info.get("length") as number, pad: false }];
  return (list as BencodeNode[]).map((entry) => {
    const dict = asMap(entry);
    const path = (dict.get("path.utf-8") ?? dict.get("path")) as Buffer[];
    const attributes = dict.get("attr");
    const pad = attributes !== undefined && asText(attributes).includes("p");
    return { path: [name, ...path.map(asText)].join("/"), size: dict.get("length") as number, pad };
  });
}

function treeFiles(name: string, tree: Map<string, BencodeNode>): TorrentFile[] {
  const found: TorrentFile[] = [];
  const walk = (node: Map<string, BencodeNode>, path: string[]): void => {
    for (const [key, value] of node) {
      const child = asMap(value);
      const here = [...path, Buffer.from(key, "latin1").toString("utf8")];
      const leaf = child.get("");
      if (leaf === undefined) walk(child, here);
      else found.push({ path: here.join("/"), size: asMap(leaf).get("length") as number, pad: false });
    }
  };
  walk(tree, []);
  const first = found[0];
  if (found.length === 1 && first !== undefined && first.path === name) return found;
  return found.map((file) => ({ ...file, path: `${name}/${file.path}` }));
}

function decode(cursor: Cursor, depth: number): BencodeNode {
  const { bytes } = cursor;
  const first = String.fromCharCode(bytes[cursor.at] ?? 0);
  if (first === "i") {
    const end = bytes.indexOf("e", cursor.at);
    if (end < 0) throw new Error(`not bencode at byte ${cursor.at}`);
    const value = Number(bytes.toString("latin1", cursor.at + 1, end));
    cursor.at = end + 1;
    return value;
  }
  if (first === "l") {
    const list: BencodeNode[] = [];
    cursor.at++;
    while (bytes[cursor.at] !== 0x65) list.push(decode(cursor, depth + 1));
    cursor.at++;
    return list;
  }
  if (first === "d") {
    const map = new Map<string, BencodeNode>();
    cursor.at++;
    while (bytes[cursor.at] !== 0x65) {
      const key = (decode(cursor, depth + 1) as Buffer).toString("latin1");
      const from = cursor.at;
      map.set(key, decode(cursor, depth + 1));
      if (depth === 0 && key === "info") cursor.infoRange = [from, cursor.at];
    }
    cursor.at++;
    return map;
  }
  const colon = bytes.indexOf(":", cursor.at);
  const length = Number(bytes.toString("latin1", cursor.at, colon));
  if (colon < 0 || !Number.isInteger(length) || length < 0)
    throw new Error(`not bencode at byte ${cursor.at}`);
  cursor.at = colon + 1 + length;
  return bytes.subarray(colon + 1, cursor.at);
}

function asMap(node: BencodeNode | undefined): Map<string, BencodeNode> {
  if (node instanceof Map) return node;
  throw new Error("a dictionary was expected");
}

function asText(node: BencodeNode | undefined): string {
  if (Buffer.isBuffer(node)) return node.toString("utf8");
  throw new Error("a string was expected");
}
