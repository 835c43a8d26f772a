import { formatMagnet, type FileProgress } from "@shoal/engine";
import { errorOf } from "./error-fields.ts";
import { goalFields } from "./goal-fields.ts";
import { limitFields } from "./limit-fields.ts";
import { peerFields, peersFrom } from "./peer-fields.ts";
import type { DetailName } from "./torrent-details.ts";
import type { TorrentLook } from "./torrent-look.ts";
import { statusOf } from "./torrent-status.ts";
import { trackerFields, trackerStats } from "./tracker-fields.ts";
import { part, plain, seconds, whole } from "./values.ts";

const NOT_AVAILABLE = -1;
const UNKNOWN = -2;
const NORMAL_PRIORITY = 4;

/** A field of `torrent-get`. */
export interface TorrentField {
  /** What has to be looked up before. */
  readonly needs?: DetailName;
  /** All numbers are whole, unless they are fractions by their nature: programs drop what is not. Never null. */
  readonly of: (look: TorrentLook) => unknown;
}

type Fields = Readonly<Record<string, TorrentField["of"]>>;

const LIST: Fields = {
  id: ({ transfer }) => transfer.id,
  name: ({ transfer }) => plain(transfer.name),
  hashString: ({ transfer }) => transfer.hash,
  status: ({ torrent, stats }) => statusOf(torrent, stats),
  error: ({ torrent, stats }) => errorOf(torrent.error, stats.waiting).error,
  errorString: ({ torrent, stats }) => errorOf(torrent.error, stats.waiting).errorString,
  eta: etaOf,
  etaIdle: ({ torrent, context, transfer }) => {
    const { idleMs } = context.goals();
    if (torrent.state !== "seeding" || idleMs === null) return NOT_AVAILABLE;
    const since = seconds(
      context.observed.activeAt ?? transfer.record.activeAt ?? context.observed.startedAt,
    );
    return whole(idleMs / 1000 - (seconds(context.now) - since));
  },
  isFinished: ({ transfer }) => transfer.record.reached !== null && transfer.holds.has("goal"),
  isStalled: ({ stats, torrent }) => torrent.state === "downloading" && stats.waiting !== null,
  isPrivate: ({ transfer }) => transfer.isPrivate,
  leftUntilDone: ({ left }) => whole(left),
  sizeWhenDone: ({ stats }) => whole(stats.wanted),
  haveValid: ({ stats }) => whole(stats.have),
  haveUnchecked: () => 0,
  percentDone: ({ stats }) => part(stats.have, stats.wanted),
  percentComplete: ({ stats }) => part(stats.piecesHave, stats.pieceCount),
  metadataPercentComplete: ({ stats }) => (stats.pieceCount === 0 ? 0 : 1),
  recheckProgress: ({ torrent, context }) =>
    torrent.state === "checking" ? part(context.observed.checked, 1) : 0,
  rateDownload: ({ stats }) => whole(stats.downRate),
  rateUpload: ({ stats }) => whole(stats.upRate),
  downloadedEver: ({ stats }) => whole(stats.downloaded),
  uploadedEver: ({ stats }) => whole(stats.uploaded),
  corruptEver: ({ stats }) => whole(stats.failed),
  uploadRatio: ({ transfer }) => ratio(transfer.ratio),
  pieceCount: ({ stats }) => whole(stats.pieceCount),
  desiredAvailable: ({ stats, left }) => whole(stats.seeds > 0 ? left : 0),
  downloadDir: ({ transfer }) => transfer.downloadDir,
  labels: ({ transfer }) => transfer.record.labels.map(plain),
  group: () => "",
  queuePosition: ({ context }) => whole(context.queuePosition()),
  magnetLink: ({ torrent, trackers }) =>
    formatMagnet({
      infoHashes: torrent.infoHashes,
      name: torrent.name,
      trackers: trackers.map(({ url }) => url),
      webSeeds: [],
      peers: [],
      exactLength: null,
      selectOnly: null,
    }),
  torrentFile: ({ context }) => context.torrentFile,
};

const TIMES: Fields = {
  addedDate: ({ transfer }) => seconds(transfer.record.addedAt),
  // Of what was there from the start nothing was done.
  doneDate: ({ transfer, stats }) => (stats.downloaded === 0 ? 0 : seconds(transfer.record.finishedAt)),
  activityDate: ({ transfer, context }) => seconds(context.observed.activeAt ?? transfer.record.activeAt),
  startDate: ({ context }) => seconds(context.observed.startedAt),
  editDate: ({ context }) => seconds(context.observed.editedAt),
  manualAnnounceTime: () => NOT_AVAILABLE,
  secondsDownloading: ({ transfer }) => whole(transfer.record.downloadingMs / 1000),
  secondsSeeding: ({ transfer }) => whole(transfer.record.sharingMs / 1000),
};

const LIMITS: Fields = {
  bandwidthPriority: ({ transfer }) => transfer.record.remote.priority ?? 0,
  downloadLimit: (look) => limitsOf(look).downloadLimit,
  downloadLimited: (look) => limitsOf(look).downloadLimited,
  uploadLimit: (look) => limitsOf(look).uploadLimit,
  uploadLimited: (look) => limitsOf(look).uploadLimited,
  honorsSessionLimits: (look) => limitsOf(look).honorsSessionLimits,
  seedRatioLimit: ({ transfer }) => goalsOf(transfer).seedRatioLimit,
  seedRatioMode: ({ transfer }) => goalsOf(transfer).seedRatioMode,
  seedIdleLimit: ({ transfer }) => goalsOf(transfer).seedIdleLimit,
  seedIdleMode: ({ transfer }) => goalsOf(transfer).seedIdleMode,
  "peer-limit": ({ torrent, context }) => torrent.limits.maxConnections ?? context.peerLimit,
  maxConnectedPeers: ({ torrent, context }) => torrent.limits.maxConnections ?? context.peerLimit,
  sequential_download: ({ transfer }) => transfer.record.sequential,
  sequentialDownload: ({ transfer }) => transfer.record.sequential,
};

