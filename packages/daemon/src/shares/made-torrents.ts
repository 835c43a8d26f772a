import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { CreateOptions } from "@shoal/engine";
import { writeWhole } from "../files/write-whole.ts";

const SCHEMA = 2;
const SUFFIX = ".json";
/** Torrents that are remembered; the oldest are forgotten first. */
const MOST = 256;

/** What tells whether a path, shared in the same way, gives the torrent that it gave before. */
export interface MadeKey {
  /** Hex: path, and how the torrent is made. */
  readonly key: string;
  /** The engine's fingerprint of what lies there. */
  readonly content: string;
}

/** `exclude`: patterns of what is left out. */
export function madeKey(
  path: string,
  options: CreateOptions,
  exclude: readonly string[],
  content: string,
): MadeKey {
  const { kind, pieceLength, trackers, webSeeds, private: isPrivate, name, comment, source } = options;
  const made = [path, kind, pieceLength, trackers, webSeeds, isPrivate, name, comment, source, exclude];
  return { key: createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 32), content };
}

/** Remembers which .torrent file was made of what, so that sharing the same again reads nothing. One folder for all programs of a user. */
export class MadeTorrents {
  readonly #dir: string;

  /** `stateDir`: that of the default profile. */
  constructor(stateDir: string) {
    this.#dir = join(stateDir, "made");
  }

  /** Path of the .torrent file that was made of the same content in the same way; null when there was none or it is not known. */
  async find({ key, content }: MadeKey): Promise<string | null> {
    const text = await readFile(join(this.#dir, key + SUFFIX), "utf8").catch(() => "");
    const { schema, content: before, torrentFile } = parse(text);
    if (schema !== SCHEMA || before !== content || typeof torrentFile !== "string") return null;
    return torrentFile;
  }

  async remember({ key, content }: MadeKey, torrentFile: string): Promise<void> {
    const path = join(this.#dir, key + SUFFIX);
    try {
      await writeWhole(path, `${JSON.stringify({ schema: SCHEMA, content, torrentFile })}\n`);
      await this.#forgetOldest();
    } catch {
      // A memory that can't be written is no reason to stop: the next time hashes again.
    }
  }

  async #forgetOldest(): Promise<void> {
    const names = (await readdir(this.#dir)).filter((name) => name.endsWith(SUFFIX));
    if (names.length <= MOST) return;
    const aged = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.#dir, name))).mtimeMs })),
    );
    aged.sort((a, b) => a.at - b.at);
    for (const { name } of aged.slice(0, aged.length - MOST))
      await rm(join(this.#dir, name), { force: true });
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
