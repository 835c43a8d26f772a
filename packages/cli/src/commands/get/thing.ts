import { isInfoHash } from "../guess.ts";
import type { Context } from "../../context.ts";
import type { Magnet, Metainfo } from "../../engine.ts";
import { CliError } from "../../errors.ts";
import { exists, readSmallFile, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { explainMagnet, MAX_TORRENT_BYTES, parseTorrent, readStdin } from "../torrent/source.ts";
import { fetchTorrent, type Reach } from "./fetch-torrent.ts";

/** What is to be fetched: everything about it, or only its name. */
export type Thing =
  | { readonly type: "torrent"; readonly metainfo: Metainfo }
  | { readonly type: "magnet"; readonly magnet: Magnet }
  /** 40 or 64 hex digits. */
  | { readonly type: "infoHash"; readonly infoHash: string };

/**
 * Finds out what a word means; `reach` says how far a look-up may go. Throws when it is none of the
 * kinds, missing or broken.
 */
export async function resolveThing(context: Context, word: string, reach: Reach): Promise<Thing> {
  if (word === "-") {
    const bytes = await readStdin(context);
    // A .torrent file is one bencoded dictionary.
    if (bytes[0] === 0x64 && bytes[1] !== undefined && bytes[1] >= 0x30 && bytes[1] <= 0x39) {
      return { type: "torrent", metainfo: await parseTorrent(context, bytes, "-") };
    }
    const line =
      new TextDecoder()
        .decode(bytes.subarray(0, 300_000))
        .trim()
        .split(/\s*[\r\n]/)[0] ?? "";
    if (line === "" || line === "-") {
      throw new CliError(
        "ERR_USAGE",
        "Nothing came from stdin",
        "Pipe a magnet link or a .torrent file into it.",
      );
    }
    return resolveThing(context, line, reach);
  }
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
