import type { LayoutEntry } from "./layout.ts";

/** Links that lead through links are followed this often before they count as a loop. */
const MAX_HOPS = 40;

/** What matters here of a file. */
export type LinkEntry = Pick<LayoutEntry, "path" | "symlink">;

/** Entries with checked link targets. */
export interface CheckedLinks {
  readonly entries: readonly LayoutEntry[];
  readonly warnings: readonly string[];
}

/**
 * Checks the target of each symbolic link (BEP 47). A target is kept when it is a file or folder of the torrent, counted from the
 * torrent's root or, as some creators do, from the link's own folder; links on the way are resolved, so that a kept target names
 * the real thing. Any other link loses its target and so becomes an empty file, with a warning.
 */
export function checkSymlinks(entries: readonly LayoutEntry[]): CheckedLinks {
  if (!entries.some((entry) => entry.symlink !== null)) return { entries, warnings: [] };
  const resolve = linkResolver(entries.filter((entry) => !entry.pad));
  const warnings: string[] = [];
  const checked = entries.map((entry): LayoutEntry => {
    if (entry.symlink === null) return entry;
    const fromFolder = [...entry.path.slice(0, -1), ...entry.symlink];
    const resolved = resolve(entry.symlink) ?? resolve(fromFolder);
    if (resolved === null) {
      warnings.push(
        `The link "${entry.path.join("/")}" leads to nothing in the torrent; an empty file takes its place.`,
      );
    }
    return { ...entry, symlink: resolved };
  });
  return { entries: checked, warnings };
}

/**
 * A function that follows a target, counted from the torrent's root, through links to a file or folder among the entries;
 * it answers null where there is none.
 */
export function linkResolver(
  entries: readonly LinkEntry[],
): (target: readonly string[]) => readonly string[] | null {
  const solid = new Set<string>();
  const links = new Map<string, readonly string[]>();
  for (const { path, symlink } of entries) {
    for (let depth = 1; depth < path.length; depth++) solid.add(keyOf(path.slice(0, depth)));
    if (symlink === null) solid.add(keyOf(path));
    else links.set(keyOf(path), symlink);
  }
  return (target) => {
    let path = normalise(target);
    for (let hop = 0; hop < MAX_HOPS && path.length > 0; hop++) {
      if (solid.has(keyOf(path))) return path;
      const prefixes = path.map((_, i) => keyOf(path.slice(0, i + 1)));
      const at = prefixes.findIndex((prefix) => links.has(prefix));
      if (at < 0) return null;
      path = [...normalise(links.get(prefixes[at] as string) ?? []), ...path.slice(at + 1)];
    }
    return null;
  };
}

/** Components that name something. ".." is forbidden (BEP 47): a target with it leads nowhere. */
function normalise(target: readonly string[]): readonly string[] {
  return target.filter((part) => part !== "." && part !== "");
}

/** A path as one text. "/" can stand in a hostile component, so NUL separates. */
function keyOf(path: readonly string[]): string {
  return path.join("\0");
}
