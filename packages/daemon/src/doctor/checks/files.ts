import { type Finding, finding } from "../finding.ts";
import { hidden, said } from "../said.ts";

/** A file or folder with the rights that it has, and those that it may have. */
export interface FileRights {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly allowed: number;
}

/** Whether others on this computer may use what is this user's alone: keys, tokens, the list of transfers, programs to run. */
export function checkFiles(files: readonly FileRights[]): Finding {
  const open = files.filter(({ mode, allowed }) => (mode & ~allowed) !== 0);
  const [first] = open;
  if (first === undefined) return finding("files", "ok", said`what is private is open to this user only`);
  const more = open.length === 1 ? "" : ` and ${open.length - 1} more`;
  const mode = (first.mode & 0o777).toString(8);
  return finding(
    "files",
    "warn",
    said`others on this computer have rights to ${hidden("file", first.path)} (mode ${mode})${more}`,
    ...open.map(({ path, allowed }) => `close it: chmod ${allowed.toString(8)} ${path}`),
  );
}
