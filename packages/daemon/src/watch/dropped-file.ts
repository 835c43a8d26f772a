import { lstat, readFile } from "node:fs/promises";
import { parseMagnet, parseMetainfo } from "@shoal/engine";
import type { AddTorrent } from "@shoal/schema";

const MAX_TORRENT = 12_000_000;
const MAX_MAGNET = 262_144;
/** Links in one .magnet file, one to a line. */
const MOST_LINKS = 100;

/** Whether a file of that name is added when it comes into a watch folder; not what hides or was added before. */
export function isDropped(name: string): boolean {
  return /^[^.].*\.(?:torrent|magnet)$/i.test(name);
}

/** What to add; or why a file is none that can be added, in one clause. */
export type Dropped =
  | { readonly wanted: readonly Pick<AddTorrent, "torrent" | "magnet">[] }
  | { readonly problem: string };

/** Reads a file that somebody has put into a watch folder. Throws what reading throws. */
export async function readDropped(path: string): Promise<Dropped> {
  const stats = await lstat(path);
  if (!stats.isFile()) return { problem: "it is no ordinary file" };
  const isTorrent = /torrent$/i.test(path);
  if (stats.size > (isTorrent ? MAX_TORRENT : MAX_MAGNET)) return { problem: "it is too large" };
  const bytes = await readFile(path);
  try {
    return { wanted: isTorrent ? [torrentOf(bytes)] : linksOf(bytes.toString("utf8")) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function torrentOf(bytes: Buffer): Pick<AddTorrent, "torrent"> {
  parseMetainfo(new Uint8Array(bytes));
  return { torrent: bytes.toString("base64") };
}

function linksOf(text: string): Pick<AddTorrent, "magnet">[] {
  const links = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (links.length === 0) throw new Error("there is no link in it");
  if (links.length > MOST_LINKS) throw new Error(`it has more than ${MOST_LINKS} links`);
  for (const magnet of links) parseMagnet(magnet);
  return links.map((magnet) => ({ magnet }));
}
