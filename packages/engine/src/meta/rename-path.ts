import type { FileIndex } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { LayoutFile } from "./layout.ts";
import { foldName, safeComponent } from "./path-policy.ts";

/**
 * The paths of a torrent's files with one file under another name, "/" between components. Throws ERR_PATH for names that not every
 * system takes, and for one that another file or folder of the torrent has.
 */
export function renameFilePath(
  paths: readonly string[],
  files: readonly LayoutFile[],
  file: FileIndex,
  to: string,
): string[] {
  const found = files[file];
  if (found === undefined || found.pad)
    throw new ShoalError("ERR_INVALID_ARGUMENT", `The torrent has no file number ${file}`);
  return assertUsable(
    paths.map((path, index) => (index === file ? to : path)),
    files,
  );
}

/** The paths with another name in place of the first component, which most often is the torrent's name. Throws as `renameFilePath`. */
export function renameRootPath(paths: readonly string[], files: readonly LayoutFile[], to: string): string[] {
  if (to.includes("/")) throw unusable(to, safeComponent(to));
  const first = files.find((file) => !file.pad);
  const root = paths[first?.index ?? 0]!.split("/")[0]!;
  const renamed = paths.map((path) => {
    const [head, ...rest] = path.split("/");
    return head === root ? [to, ...rest].join("/") : path;
  });
  return assertUsable(renamed, files);
}

/** True for paths as the path policy makes them. */
export function areUsablePaths(paths: readonly string[], files: readonly LayoutFile[]): boolean {
  try {
    assertUsable(paths, files);
    return true;
  } catch {
    return false;
  }
}

/** Names that differ only in case or Unicode form are the same name: files can go to a system where they are. */
function assertUsable<T extends readonly string[]>(paths: T, files: readonly LayoutFile[]): T {
  const taken = new Map<string, string>();
  const folders = new Set<string>();
  for (const { index, pad } of files) {
    if (pad) continue;
    const path = paths[index]!;
    const components = path.split("/");
    for (const component of components) {
      const usable = safeComponent(component);
      if (usable !== component) throw unusable(component, usable);
    }
    const key = foldName(path);
    if (taken.has(key)) throw isTaken(path);
    taken.set(key, path);
    for (let depth = 1; depth < components.length; depth++)
      folders.add(foldName(components.slice(0, depth).join("/")));
  }
  for (const [key, path] of taken) if (folders.has(key)) throw isTaken(path);
  return paths;
}

function unusable(name: string, usable: string): ShoalError {
  const message = `"${name}" is not a name that every system takes; "${usable}" is`;
  return new ShoalError("ERR_PATH", message, { path: name });
}

function isTaken(path: string): ShoalError {
  return new ShoalError("ERR_PATH", `"${path}" is the name of another file or folder of this torrent`, {
    path,
  });
}
