import type { Invocation, NoOptions } from "../command.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { CliError, interrupted, usageError } from "../../errors.ts";
import { shownPath, statPath, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { progressText, Speedometer } from "../../ui/progress.ts";
import { shellWord } from "../../ui/shell-word.ts";
import { count, formatCount, formatSize } from "../../ui/sizes.ts";
import type { Output } from "../../ui/output.ts";
import { hashFields } from "./describe.ts";
import { loadTorrent } from "./source.ts";
import { verifyData } from "./verify-data.ts";
import type { FileVerdict, Verdict } from "./verify-data.ts";

/** Bad files listed for people; the JSON document has all. */
const MAX_LISTED = 50;

/** `shoal torrent verify FILE DIR`, or `shoal torrent verify TRANSFER`. */
export async function runVerify(invocation: Invocation<NoOptions>): Promise<number> {
  const { context, output, args } = invocation;
  const [word = "", dirWord] = args;
  if (dirWord === undefined && /\.torrent$/i.test(word))
    throw usageError(
      "The folder in which the files lie is missing",
      "Name it, or give . for the folder you are in.",
    );
  if (dirWord === undefined) return (await import("./edit/simple.ts")).recheck(invocation);
  if (dirWord === "")
    throw usageError("The folder has no name", "Name it, or give . for the folder you are in.");
  const metainfo = await loadTorrent(context, word);
  const dir = userPath(context, dirWord);
  if (!(await statPath(dir, dirWord)).isDirectory()) {
    throw new CliError(
      "ERR_FILE_SYSTEM",
      `${clean(dirWord)} is not a folder`,
      `Name the folder in which ${clean(metainfo.name)} lies.`,
    );
  }
  const speed = new Speedometer();
  const total = metainfo.layout.contentSize;
  const verdict = await verifyData(await context.engine(), metainfo, dir, context.signal, (done) => {
    speed.sample(context.now(), done);
    const line = (): string =>
      `Checking ${clean(metainfo.name)}  ${progressText({ done, total, rate: speed.rate, etaMs: speed.etaMs(total) }, output.noteStyle)}`;
    output.live([line()]);
    output.status(line);
  });
  output.done();
  if (context.signal.aborted)
    throw interrupted(context.signal, "Nothing was changed; run it again to check everything.");
  output.document({
    name: metainfo.name,
    ...hashFields(metainfo.infoHashes),
    ok: verdict.ok,
    pieceCount: metainfo.layout.pieceCount,
    piecesOk: metainfo.layout.pieceCount - verdict.badPieces.length,
    badPieces: verdict.badPieces,
    files: verdict.files,
  });
  const shown = shownPath(context, dir);
  if (verdict.ok) {
    output.data(
      `${clean(metainfo.name)} in ${shown}: all right. ${count(verdict.files.length, "file")}, ${formatSize(total)}, ${count(metainfo.layout.pieceCount, "piece")} checked.`,
    );
    return EXIT_CODES.ok.code;
  }
  printBad(output, verdict);
  output.warn(`${clean(metainfo.name)} in ${shown}: ${summary(verdict, metainfo.layout.pieceCount)}`);
  if (verdict.files.every((file) => file.state === "missing" || file.size === 0)) {
    output.warn(`If it lies elsewhere, name the folder that has ${clean(firstName(verdict))} in it.`);
  }
  if (verdict.files.some(({ state }) => state !== "ok" && state !== "unreadable")) {
    output.warn(`To repair: shoal get ${shellWord(word)} -o ${shellWord(dirWord)} --overwrite`);
  }
  return EXIT_CODES.verification.code;
}

function summary(verdict: Verdict, pieceCount: number): string {
  const bad = verdict.files.filter((file) => file.state !== "ok").length;
  const wrong = verdict.badPieces.length;
  if (wrong > 0)
    return `${formatCount(wrong)} of ${count(pieceCount, "piece")} missing or wrong, in ${count(bad, "file")}.`;
  return `every piece is right, but ${count(bad, "file")} ${bad === 1 ? "is" : "are"} not as in the torrent.`;
}

/** The file or folder that a torrent's data is. */
function firstName(verdict: Verdict): string {
  return verdict.files[0]?.path.split("/")[0] ?? "";
}

function printBad(output: Output, verdict: Verdict): void {
  const bad = verdict.files.filter((file) => file.state !== "ok");
  for (const file of bad.slice(0, MAX_LISTED)) {
    output.data(`${output.style.bad(file.state.padEnd(10))}  ${clean(file.path)}${details(file)}`);
  }
  if (bad.length > MAX_LISTED)
    output.data(`… and ${count(bad.length - MAX_LISTED, "more file", "more files")}`);
}

function details(file: FileVerdict): string {
  const { size, sizeOnDisk, state, symlink } = file;
  if (symlink !== null) return `  (should be a link to ${clean(symlink.join("/"))})`;
  if (state === "missing") return "";
  if (state === "unreadable") return "  (permission denied, or the disk fails)";
  if (state === "unchecked") return "  (shares a piece with a file that is missing, short or unreadable)";
  if (sizeOnDisk === null) return "  (something else is there: a folder, or a link that is not followed)";
  if (state === "long") return `  (${formatSize(sizeOnDisk - size)} too long)`;
  if (state === "short") return `  (${formatSize(size - sizeOnDisk)} of ${formatSize(size)} missing)`;
  return `  (${ranges(file.badPieces)})`;
}

/** "pieces 3, 7-9, …": at most ten ranges. */
function ranges(pieces: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < pieces.length;) {
    const first = pieces[at] as number;
    let last = first;
    while (pieces[at + 1] === last + 1) {
      last++;
      at++;
    }
    at++;
    parts.push(first === last ? String(first) : `${first}-${last}`);
  }
  const shown = parts.length > 10 ? [...parts.slice(0, 10), "…"] : parts;
  return `${pieces.length === 1 ? "piece" : "pieces"} ${shown.join(", ")}`;
}
