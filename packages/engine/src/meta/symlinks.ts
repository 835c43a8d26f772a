import type { LayoutEntry } from "./layout.ts";

/** Links that lead through links are followed this often before they count as a loop. */
const MAX_HOPS = 40;

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
  const files = new Set<string>();
  const folders = new Set<string>();
  const links = new Map<string, LayoutEntry>();
  for (const entry of entries) {
    if (entry.pad) continue;
    for (let depth = 1; depth < entry.path.length; depth++) folders.add(keyOf(entry.path.slice(0, depth)));
    if (entry.symlink === null) files.add(keyOf(entry.path));
    else links.set(keyOf(entry.path), entry);
  }
  const resolve = (target: readonly string[]): readonly string[] | null => {
    let path = target;
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      if (path.length === 0) return null;
      const key = keyOf(path);
      if (files.has(key) || folders.has(key)) return path;
      const depth = path.findIndex((_, i) => links.has(keyOf(path.slice(0, i + 1)))) + 1;
      if (depth === 0) return null;
      const link = links.get(keyOf(path.slice(0, depth))) as LayoutEntry;
      path = [...normalise(link.symlink ?? []), ...path.slice(depth)];
    }
    return null;
  };
  const warnings: string[] = [];
  const checked = entries.map((entry): LayoutEntry => {
    if (entry.symlink === null) return entry;
    const target = normalise(entry.symlink);
    const resolved = resolve(target) ?? resolve([...entry.path.slice(0, -1), ...target]);
    if (resolved === null) {
      warnings.push(
        `The link "${entry.path.join("/")}" leads to nothing in the torrent; an empty file takes its place.`,
      );
    }
    return { ...entry, symlink: resolved };
  });
  return { entries: checked, warnings };
}

/** Components that name something. ".." is forbidden (BEP 47): with it the target stays unresolved. */
function normalise(target: readonly string[]): readonly string[] {
  return target.filter((part) => part !== "." && part !== "");
}

/** A path as one text; "/" can stand in a hostile component, NUL separates. */
function keyOf(path: readonly string[]): string {
  return path.join("\0");
}
