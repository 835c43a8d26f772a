import { constants, createReadStream, openSync } from "node:fs";
import type { Stats } from "node:fs";
import { Socket } from "node:net";

import type { Metainfo } from "../../engine.ts";
import type { Context } from "../../context.ts";
import { CliError, fileSystemError, interrupted, sentence, usageError } from "../../errors.ts";
import { notATorrent, readSmallFile, statPath, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { aborted } from "../../ui/ticker.ts";

/** Largest .torrent file read; the parser's own limits are below it. */
export const MAX_TORRENT_BYTES: number = 64 * 1024 * 1024;

/** Everything on stdin, up to the limit of a .torrent file. */
export function readStdin(context: Context): Promise<Uint8Array> {
  return readAll(context, context.stdin, "What comes from stdin");
}

/**
 * Everything that comes, up to the limit: pipes and devices have no length, and may never end. Throws ERR_METAINFO past the limit,
 * ERR_INTERRUPTED and the like when the command is asked to end.
 */
async function readAll(
  context: Context,
  source: AsyncIterable<Uint8Array | string>,
  shown: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const stopped = aborted(context.signal);
  const chunks = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([chunks.next(), stopped]);
    if (next === undefined) throw interrupted(context.signal, "Nothing was read.");
    if (next.done === true) return new Uint8Array(Buffer.concat(parts));
    const bytes = typeof next.value === "string" ? new TextEncoder().encode(next.value) : next.value;
    length += bytes.length;
    if (length > MAX_TORRENT_BYTES) {
      throw new CliError(
        "ERR_METAINFO",
        `${shown} is not a torrent: it is far too large for one`,
        notATorrent(),
      );
    }
    parts.push(bytes);
  }
}

function openEndless(path: string, stats: Stats): AsyncIterable<Uint8Array> {
  if (!stats.isFIFO()) return createReadStream(path);
  // Opened in the ordinary way, a pipe that nobody writes to would hold a thread, and with it the end of the process.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Bytes of the .torrent file that a word names; "-" is stdin. */
export async function readTorrentBytes(context: Context, word: string): Promise<Uint8Array> {
  if (word === "-") return readStdin(context);
  if (word === "") throw usageError("The file has no name", "Name a .torrent file, or give - for stdin.");
  const path = userPath(context, word);
  const stats = await statPath(path, word);
  if (stats.isFile() || stats.isDirectory()) return readSmallFile(path, word, MAX_TORRENT_BYTES);
  try {
    return await readAll(context, openEndless(path, stats), clean(word));
  } catch (error) {
    throw error instanceof CliError ? error : fileSystemError(error, word);
  }
}

/** Parses a .torrent file; a broken one is named. Throws ERR_METAINFO or ERR_BENCODE. */
export async function parseTorrent(context: Context, bytes: Uint8Array, shown: string): Promise<Metainfo> {
  const engine = await context.engine();
  try {
    return engine.parseMetainfo(bytes);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code !== "ERR_METAINFO" && code !== "ERR_BENCODE" && code !== "ERR_PROTOCOL") throw error;
    const reason = code === "ERR_BENCODE" ? whatItIs(bytes, error) : (error as Error).message;
    throw new CliError(
      code === "ERR_BENCODE" ? code : "ERR_METAINFO",
      `${shown === "-" ? "stdin" : clean(shown)} is not a usable torrent: ${sentence(reason)
        .replace(/\.$/, "")
        .replace(/^./, (c) => c.toLowerCase())}`,
      notATorrent(),
      error,
    );
  }
}

/** What a file that isn't even bencode seems to be. */
function whatItIs(bytes: Uint8Array, error: unknown): string {
  if (bytes.length === 0) return "it is empty";
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "it is compressed with gzip: unpack it first";
  const start = Buffer.from(bytes.subarray(0, 64)).toString("latin1").trimStart();
  if (start.startsWith("<")) return "it is a web page or the like";
  if (/^magnet:/i.test(start)) return "it holds a magnet link: give the link itself";
  if (!start.startsWith("d")) return "it doesn't begin like one";
  return `it is damaged or cut off: ${(error as Error).message}`;
}

export async function loadTorrent(context: Context, word: string): Promise<Metainfo> {
  return parseTorrent(context, await readTorrentBytes(context, word), word);
}

/** A magnet link that can't be read is named with the reason. */
export function explainMagnet(error: unknown, link: string): CliError {
  const reason = error instanceof Error ? error.message : String(error);
  const shown = clean(link.length > 60 ? `${link.slice(0, 60)}…` : link);
  return new CliError(
    "ERR_MAGNET",
    `The magnet link ${shown} can't be used: ${reason}`,
    "Copy it again, from magnet: to its end, in quotes.",
    error,
  );
}

/** By its name. */
export function isTorrentFile(word: string): boolean {
  return /\.torrent$/i.test(word);
}
