import { isAbsolute } from "node:path";
import { type BencodeValue, decodeBencode, type FilePriority } from "@shoal/engine";
import type { ForeignTorrent } from "./foreign-torrent.ts";

/** Not older than BitTorrent, not after the year 9999: else it is no time. */
const MAX_SECONDS = 253_402_300_799;
const MAX_LABELS = 50;
const MAX_LABEL = 100;
const MAX_TRACKERS = 100;
const MAX_FILES = 1_000_000;
const KEEP = 4;
const LIMITS = { maxBytes: 64_000_000 };

/** What is wrong with a file of another program, in one clause. */
export class ImportError extends Error {
  override readonly name = "ImportError";
}

/** Resume data of libtorrent, with what qBittorrent adds to it. Throws ImportError, and ProtocolError for what is not bencoded. */
export function readLibtorrent(bytes: Uint8Array): ForeignTorrent {
  const data = decodeBencode(bytes, LIMITS);
  const downloadDir = folder(data.getText("qBt-savePath") || data.getText("save_path"));
  const pieces = data.getBytes("pieces");
  const finishedAt = seconds(data.getNumber("completed_time"));
  const category = data.getText("qBt-category") ?? "";
  const tags = texts(data.get("qBt-tags"));
  const limit = data.getNumber("qBt-ratioLimit");
  return {
    downloadDir,
    paused: data.getNumber("paused") === 1,
    labels: labelsOf(category === "" ? tags : [category, ...tags]),
    priorities: libtorrentPriorities(data.get("file_priority")),
    // One byte for each piece, of which the lowest bit says that it is there.
    pieces: pieces === null ? null : packed(pieces),
    complete: pieces !== null && pieces.length > 0 && pieces.every((byte) => (byte & 1) === 1),
    ratio: limit === null || limit === -2000 || limit === -2 ? null : limit < 0 ? "never" : limit / 1000,
    down: rate(data.getNumber("download_rate_limit")),
    up: rate(data.getNumber("upload_rate_limit")),
    sequential: data.getNumber("sequential_download") === 1,
    trackers: trackersOf(data.get("trackers")),
    addedAt: seconds(data.getNumber("added_time")),
    finishedAt,
    renamed: (data.get("mapped_files")?.asList() ?? []).length > 0,
  };
}

/** Resume data of Transmission; `defaultDir` is for older ones that name no folder. Throws as `readLibtorrent`. */
export function readTransmission(bytes: Uint8Array): ForeignTorrent {
  const data = decodeBencode(bytes, LIMITS);
  const progress = data.get("progress");
  const blocks = progress?.get("blocks") ?? null;
  const have = progress?.getText("have") ?? null;
  const complete = have === "all" || blocks?.asText() === "all";
  const ratioMode = data.get("ratio-limit")?.getNumber("ratio-mode") ?? 0;
  const ratio = Number(data.get("ratio-limit")?.getText("ratio-limit") ?? Number.NaN);
  const incomplete = data.getText("incomplete-dir");
  return {
    downloadDir: folder(complete || incomplete === null ? data.getText("destination") : incomplete),
    paused: data.getNumber("paused") === 1,
    labels: labelsOf(texts(data.get("labels"))),
    priorities: transmissionPriorities(data.get("dnd"), data.get("priority")),
    // It keeps blocks of 16 KiB, and those only of complete files say which pieces are there.
    pieces: null,
    complete,
    ratio: ratioMode === 1 && Number.isFinite(ratio) && ratio >= 0 ? ratio : ratioMode === 2 ? "never" : null,
    down: transmissionRate(data.get("speed-limit-down")),
    up: transmissionRate(data.get("speed-limit-up")),
    sequential: data.getNumber("sequentialDownload") === 1,
    trackers: [],
    addedAt: seconds(data.getNumber("added-date")),
    finishedAt: seconds(data.getNumber("done-date")),
    renamed: (data.get("files")?.asList() ?? []).some((name) => (name.asText() ?? "") !== ""),
  };
}

function folder(path: string | null): string {
  if (path === null || path === "") throw new ImportError("it does not say where the files are");
  if (!isAbsolute(path) || path.includes("\0")) throw new ImportError(`"${path}" is no absolute path`);
  return path;
}

function texts(value: BencodeValue | null): string[] {
  return (value?.asList() ?? []).flatMap((item) => item.asText() ?? []);
}

function labelsOf(names: readonly string[]): string[] {
  const usable = names.filter((name) => name !== "" && name.length <= MAX_LABEL && !/[,\p{Cc}]/u.test(name));
  return [...new Set(usable)].slice(0, MAX_LABELS);
}

function trackersOf(tiers: BencodeValue | null): string[] {
  const urls = (tiers?.asList() ?? []).flatMap((tier) => texts(tier));
  return [...new Set(urls)].filter((url) => url.length <= 2_048).slice(0, MAX_TRACKERS);
}

function libtorrentPriorities(value: BencodeValue | null): FilePriority[] | null {
  const list = value?.asList() ?? null;
  if (list === null || list.length === 0 || list.length > MAX_FILES) return null;
  return list.map((item) => Math.max(0, Math.min(7, item.asNumber() ?? KEEP)) as FilePriority);
}

function transmissionPriorities(
  dnd: BencodeValue | null,
  priority: BencodeValue | null,
): FilePriority[] | null {
  const skipped = dnd?.asList() ?? [];
  const priorities = priority?.asList() ?? [];
  const count = Math.max(skipped.length, priorities.length);
  if (count === 0 || count > MAX_FILES) return null;
  return Array.from({ length: count }, (_, index): FilePriority => {
    if (skipped[index]?.asNumber() === 1) return 0;
    const level = priorities[index]?.asNumber() ?? 0;
    return level < 0 ? 1 : level > 0 ? 7 : KEEP;
  });
}

function rate(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}

function transmissionRate(limit: BencodeValue | null): number | null {
  if (limit?.getNumber("use-speed-limit") !== 1) return null;
  return rate(limit.getNumber("speed-Bps"));
}

function seconds(value: number | null): number | null {
  return value !== null && value > 0 && value <= MAX_SECONDS ? value : null;
}

function packed(pieces: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(pieces.length / 8));
  pieces.forEach((byte, piece) => {
    if ((byte & 1) === 1) bits[piece >> 3]! |= 0x80 >> (piece & 7);
  });
  return bits;
}
