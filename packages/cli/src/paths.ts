import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { access, mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";

import type { Context } from "./context.ts";
import { CliError, fileSystemError } from "./errors.ts";
import { clean } from "./ui/clean.ts";

/** Where shoal keeps what it must remember: resume data, .torrent files, the port. */
export function stateDir(context: Context): string {
  const { env, home, platform } = context;
  const chosen = env["SHOAL_STATE_DIR"];
  if (chosen !== undefined && chosen !== "") return resolve(context.cwd, chosen);
  if (platform === "darwin") return join(home, "Library", "Application Support", "shoal");
  if (platform === "win32") return join(env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"), "shoal");
  const xdg = env["XDG_STATE_HOME"];
  // The XDG rules say that a relative path is to be ignored.
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, ".local", "state"), "shoal");
}

/** An absolute path of what a person wrote; "~" is the home folder also where no shell expanded it. */
export function userPath(context: Context, path: string): string {
  if (path === "~" || path.startsWith("~/")) return join(context.home, path.slice(1));
  return resolve(context.cwd, path);
}

/** A path as it is shown: cleaned, "~" for the home folder. */
export function shownPath(context: Context, path: string): string {
  const { home } = context;
  const short =
    home !== sep && (path === home || path.startsWith(home + sep)) ? `~${path.slice(home.length)}` : path;
  return clean(short);
}

/** What lies at `path`; throws ERR_FILE_NOT_FOUND or ERR_FILE_SYSTEM. */
export async function statPath(path: string, shown: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw fileSystemError(error, shown);
  }
}

/** Contents of a small file. Throws ERR_FILE_NOT_FOUND or ERR_FILE_SYSTEM; ERR_METAINFO when it is larger than any .torrent file. */
export async function readSmallFile(path: string, shown: string, maxBytes: number): Promise<Uint8Array> {
  const { size } = await statPath(path, shown);
  if (size > maxBytes) {
    throw new CliError(
      "ERR_METAINFO",
      `${clean(shown)} is not a torrent: it is far too large for one`,
      notATorrent(),
    );
  }
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw fileSystemError(error, shown);
  }
}

export function notATorrent(): string {
  return "Give a .torrent file, or share the file itself with: shoal send PATH";
}

/** Makes sure that `dir` is a folder that can be written to; `advice` names the way to choose another. Throws ERR_FILE_SYSTEM. */
export async function ensureWritableDir(
  dir: string,
  shown: string,
  advice = "Choose another folder with -o",
): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    await access(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST" || code === "ENOTDIR") {
      throw new CliError("ERR_FILE_SYSTEM", `${clean(shown)} is not a folder`, `${advice}.`, error);
    }
    if (code === "EACCES" || code === "EPERM") {
      throw new CliError(
        "ERR_FILE_SYSTEM",
        `${clean(shown)} can't be written to: permission denied`,
        `${advice}, or change its permissions.`,
        error,
      );
    }
    const failed = fileSystemError(error, shown);
    throw new CliError(failed.code, failed.message, `${advice}.`, error);
  }
}

/** Bytes an ordinary user may still write below `dir`, or null where the system doesn't tell. */
export async function freeSpace(dir: string): Promise<number | null> {
  for (let at = dir; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      return bavail * bsize;
    } catch {
      if (dirname(at) === at) return null;
    }
  }
}

/** Writes a file as a whole or not at all; `mode` is its rights when it is new. Throws ERR_FILE_SYSTEM and the like, naming `shown`. */
export async function writeWhole(
  path: string,
  shown: string,
  bytes: Uint8Array,
  mode = 0o666,
): Promise<void> {
  const aside = `${path}.${process.pid}.part`;
  try {
    const file = await open(aside, "w", mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw fileSystemError(error, shown);
  }
}

/** Writes a .torrent file; one that exists is replaced only when it is the same or when `overwrite` says so. Throws ERR_FILE_EXISTS. */
export async function writeTorrentFile(
  path: string,
  shown: string,
  bytes: Uint8Array,
  overwrite: boolean,
): Promise<void> {
  const there = await readFile(path).catch(() => null);
  if (there !== null && there.equals(bytes)) return;
  if (!overwrite && (await exists(path))) {
    throw new CliError(
      "ERR_FILE_EXISTS",
      `${clean(shown)} exists already`,
      "Choose another name with -o, or replace it with --overwrite.",
    );
  }
  await writeWhole(path, shown, bytes);
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Makes a file that only its user can read, with folders above it, unless there is one. Throws ERR_FILE_SYSTEM. */
export async function ensureFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileSystemError(error, clean(path));
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A name from a torrent as one harmless file name, at most 100 characters. */
export function fileNameOf(name: string): string {
  const safe = clean(name)
    .replace(/[/\\:*?"<>|\ufffd]/g, "_")
    .replace(/^[. ]+|[. ]+$/g, "");
  return Array.from(safe).slice(0, 100).join("") || "torrent";
}
