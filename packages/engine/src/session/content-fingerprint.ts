import { toHex, utf8 } from "../base/bytes.ts";
import { comparePaths } from "../meta/create.ts";
import type { HashFunctions } from "../meta/info-hash.ts";
import type { WalkedFolder } from "../node/walk-folder.ts";

/**
 * Names what lies in a folder as far as it can be told without reading the files: 64 hex digits that change with a name, a
 * size, a time, an inode, a mode or a link.
 */
export function contentFingerprint({ name, multiFile, files }: WalkedFolder, hasher: HashFunctions): string {
  const rows = files
    .toSorted((a, b) => comparePaths(a.path, b.path))
    .map((file) => [file.path, file.size, file.modifiedMs, file.inode, file.executable, file.symlink]);
  return toHex(hasher.sha256(utf8(JSON.stringify([name, multiFile, rows]))));
}
