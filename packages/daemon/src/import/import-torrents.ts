import { readFile, stat } from "node:fs/promises";
import { relative } from "node:path";
import { type Metainfo, parseMetainfo, ShoalError } from "@shoal/engine";
import type { ImportReport, NewImport } from "@shoal/schema";
import { ApiError } from "@shoal/server";
import type { Transfer } from "../transfer.ts";
import { NO_WISHES } from "../transfer-record.ts";
import type { NewTransfer } from "../new-transfer.ts";
import { findForeign, type ForeignFiles } from "./find-foreign.ts";
import type { ForeignTorrent } from "./foreign-torrent.ts";
import { ImportError, readLibtorrent, readTransmission } from "./read-resume.ts";

const MAX_FILE = 64_000_000;

export interface ImportParts {
  /** Adds a transfer. */
  readonly add: (wanted: NewTransfer) => Promise<Transfer>;
}

type Line = ImportReport["torrents"][number];

/** Takes up torrents of another program, each by itself. Throws ApiError ERR_NOT_FOUND when there are none. */
export async function importTorrents(parts: ImportParts, wanted: NewImport): Promise<Line[]> {
  const found = await findForeign(wanted).catch((error: NodeJS.ErrnoException) => {
    throw new ApiError(404, "ERR_NOT_FOUND", `${wanted.dir} can't be read: ${error.code ?? error.message}`);
  });
  if (found.length === 0) {
    const message = `${wanted.dir} has no .torrent files with resume data beside them`;
    throw new ApiError(404, "ERR_NOT_FOUND", message, "Name the folder where that program keeps them.");
  }
  const lines: Line[] = [];
  for (const files of found) lines.push(await importOne(parts, wanted, files));
  return lines;
}

async function importOne(parts: ImportParts, wanted: NewImport, files: ForeignFiles): Promise<Line> {
  const line: Line = {
    file: relative(wanted.dir, files.torrent),
    name: null,
    torrentId: null,
    outcome: "failed",
    downloadDir: null,
    message: null,
  };
  try {
    const torrentBytes = await readSmall(files.torrent);
    const metainfo = parseMetainfo(torrentBytes);
    const resume = await readSmall(files.resume);
    const foreign = wanted.kind === "transmission" ? readTransmission(resume) : readLibtorrent(resume);
    const told = { ...line, name: metainfo.name, downloadDir: foreign.downloadDir };
    if (foreign.renamed)
      return { ...told, message: "its files have other names on disk than in the torrent" };
    if (wanted.dryRun === true) return { ...told, outcome: "would-add" };
    const transfer = await parts.add(newTransfer(torrentBytes, metainfo, foreign, wanted));
    return { ...told, outcome: "added", torrentId: transfer.id };
  } catch (error) {
    const isKnown = error instanceof ShoalError && error.code === "ERR_DUPLICATE_TORRENT";
    if (isKnown) return { ...line, outcome: "known", message: "it is here already" };
    const isExpected =
      error instanceof ShoalError || error instanceof ImportError || error instanceof ApiError;
    if (isExpected) return { ...line, message: error.message };
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { ...line, message: `it can't be read (${code})` };
  }
}

function newTransfer(
  torrentBytes: Uint8Array,
  metainfo: Metainfo,
  foreign: ForeignTorrent,
  { verify = "full" }: NewImport,
): NewTransfer {
  const { downloadDir, paused, labels, sequential, ratio, down, up } = foreign;
  const known = new Set(metainfo.trackers.flat());
  return {
    ...NO_WISHES,
    source: { torrentBytes },
    downloadDir,
    paused,
    labels,
    sequential,
    goals: ratio === null ? {} : { ratio: ratio === "never" ? null : ratio },
    limits: { ...(down === null ? {} : { down }), ...(up === null ? {} : { up }) },
    peers: [],
    trackers: foreign.trackers.filter((url) => !known.has(url)),
    imported: {
      verify,
      pieces: foreign.complete ? "all" : foreign.pieces,
      priorities: prioritiesOf(metainfo, foreign),
      addedAt: isoTime(foreign.addedAt),
      finishedAt: foreign.complete ? (isoTime(foreign.finishedAt) ?? isoTime(foreign.addedAt)) : null,
    },
  };
}

/** By file index. Programs count pads or don't. */
function prioritiesOf(
  { layout }: Metainfo,
  { priorities }: ForeignTorrent,
): NonNullable<NewTransfer["imported"]>["priorities"] {
  if (priorities === null) return null;
  const files = layout.files.filter(({ pad }) => !pad || priorities.length === layout.files.length);
  if (files.length !== priorities.length) return null;
  return new Map(files.map(({ index }, at) => [index, priorities[at]!]));
}

function isoTime(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}

async function readSmall(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > MAX_FILE) throw new ImportError("it is too large");
  return new Uint8Array(await readFile(path));
}
