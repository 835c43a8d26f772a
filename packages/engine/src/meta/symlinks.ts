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
 * Checks the target of each symbolic link (BEP 47). A target is kept when it is a file or folder of the torrent,
 * counted from the torrent's root or, as some creators do, from the link's own folder; links on the way are resolved,
 * so that a kept target names the real thing. Any other link loses its target and so becomes an empty file, with a
 * warning.
 */
export function checkSymlinks(entries: readonly LayoutEntry[]): CheckedLinks {
  if (!entries.some((entry) => entry.symlink !== null)) return { entries, warnings: [] };
  const resolve = linkResolver(
    entries.filter((entry) => !entry.pad),
    true,
  );
  const warnings: string[] = [];
  const checked = entries.map((entry): LayoutEntry => {
    if (entry.symlink === null) return entry;
    const resolved = resolve(entry);
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
 * A function that follows a link, and links on its way, to a file or folder among the entries; it answers null where
 * there is none. With `looseBase`, a target that is nothing when counted from the root is counted from the link's
 * folder.
 */
export function linkResolver(
  entries: readonly LinkEntry[],
  looseBase: boolean,
): (link: LinkEntry) => readonly string[] | null {
  const solid = new Set<string>();
  const links = new Map<string, LinkEntry>();
  for (const entry of entries) {
    const { path, symlink } = entry;
    for (let depth = 1; depth < path.length; depth++) solid.add(keyOf(path.slice(0, depth)));
    if (symlink === null) solid.add(keyOf(path));
    else links.set(keyOf(path), entry);
  }
  /** How many components of the path lead to a link; 0 when none do. */
  const linkDepth = (path: readonly string[]): number =>
    path.findIndex((_, i) => links.has(keyOf(path.slice(0, i + 1)))) + 1;
  const targetOf = ({ path, symlink }: LinkEntry): readonly string[] => {
    const target = normalise(symlink ?? []);
    if (!looseBase || solid.has(keyOf(target)) || linkDepth(target) > 0) return target;
    return [...path.slice(0, -1), ...target];
  };
  return (link) => {
    let path = targetOf(link);
    for (let hop = 0; hop < MAX_HOPS && path.length > 0; hop++) {
      if (solid.has(keyOf(path))) return path;
      const depth = linkDepth(path);
      if (depth === 0) return null;
      const next = links.get(keyOf(path.slice(0, depth))) as LinkEntry;
      path = [...targetOf(next), ...path.slice(depth)];
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
