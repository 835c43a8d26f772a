import type { LayoutEntry } from "./layout.ts";

/** Links that lead through links are followed this often before they count as a loop. */
const MAX_HOPS = 40;
/** Components of a target: nothing in a torrent lies deeper. */
const MAX_TARGET = 100;

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
  const root = newPlace();
  for (const entry of entries) {
    let place = root;
    for (const part of entry.path) {
      place.isSolid = true;
      let child = place.children.get(part);
      if (child === undefined) place.children.set(part, (child = newPlace()));
      place = child;
    }
    if (entry.symlink === null) place.isSolid = true;
    else place.link = entry;
  }
  const isSolid = (path: readonly string[]): boolean => {
    let place: Place | undefined = root;
    for (const part of path) place = place?.children.get(part);
    return place?.isSolid === true;
  };
  /** The first link on the way along the path, and how many components lead to it. */
  const linkOn = (path: readonly string[]): { link: LinkEntry; depth: number } | null => {
    let place: Place | undefined = root;
    for (let depth = 1; depth <= path.length; depth++) {
      place = place.children.get(path[depth - 1] as string);
      if (place === undefined) return null;
      if (place.link !== null) return { link: place.link, depth };
    }
    return null;
  };
  const targetOf = ({ path, symlink }: LinkEntry): readonly string[] => {
    const target = normalise(symlink ?? []);
    if (!looseBase || (target.length > 0 && isSolid(target)) || linkOn(target) !== null) return target;
    return [...path.slice(0, -1), ...target];
  };
  return (link) => {
    let path = targetOf(link);
    for (let hop = 0; hop < MAX_HOPS && path.length > 0 && path.length <= MAX_TARGET; hop++) {
      if (isSolid(path)) return path;
      const next = linkOn(path);
      if (next === null) return null;
      path = [...targetOf(next.link), ...path.slice(next.depth)];
    }
    return null;
  };
}

/** A folder, a file or a link, by its name in the folder above. */
interface Place {
  readonly children: Map<string, Place>;
  /** There is a file or a folder of this path. */
  isSolid: boolean;
  link: LinkEntry | null;
}

function newPlace(): Place {
  return { children: new Map(), isSolid: false, link: null };
}

/** Components that name something. ".." is forbidden (BEP 47): a target with it leads nowhere. */
function normalise(target: readonly string[]): readonly string[] {
  return target.filter((part) => part !== "." && part !== "");
}
