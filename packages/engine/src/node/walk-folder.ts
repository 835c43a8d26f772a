import { lstat, readdir, readlink, realpath, stat } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { utf8TextStrict } from "../base/bytes.ts";
import { ShoalError } from "../base/errors.ts";
import { comparePaths } from "../meta/create.ts";
import { linkResolver } from "../meta/symlinks.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import { eachLimited } from "./each-limited.ts";

const LANES = 8;
const EXECUTABLE_BITS = 0o111;
/** Names in one warning; the rest is counted. */
const MAX_NAMED = 5;

/** A file or symbolic link found in a folder. */
export interface WalkedFile {
  /** Components below the folder; a lone file has its own name. */
  readonly path: readonly string[];
  /** Bytes; 0 for a link. */
  readonly size: number;
  readonly modifiedMs: number;
  readonly inode: number;
  readonly executable: boolean;
  /** Where a link leads, components below the folder; null for a file. */
  readonly symlink: readonly string[] | null;
}

/** Whether a file or folder is not to be shared: its path below the folder that is, "/" between components. */
export type LeavesOut = (path: string) => boolean;

/** What there is to share at a path. */
export interface WalkedFolder {
  /** Name of the file or folder. */
  readonly name: string;
  /** Absolute folder to which the files' paths belong. */
  readonly root: string;
  readonly multiFile: boolean;
  /** In the order of torrents. */
  readonly files: readonly WalkedFile[];
  /** Plain sentences that name what can't be shared. */
  readonly warnings: readonly string[];
}

/**
 * Lists the file or folder at `path` with everything below it, without following links inside (a link given as `path`
 * itself is followed). Left out with a warning: empty folders, sockets, devices and pipes, links that lead out of the
 * folder or to nothing, and names that are not UTF-8. Without a word: what `leavesOut` names, and what is below it. Throws ERR_NOT_FOUND,
 * ERR_INVALID_ARGUMENT or ERR_DISK, naming the path.
 */
export async function walkFolder(
  path: string,
  signal?: AbortSignal,
  leavesOut: LeavesOut = () => false,
): Promise<WalkedFolder> {
  const given = resolve(path);
  let real: string;
  let stats: Stats;
  try {
    real = await realpath(given);
    stats = await stat(real);
  } catch (error) {
    if (errnoOf(error) === "ENOENT")
      throw new ShoalError("ERR_NOT_FOUND", `"${path}" does not exist`, { path: given });
    throw systemError(error, given, true);
  }
  if (stats.isFile()) {
    const file = found(stats, [basename(real)]);
    return { name: basename(given), root: dirname(real), multiFile: false, files: [file], warnings: [] };
  }
  if (!stats.isDirectory()) {
    throw new ShoalError("ERR_INVALID_ARGUMENT", `"${path}" is neither a file nor a folder`, { path: given });
  }
  return new Walk(real, basename(given), signal, leavesOut).run();
}

class Walk {
  readonly #root: string;
  readonly #name: string;
  readonly #signal: AbortSignal | undefined;
  readonly #leavesOut: LeavesOut;
  readonly #files: WalkedFile[] = [];
  readonly #empty: string[] = [];
  readonly #special: string[] = [];
  readonly #badNames: string[] = [];

  constructor(root: string, name: string, signal: AbortSignal | undefined, leavesOut: LeavesOut) {
    this.#leavesOut = leavesOut;
    this.#root = root;
    this.#name = name;
    this.#signal = signal;
  }

  async run(): Promise<WalkedFolder> {
    for (let level: string[][] = [[]]; level.length > 0;) {
      const below: string[][] = [];
      await eachLimited(level, LANES, (folder) => this.#list(folder, below));
      level = below;
    }
    const resolve = linkResolver(this.#files, false);
    const isDead = (file: WalkedFile): boolean => file.symlink !== null && resolve(file) === null;
    const dead = this.#files.filter(isDead).map(({ path }) => path.join("/"));
    return {
      name: this.#name,
      root: this.#root,
      multiFile: true,
      files: this.#files.filter((file) => !isDead(file)).toSorted((a, b) => comparePaths(a.path, b.path)),
      warnings: [
        ...leftOut("empty folders, which torrents can't hold", this.#empty),
        ...leftOut("sockets, devices and the like", this.#special),
        ...leftOut("links that lead to nothing in the folder", dead),
        ...leftOut("files and folders whose names are not UTF-8", this.#badNames),
      ],
    };
  }

  async #list(folder: readonly string[], below: string[][]): Promise<void> {
    this.#signal?.throwIfAborted();
    const absolute = join(this.#root, ...folder);
    try {
      const names = await readdir(absolute, { encoding: "buffer" });
      if (names.length === 0 && folder.length > 0) this.#empty.push(folder.join("/"));
      for (const bytes of names) {
        const name = utf8TextStrict(bytes);
        if (name === null) this.#badNames.push([...folder, escapeBytes(bytes)].join("/"));
        else await this.#look([...folder, name], below);
      }
    } catch (error) {
      throw error instanceof ShoalError ? error : systemError(error, absolute, true);
    }
  }

  async #look(path: string[], below: string[][]): Promise<void> {
    if (this.#leavesOut(path.join("/"))) return;
    const absolute = join(this.#root, ...path);
    try {
      const stats = await lstat(absolute);
      if (stats.isDirectory()) below.push(path);
      else if (stats.isFile()) this.#files.push(found(stats, path));
      else if (stats.isSymbolicLink()) this.#files.push(this.#link(stats, path, await readlink(absolute)));
      else this.#special.push(path.join("/"));
    } catch (error) {
      throw systemError(error, absolute, true);
    }
  }

  #link(stats: Stats, path: readonly string[], text: string): WalkedFile {
    const target = relative(this.#root, resolve(this.#root, ...path.slice(0, -1), text));
    // No components: a target that isn't below the folder, which then counts as dead.
    const inside = isAbsolute(target) ? [] : target.split(sep);
    const symlink = inside[0] === ".." ? [] : inside;
    return { ...found(stats, path), size: 0, executable: false, symlink };
  }
}

function found(stats: Stats, path: readonly string[]): WalkedFile {
  return {
    path,
    size: stats.size,
    modifiedMs: stats.mtimeMs,
    inode: stats.ino,
    executable: (stats.mode & EXECUTABLE_BITS) !== 0,
    symlink: null,
  };
}

function leftOut(what: string, names: string[]): string[] {
  if (names.length === 0) return [];
  const named = names.toSorted().slice(0, MAX_NAMED);
  const more = names.length > named.length ? ` and ${names.length - named.length} more` : "";
  return [`Left out ${what}: ${named.map((name) => `"${name}"`).join(", ")}${more}.`];
}

/** A name for people: bytes outside ASCII as \xNN. */
function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}
