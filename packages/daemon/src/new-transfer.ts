import { isAbsolute, resolve } from "node:path";
import {
  type AddOptions,
  parseEndpoint,
  parseMetainfo,
  safePaths,
  ShoalError,
  type VerifyLevel,
} from "@shoal/engine";
import type { AddTorrent } from "@shoal/schema";
import { ApiError } from "@shoal/server";
import { FileChoice } from "./edits/file-choice.ts";
import type { TorrentFetcher } from "./fetch/torrent-fetcher.ts";
import type { Labels } from "./labels/labels.ts";
import { NOTHING_REMEMBERED } from "./remote-memory.ts";
import type { Settings } from "./settings/settings.ts";
import type { Imported } from "./import/imported.ts";
import type { Wishes } from "./transfer-record.ts";

/** How a user adds a transfer. */
export interface NewTransfer extends Wishes {
  readonly source: Pick<AddOptions, "magnet" | "torrentBytes" | "infoHash">;
  readonly downloadDir: string;
  readonly peers: NonNullable<AddOptions["peers"]>;
  readonly trackers: readonly string[];
  /** What is there already is shared, and nothing fetched. */
  readonly share?: NewShared;
  /** What another program knew of it. */
  readonly imported?: Imported;
}

/** How something is shared that lies in the download folder. */
export interface NewShared {
  /** Its name there; null when it is the torrent's own. */
  readonly rootName: string | null;
  /** It was hashed just now. */
  readonly hashed: boolean;
  readonly verify: VerifyLevel;
}

/** The node, as far as it is asked. */
interface Adder {
  readonly downloadDir: string;
  readonly labels: Labels;
  readonly settings: Settings;
  readonly torrentFetcher: TorrentFetcher;
}

/** What a program or person asks for, as a transfer. Throws ApiError ERR_VALIDATION, and what fetching a .torrent file throws. */
export async function newTransfer(body: AddTorrent, node: Adder): Promise<NewTransfer> {
  const { magnet, infoHash, url, torrent } = body;
  const named = [magnet, infoHash, url, torrent].filter((source) => source !== undefined).length;
  if (named !== 1) throw invalid("Give one of magnet, infoHash, url and torrent");
  if (url !== undefined && !isWebAddress(url)) throw invalid(`${JSON.stringify(url)} is not a web address`);
  if (body.downloadDir !== undefined && !isAbsolute(body.downloadDir))
    throw invalid("downloadDir must be an absolute path");
  const source: NewTransfer["source"] =
    magnet !== undefined
      ? { magnet }
      : infoHash !== undefined
        ? { infoHash }
        : url !== undefined
          ? await node.torrentFetcher.fetch(url)
          : { torrentBytes: new Uint8Array(Buffer.from(torrent!, "base64")) };
  return {
    source,
    downloadDir: resolve(body.downloadDir ?? node.labels.folderFor(body.labels ?? []) ?? node.downloadDir),
    paused: body.paused ?? !node.settings.get("downloads.start"),
    files: filesOf(body, source),
    labels: body.labels ?? [],
    forced: body.forced ?? false,
    sequential: body.sequential ?? false,
    firstLast: body.firstLast ?? false,
    limits: body.limits ?? {},
    remote: NOTHING_REMEMBERED,
    goals: { ...sharingGoals(body, node.settings), ...body.goals },
    peers: (body.peers ?? []).map(endpoint),
    trackers: body.trackers ?? [],
  };
}

/** Throws ApiError ERR_VALIDATION, and ERR_NOTHING_SELECTED when it is known that no file is meant. */
function filesOf(
  { select = [], priorities = [] }: AddTorrent,
  { torrentBytes }: NewTransfer["source"],
): FileChoice | null {
  if (select.length + priorities.length === 0) return null;
  const choice = parsed(select, priorities);
  if (torrentBytes === undefined) return choice;
  const { name, multiFile, layout } = parseMetainfo(torrentBytes);
  const { paths } = safePaths(name, multiFile, layout.files);
  const files = layout.files.filter(({ pad }) => !pad);
  const isWanted = files.some(({ index }, at) => choice.priorityOf(index, at + 1, paths[index]!, true) > 0);
  if (isWanted) return choice;
  throw new ApiError(400, "ERR_NOTHING_SELECTED", `No file of ${name} is selected`);
}

function parsed(select: readonly string[], priorities: NonNullable<AddTorrent["priorities"]>): FileChoice {
  try {
    return new FileChoice(select, priorities);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalid(`A pattern for files can't be used: ${error.message}`);
  }
}

/** To be shared or not is a goal as others are: of a ratio of 0, or of the usual one. */
function sharingGoals({ share }: AddTorrent, settings: Settings): NewTransfer["goals"] {
  if (share === undefined || (share && settings.get("downloads.share"))) return {};
  return { ratio: share ? settings.get("sharing.ratio") : 0 };
}

function endpoint(text: string): ReturnType<typeof parseEndpoint> {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (error instanceof ShoalError) throw invalid(`${JSON.stringify(text)} is not an address with a port`);
    throw error;
  }
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function invalid(message: string): ApiError {
  return new ApiError(400, "ERR_VALIDATION", message);
}
