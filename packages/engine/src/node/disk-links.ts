import { readlink, symlink, unlink } from "node:fs/promises";
import { dirname, relative } from "node:path";
import type { LayoutFile } from "../meta/layout.ts";
import { errnoOf, systemError } from "./disk-fault.ts";
import type { FileTable } from "./file-table.ts";
import { LinkTargets } from "./link-targets.ts";
import { assertInside } from "./safe-folder.ts";

/** Creates all symbolic links. Last: what they point to is there by then, and no folder is made through them. */
export async function prepareLinks(table: FileTable): Promise<void> {
  for (const { path, text } of linksOf(table)) {
    try {
      await assertInside(table.root, dirname(path));
      await symlink(text, path);
    } catch (error) {
      // What has the name already is the same link, or the user's; no data depends on it.
      if (errnoOf(error) !== "EEXIST") throw systemError(error, path, false);
    }
  }
}

/** Deletes the links that `prepareLinks` made; what somebody else put there stays. */
export async function removeLinks(table: FileTable): Promise<void> {
  for (const { path, text } of linksOf(table)) {
    try {
      await assertInside(table.root, dirname(path));
      if ((await readlink(path)) === text) await unlink(path);
    } catch {
      // Missing, or no link: not ours.
    }
  }
}

function linksOf(table: FileTable): { readonly path: string; readonly text: string }[] {
  const isLink = (file: LayoutFile): boolean =>
    !file.pad && file.symlink !== null && !table.isSkipped(file.index);
  const links = table.layout.files.filter(isLink);
  if (links.length === 0) return [];
  const targets = new LinkTargets(table);
  return links.flatMap((file) => {
    const path = table.absolute(file.index);
    const target = targets.of(file);
    return target === null ? [] : [{ path, text: relative(dirname(path), target) }];
  });
}
