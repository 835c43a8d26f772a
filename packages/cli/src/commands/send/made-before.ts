import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Context } from "../../context.ts";
import { shownPath, stateDir, writeWhole } from "../../paths.ts";
import type { MakeFlags } from "../torrent/make.ts";

const SCHEMA = 1;
const SUFFIX = ".json";
/** Torrents that are remembered; the oldest are forgotten first. */
const MOST = 256;

/** What tells whether a path, shared with the same flags, gives the torrent that it gave before. */
export interface MadeKey {
  /** Hex: path and flags. */
  readonly key: string;
  /** The engine's fingerprint of what lies there. */
  readonly content: string;
}

export function madeKey(path: string, flags: MakeFlags, content: string): MadeKey {
  const { v1, v2, pieceSize, tracker, webSeed, private: isPrivate, name, comment } = flags;
  const made = [path, v1, v2, pieceSize, tracker, webSeed, isPrivate, name, comment];
  return { key: createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 32), content };
}

/** Path of the .torrent file that was made of the same content with the same flags; null when there was none or it is not known. */
export async function madeBefore(context: Context, { key, content }: MadeKey): Promise<string | null> {
  const text = await readFile(join(folder(context), key + SUFFIX), "utf8").catch(() => "");
  const { schema, content: before, torrentFile } = parse(text);
  if (schema !== SCHEMA || before !== content || typeof torrentFile !== "string") return null;
  return torrentFile;
}

/** A memory that can't be written is no reason to stop. */
export async function rememberMade(
  context: Context,
  { key, content }: MadeKey,
  torrentFile: string,
): Promise<void> {
  const dir = folder(context);
  const path = join(dir, key + SUFFIX);
  const text = `${JSON.stringify({ schema: SCHEMA, content, torrentFile })}\n`;
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeWhole(path, shownPath(context, path), new TextEncoder().encode(text));
    await forgetOldest(dir);
  } catch {
    // The next start hashes again.
  }
}

function folder(context: Context): string {
  return join(stateDir(context), "made");
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

async function forgetOldest(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(SUFFIX));
  if (names.length <= MOST) return;
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })),
  );
  aged.sort((a, b) => a.at - b.at);
  for (const { name } of aged.slice(0, aged.length - MOST)) await rm(join(dir, name), { force: true });
}
