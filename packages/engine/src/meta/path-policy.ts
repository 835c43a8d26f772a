import type { FileIndex } from "../base/brand.ts";
import { utf8, utf8Text } from "../base/bytes.ts";
import { UNSHOWABLE } from "./display-name.ts";
import type { LayoutEntry } from "./layout.ts";

/** Longest component in bytes of UTF-8. File systems take 255; the rest is for suffixes that programs add. */
export const MAX_COMPONENT_BYTES = 240;
/** What counts as an extension when a long name is cut, dot included. */
const MAX_EXTENSION_BYTES = 32;
/** Stands for what can't be used. */
const STAND_IN = "_";
/** Names that Windows takes for devices, whatever extension follows. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/** Where a torrent's files go on disk. */
export interface SafePaths {
  /**
   * For each file of the layout, its path below the download folder, "/" between components. Pads have one that is
   * never used.
   */
  readonly paths: readonly string[];
  /** Files whose path is not what the torrent says, for telling the user. */
  readonly changed: readonly { readonly index: FileIndex; readonly from: string; readonly to: string }[];
}

/** A folder on disk: folded name to what has it. */
interface Folder {
  readonly children: Map<string, { readonly name: string; readonly folder: Folder | null }>;
  /** Folded name with zeros in place of a number to the last number that was tried. */
  readonly numbers: Map<string, number>;
}

/**
 * The one rule by which names from a torrent become paths, alike on all platforms so that data can be moved between
 * them. Each component of the torrent becomes exactly one component on disk, made usable by `safeComponent`. Folders
 * that differ only in case or Unicode form are one folder; a file whose name is taken gets a number before its
 * extension, in file order.
 */
export function safePaths(name: string, multiFile: boolean, files: readonly LayoutEntry[]): SafePaths {
  const prefix = multiFile ? [safeComponent(name)] : [];
  // Files of a folder share its name: it is made safe once.
  const known = new Map<string, string>();
  const safe = (component: string): string => {
    let made = known.get(component);
    if (made === undefined) known.set(component, (made = safeComponent(component)));
    return made;
  };
  const root = newFolder();
  const folders: (Folder | null)[] = [];
  const parents: string[][] = [];
  // All folders first: then a file never takes a name that a folder needs.
  for (const file of files) {
    const parent = file.pad ? [] : pathOf(file, name, multiFile).slice(0, -1);
    let folder = root;
    const names = [...prefix];
    for (const component of parent) {
      const child = childFolder(folder, safe(component));
      names.push(child.name);
      folder = child.folder;
    }
    folders.push(folder);
    parents.push(names);
  }
  const paths: string[] = [];
  const changed: SafePaths["changed"][number][] = [];
  files.forEach((file, index) => {
    const folder = folders[index] as Folder;
    const names = parents[index] as string[];
    if (file.pad) {
      paths.push([...names, ...file.path.map(safeComponent)].join("/"));
      return;
    }
    const path = pathOf(file, name, multiFile);
    const to = [...names, claimName(folder, safeComponent(path.at(-1) ?? ""))].join("/");
    const from = (multiFile ? [name, ...path] : path).join("/");
    if (from !== to) changed.push({ index, from, to });
    paths.push(to);
  });
  return { paths, changed };
}

/**
 * Paths by the torrent's own names, for finding data that another program or platform put there: as `safePaths`, but
 * a component is only replaced when it would leave the folder. Never create files by these.
 */
export function literalPaths(
  name: string,
  multiFile: boolean,
  files: readonly LayoutEntry[],
): readonly string[] {
  return files.map((file) => {
    const path = pathOf(file, name, multiFile);
    return (multiFile ? [name, ...path] : path)
      .map((part) =>
        part === "" || part === "." || part === ".." || /[/\\\0]/.test(part) ? safeComponent(part) : part,
      )
      .join("/");
  });
}

/**
 * A name that any common file system takes: no separators, control, direction or forbidden characters, no device
 * name, no dot or blank at the end, at most MAX_COMPONENT_BYTES with the extension kept. Never empty. A usable name
 * comes back unchanged.
 */
export function safeComponent(component: string): string {
  const allowed = wellFormed(component)
    .replace(/[/\\]/g, "")
    .replace(UNSHOWABLE, STAND_IN)
    .replace(/[<>:"|?*]/g, STAND_IN);
  return fit(trimEnd(allowed), "");
}

/** Components below the torrent's root; of a single file the torrent's name, which is the only one it has. */
function pathOf(file: LayoutEntry, name: string, multiFile: boolean): readonly string[] {
  return multiFile || file.pad ? file.path : [name];
}

function newFolder(): Folder {
  return { children: new Map(), numbers: new Map() };
}

function childFolder(parent: Folder, name: string): { name: string; folder: Folder } {
  const key = foldName(name);
  const known = parent.children.get(key);
  if (known !== undefined && known.folder !== null) return { name: known.name, folder: known.folder };
  const child = { name, folder: newFolder() };
  parent.children.set(key, child);
  return child;
}

function claimName(folder: Folder, wanted: string): string {
  let name = wanted;
  let key = foldName(wanted);
  for (let digits = 1; folder.children.has(key); digits++) {
    // Long names that differ only where they are cut off count on together: each from 1 on would take for ever.
    const series = foldName(fit(wanted, `.${"0".repeat(digits)}`));
    let number = folder.numbers.get(series) ?? 10 ** (digits - 1) - 1;
    while (number < 10 ** digits - 1 && folder.children.has(key)) {
      name = fit(wanted, `.${++number}`);
      key = foldName(name);
    }
    folder.numbers.set(series, number);
  }
  folder.children.set(key, { name, folder: null });
  return name;
}

/** What case-insensitive and normalising file systems can't tell apart is equal. */
export function foldName(name: string): string {
  return name.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

/** `cut`, with a device's name kept off: that can also be what is left of a longer name. */
function fit(name: string, suffix: string): string {
  const fitting = cut(name, suffix);
  return DEVICE_NAME.test(fitting) ? cut(STAND_IN + name, suffix) : fitting;
}

/** Puts `suffix` before the extension, and shortens what is before it to fit. */
function cut(name: string, suffix: string): string {
  const dot = name.lastIndexOf(".");
  const hasExtension = dot > 0 && utf8(name.slice(dot)).length <= MAX_EXTENSION_BYTES;
  const extension = hasExtension ? name.slice(dot) : "";
  const stem = hasExtension ? name.slice(0, dot) : name;
  let left = MAX_COMPONENT_BYTES - utf8(suffix + extension).length;
  if (utf8(stem).length <= left) return trimEnd(stem + suffix + extension);
  let kept = "";
  for (const character of stem) {
    left -= utf8(character).length;
    if (left < 0) break;
    kept += character;
  }
  return trimEnd(kept + suffix + extension);
}

function trimEnd(name: string): string {
  let end = name.length;
  while (end > 0 && (name[end - 1] === "." || name[end - 1] === " ")) end--;
  return end === 0 ? STAND_IN : name.slice(0, end);
}

/** Lone surrogates become U+FFFD: they have no UTF-8. */
function wellFormed(text: string): string {
  return utf8Text(utf8(text));
}
