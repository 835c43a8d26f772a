import { constants } from "node:fs";
import { access, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import type { Context } from "../../context.ts";
import type { Invocation } from "../command.ts";
import { CliError, fileSystemError, interrupted, usageError } from "../../errors.ts";
import { fileNameOf, shownPath, statPath, userPath, writeTorrentFile } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { count, formatBinarySize, formatCount, formatSize } from "../../ui/sizes.ts";
import type { CreateOptions } from "./declarations.ts";
import { describeTorrent, hex, listFiles, magnetOf } from "./describe.ts";
import { makeTorrent } from "./make.ts";

/** `shoal torrent create PATH`. */
export async function runCreate({
  context,
  output,
  args,
  options,
}: Invocation<CreateOptions>): Promise<number> {
  const word = args[0] as string;
  const path = userPath(context, word);
  const toStdout = options.output === "-";
  if (toStdout && output.json) {
    throw usageError("--json and -o - both want stdout", "Write the .torrent to a file.");
  }
  if (toStdout && !output.piped) {
    throw usageError(
      "A .torrent is no text for a terminal",
      "Send it on with > or |, or name a file with -o.",
    );
  }
  const name = `${fileNameOf(options.name ?? basename(path))}.torrent`;
  // Before the hashing, which may take long.
  await statPath(path, word);
  const target = toStdout ? null : await findTarget(context, options.output ?? name, name);
  const creationDate = options.date ? Math.floor(context.wallTime() / 1000) : null;
  const made = await makeTorrent(context, output, path, word, { ...options, creationDate }).catch(
    (error: unknown) => {
      throw context.signal.aborted ? interrupted(context.signal, "Nothing was written.") : error;
    },
  );
  const { metainfo } = made;
  const warnings = [...made.warnings];
  if (metainfo.private && options.tracker.length === 0) {
    warnings.push("A private torrent without --tracker can't be found by anybody.");
  }
  for (const warning of warnings) output.warn(clean(warning));
  if (target === null) {
    output.bytes(made.bytes);
    return 0;
  }
  const { file, special } = target;
  const shown = shownPath(context, file);
  if (special) await writeInto(file, shown, made.bytes);
  else await writeTorrentFile(file, shown, made.bytes, options.overwrite);
  const { formatMagnet } = await context.engine();
  const magnet = formatMagnet(magnetOf(metainfo));
  const description = describeTorrent(metainfo, magnet);
  output.document({ file, ...description, warnings: [...warnings, ...metainfo.warnings] });
  if (output.quiet || output.piped) {
    output.data(file);
    return 0;
  }
  const { layout, infoHashes } = metainfo;
  const size = `${count(listFiles(metainfo).length, "file")}, ${formatSize(layout.contentSize)}`;
  output.data(
    `${shown}: ${size}, ${formatCount(layout.pieceCount)} pieces of ${formatBinarySize(layout.pieceLength)}`,
  );
  if (infoHashes.v1 !== null) output.data(`info-hash v1  ${hex(infoHashes.v1)}`);
  if (infoHashes.v2 !== null) output.data(`info-hash v2  ${hex(infoHashes.v2)}`);
  output.data(clean(magnet));
  return 0;
}

/** Where the .torrent goes. `special`: a pipe or device, which must never be replaced by a file. */
interface Target {
  readonly file: string;
  readonly special: boolean;
}

/** The file that -o means: in a folder it is called `name`. Throws ERR_FILE_SYSTEM where none can be written. */
async function findTarget(context: Context, word: string, name: string): Promise<Target> {
  const path = userPath(context, word);
  const there = await stat(path).catch(() => null);
  const inFolder = there?.isDirectory() === true || word.endsWith("/");
  if (there !== null && !there.isFile() && !inFolder) return { file: path, special: true };
  const file = inFolder ? join(path, name) : path;
  const folder = dirname(file);
  const shown = shownPath(context, folder);
  if (!(await statPath(folder, shown)).isDirectory()) {
    throw new CliError("ERR_FILE_SYSTEM", `${shown} is not a folder`, "Choose another with -o.");
  }
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileSystemError(error, shown);
  }
  return { file, special: false };
}

async function writeInto(file: string, shown: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    throw fileSystemError(error, shown);
  }
}