const OTHERS: Fields = {
  peers: ({ peers, context }) => peers.map((peer) => peerFields(peer, context.hidesAddresses)),
  peersFrom: ({ peers }) => peersFrom(peers),
  peersConnected: ({ stats }) => whole(stats.peers),
  peersSendingToUs: ({ peers }) => peers.filter(({ downRate }) => downRate > 0).length,
  peersGettingFromUs: ({ peers }) => peers.filter(({ upRate }) => upRate > 0).length,
  webseedsSendingToUs: ({ torrent }) => torrent.webSeeds().filter(({ state }) => state === "asking").length,
  trackers: ({ trackers, context }) =>
    trackers.map((tracker) => trackerFields(tracker, context.trackerId(tracker.url))),
  trackerStats: ({ trackers, context, isStopped }) =>
    trackers.map((tracker) => trackerStats(tracker, context.trackerId(tracker.url), isStopped)),
  trackerList: ({ trackers }) => trackerList(trackers),
};

const DIGEST: Fields = {
  comment: ({ context }) => plain(context.details.digest?.comment ?? ""),
  creator: ({ context }) => plain(context.details.digest?.creator ?? ""),
  dateCreated: ({ context }) => whole(context.details.digest?.createdAt),
  pieceSize: ({ context }) => whole(context.details.digest?.pieceSize),
  totalSize: ({ context, stats }) => whole(context.details.digest?.size ?? stats.wanted),
  "file-count": ({ context }) => whole(context.details.digest?.fileCount),
  fileCount: ({ context }) => whole(context.details.digest?.fileCount),
  "primary-mime-type": ({ context }) => context.details.digest?.mimeType ?? "application/octet-stream",
  webseeds: ({ context }) => (context.details.digest?.webSeeds ?? []).map(plain),
};

const FILES: Fields = {
  files: each((file) => ({
    name: plain(file.path),
    length: whole(file.size),
    bytesCompleted: whole(file.have),
  })),
  fileStats: each((file, look) => ({
    bytesCompleted: whole(file.have),
    wanted: file.wanted,
    priority: priorityOf(file, look),
  })),
  priorities: each(priorityOf),
  wanted: each(({ wanted }) => (wanted ? 1 : 0)),
  bytesCompleted: each(({ have }) => whole(have)),
};

const PIECES: Fields = {
  pieces: ({ context }) => Buffer.from(context.details.pieces?.have ?? []).toString("base64"),
  availability: ({ context }) => [...(context.details.pieces?.peers ?? [])],
};

/** All fields of `torrent-get`, by name. */
export const TORRENT_FIELDS: ReadonlyMap<string, TorrentField> = new Map([
  ...[LIST, TIMES, LIMITS, OTHERS].flatMap((fields) => withNeed(fields)),
  ...withNeed(DIGEST, "digest"),
  ...withNeed(FILES, "files"),
  ...withNeed(PIECES, "pieces"),
]);

/** Until everything is there or, of what is shared, until as much was given as there is to be; in seconds. */
function etaOf({ stats, left, isStopped, context }: TorrentLook): number {
  if (isStopped) return NOT_AVAILABLE;
  if (left > 0 || stats.pieceCount === 0) return stats.etaMs === null ? UNKNOWN : whole(stats.etaMs / 1000);
  const { ratio: goal } = context.goals();
  if (goal === null) return NOT_AVAILABLE;
  const missing = goal * Math.max(stats.downloaded, stats.have) - stats.uploaded;
  return stats.upRate < 1 ? UNKNOWN : whole(missing / stats.upRate);
}

function limitsOf({ torrent, transfer }: TorrentLook): ReturnType<typeof limitFields> {
  return limitFields(torrent, transfer.record.remote);
}

function goalsOf({ record }: TorrentLook["transfer"]): ReturnType<typeof goalFields> {
  return goalFields(record.goals, record.remote);
}

function withNeed(fields: Fields, needs?: DetailName): [string, TorrentField][] {
  return Object.entries(fields).map(([name, of]) => [name, needs === undefined ? { of } : { needs, of }]);
}

function each(of: (file: FileProgress, look: TorrentLook) => unknown): TorrentField["of"] {
  return (look) => look.context.details.files.map((file) => of(file, look));
}

/** Transmission knows low, normal and high. */
function priorityOf({ index, priority, wanted }: FileProgress, { transfer }: TorrentLook): number {
  const level = wanted ? priority : (transfer.record.remote.files?.[index] ?? NORMAL_PRIORITY);
  return Math.sign(level - NORMAL_PRIORITY);
}

function ratio(value: number | null): number {
  return value === null || !Number.isFinite(value) ? NOT_AVAILABLE : Math.max(0, value);
}

/** One URL a line, an empty line between tiers. */
function trackerList(trackers: readonly { readonly url: string; readonly tier: number }[]): string {
  const lines = trackers.map(({ url, tier }, i) => {
    const gap = i > 0 && trackers[i - 1]!.tier !== tier ? "\n" : "";
    return `${gap}${plain(url)}`;
  });
  return lines.join("\n");
}
