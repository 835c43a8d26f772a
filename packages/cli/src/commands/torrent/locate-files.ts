import { lstat, readlink, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import type { Engine, Metainfo } from "../../engine.ts";

type LayoutFile = Metainfo["layout"]["files"][number];

/** What lies where a file should be, when it is no file of that name. */
export type Absence = "missing" | "unreadable" | "occupied";

/**
 * Paths of a torrent's files below `dir`: a file's own name where something has it, for whoever made the data may have used
 * names that a download would change; else the name that a download gives it.
 */
export async function locateFiles(engine: Engine, metainfo: Metainfo, dir: string): Promise<string[]> {
  const { paths, changed } = engine.safePaths(metainfo.name, metainfo.multiFile, metainfo.layout.files);
  const found = [...paths];
  for (const { index, from } of changed) {
    if (staysInside(from) && (await absenceAt(join(dir, from))) !== "missing") found[index] = from;
  }
  return found;
}

function staysInside(path: string): boolean {
  return !/[\\\0]/.test(path) && path.split("/").every((part) => !["", ".", ".."].includes(part));
}

/** Why there is no readable file at `path`; "occupied": something else is there. */
export async function absenceAt(path: string): Promise<Absence> {
  try {
    await lstat(path);
    return "occupied";
  } catch (error) {
    return absenceOf(error);
  }
}

function absenceOf(error: unknown): Absence {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM" || code === "EIO") return "unreadable";
  // EINVAL: no link.
  return code === "EINVAL" ? "occupied" : "missing";
}

/** Compares the symbolic links of a torrent (BEP 47) with those below `dir`. */
export class LinkCheck {
  readonly #dir: string;
  readonly #paths: readonly string[];
  /** Path in the torrent, components separated by NUL, to path below `dir`. */
  readonly #places: Map<string, string> = new Map();

  constructor(files: readonly LayoutFile[], paths: readonly string[], dir: string) {
    this.#dir = dir;
    this.#paths = paths;
    if (!files.some((file) => file.symlink !== null)) return;
    for (const { index, path, pad } of files) {
      if (pad) continue;
      const parts = (paths[index] as string).split("/");
      const front = parts.length - path.length;
      for (let depth = 1; depth <= path.length; depth++) {
        this.#places.set(path.slice(0, depth).join("\0"), parts.slice(0, front + depth).join("/"));
      }
    }
  }

  /** "ok" when the link is there and leads to the same file or folder of the torrent. */
  async state(file: LayoutFile): Promise<"ok" | "missing" | "unreadable" | "wrong"> {
    const place = join(this.#dir, this.#paths[file.index] as string);
    const target = this.#places.get((file.symlink ?? []).join("\0"));
    let text: string;
    try {
      text = await readlink(place);
    } catch (error) {
      const absence = absenceOf(error);
      return absence === "occupied" ? "wrong" : absence;
    }
    if (target === undefined) return "ok";
    const wanted = join(this.#dir, target);
    if (resolve(dirname(place), text) === wanted) return "ok";
    // It may lead there through other links. What isn't there itself is told of its own.
    const [real, realWanted] = await Promise.all([realPath(place), realPath(wanted)]);
    return realWanted === null || real === realWanted ? "ok" : "wrong";
  }
}

function realPath(path: string): Promise<string | null> {
  return realpath(path).catch(() => null);
}
