import type { Metainfo } from "../../engine.ts";
import type { Context } from "../../context.ts";
import { CliError, sentence } from "../../errors.ts";
import { notATorrent, readSmallFile, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";

/** Largest .torrent file read; the parser's own limits are below it. */
export const MAX_TORRENT_BYTES: number = 64 * 1024 * 1024;

/** Everything on stdin, up to the limit of a .torrent file. */
export async function readStdin(context: Context): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of context.stdin) {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    length += bytes.length;
    if (length > MAX_TORRENT_BYTES) {
      throw new CliError(
        "ERR_METAINFO",
        "What comes from stdin is not a torrent: it is far too large for one",
      );
    }
    parts.push(bytes);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Bytes of the .torrent file that a word names; "-" is stdin. */
export async function readTorrentBytes(context: Context, word: string): Promise<Uint8Array> {
  if (word === "-") return readStdin(context);
  return readSmallFile(userPath(context, word), word, MAX_TORRENT_BYTES);
}

/** Parses a .torrent file; a broken one is named. Throws ERR_METAINFO or ERR_BENCODE. */
export async function parseTorrent(context: Context, bytes: Uint8Array, shown: string): Promise<Metainfo> {
  const engine = await context.engine();
  try {
    return engine.parseMetainfo(bytes);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code !== "ERR_METAINFO" && code !== "ERR_BENCODE" && code !== "ERR_PROTOCOL") throw error;
    const reason = error instanceof Error ? error.message : "";
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
