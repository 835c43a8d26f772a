import { isFileId, isInfoHash } from "../guess.ts";
import type { Context } from "../../context.ts";
import type { Magnet, Metainfo } from "../../engine.ts";
import { CliError, usageError } from "../../errors.ts";
import { exists, readSmallFile, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { explainMagnet, MAX_TORRENT_BYTES, parseTorrent, readStdin } from "../torrent/source.ts";
import { fetchTorrent, type Reach } from "./fetch-torrent.ts";

/** Of words piped in. */
const MAX_WORDS_BYTES = 1_000_000;

/** What is to be fetched: everything about it, or only its name. */
export type Thing =
  | { readonly type: "torrent"; readonly metainfo: Metainfo }
  | { readonly type: "magnet"; readonly magnet: Magnet }
  /** 40 or 64 hex digits. */
  | { readonly type: "infoHash"; readonly infoHash: string }
  /** The beginning of the id of a file that the daemon may know. */
  | { readonly type: "fileId"; readonly id: string };

/** What words mean, each; "-" stands for what comes from stdin: a .torrent file, or a word on each line. */
export async function resolveThings(
  context: Context,
  words: readonly string[],
  reach: Reach,
): Promise<readonly Thing[]> {
  const things: Thing[] = [];
  for (const word of words) {
    if (word === "-") things.push(...(await thingsFromStdin(context, reach)));
    else things.push(await resolveThing(context, word, reach));
  }
  return things;
}

async function thingsFromStdin(context: Context, reach: Reach): Promise<readonly Thing[]> {
  const bytes = await readStdin(context);
  // A .torrent file is one bencoded dictionary.
  if (bytes[0] === 0x64 && bytes[1] !== undefined && bytes[1] >= 0x30 && bytes[1] <= 0x39) {
    return [{ type: "torrent", metainfo: await parseTorrent(context, bytes, "-") }];
  }
  const text = new TextDecoder().decode(bytes.subarray(0, MAX_WORDS_BYTES));
  const lines = text.split(/[\r\n]+/).flatMap((line) => {
    const word = line.trim();
    return word === "" || word === "-" ? [] : [word];
  });
  if (lines.length === 0) {
    throw new CliError(
      "ERR_USAGE",
      "Nothing came from stdin",
      "Pipe a magnet link or a .torrent file into it.",
    );
  }
  return resolveThings(context, lines, reach);
}

/**
 * Finds out what a word means; `reach` says how far a look-up may go. Throws when it is none of the
 * kinds, missing or broken.
 */
async function resolveThing(context: Context, word: string, reach: Reach): Promise<Thing> {
  if (word.trim() === "")
    throw usageError(
      "Nothing is named: the word is empty",
      "Give a magnet link, .torrent file or web address.",
    );
  if (/^magnet:/i.test(word)) {
    const { parseMagnet } = await context.engine();
    try {
      return { type: "magnet", magnet: parseMagnet(word) };
    } catch (error) {
      throw explainMagnet(error, word);
    }
  }
  if (/^https?:\/\//i.test(word)) {
    const fetched = await fetchTorrent(context, word, reach);
    if ("magnet" in fetched) return resolveThing(context, fetched.magnet, reach);
    const { bytes } = fetched;
    return { type: "torrent", metainfo: await parseTorrent(context, bytes, word) };
  }
  const path = userPath(context, word);
  if (!(await exists(path)) && isInfoHash(word)) {
    if (word.length === 32) return resolveThing(context, `magnet:?xt=urn:btih:${word}`, reach);
    return { type: "infoHash", infoHash: word.toLowerCase().slice(word.length === 68 ? 4 : 0) };
  }
  if (!(await exists(path)) && isFileId(word)) return { type: "fileId", id: word.toLowerCase() };
  if (!(await exists(path)) && !/[./\\]/.test(word)) {
    throw new CliError(
      "ERR_USAGE",
      `"${clean(word)}" is not a magnet link, .torrent file, info-hash or web address`,
      "Copy the link again, in quotes.",
    );
  }
  const bytes = await readSmallFile(path, word, MAX_TORRENT_BYTES);
  return { type: "torrent", metainfo: await parseTorrent(context, bytes, word) };
}
