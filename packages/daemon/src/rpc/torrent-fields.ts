import type { TorrentState } from "@shoal/engine";
import type { Transfer } from "../transfer.ts";

/** Transmission's numbers for what a torrent does. */
const STATUS: Readonly<Record<TorrentState, number>> = {
  paused: 0,
  queued: 3,
  error: 0,
  checking: 2,
  metadata: 4,
  downloading: 4,
  finished: 6,
  seeding: 6,
};

const ETA_NOT_AVAILABLE = -1;
const RATIO_NOT_AVAILABLE = -1;
const LOCAL_ERROR = 3;

type Field = (transfer: Transfer) => unknown;

/** Fields of `torrent-get`. All numbers are whole, unless they are fractions by their nature: programs drop what is not. */
export const TORRENT_FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>(
  Object.entries({
    id: ({ id }) => id,
    name: ({ torrent }) => plain(torrent.name),
    hashString: ({ hash }) => hash,
    status: ({ torrent }) => STATUS[torrent.state],
    error: ({ torrent }) => (torrent.error === null ? 0 : LOCAL_ERROR),
    errorString: ({ torrent }) => plain(torrent.error?.message ?? ""),
    eta: ({ torrent }) => {
      const { etaMs } = torrent.stats();
      return etaMs === null ? ETA_NOT_AVAILABLE : whole(etaMs / 1000);
    },
    isFinished: () => false,
    isPrivate: (transfer) => transfer.isPrivate,
    leftUntilDone: ({ torrent }) => leftOf(torrent.stats()),
    totalSize: ({ torrent }) => torrent.metainfo?.layout.contentSize ?? torrent.stats().wanted,
    sizeWhenDone: ({ torrent }) => torrent.stats().wanted,
    haveValid: ({ torrent }) => torrent.stats().have,
    haveUnchecked: () => 0,
    percentDone: ({ torrent }) => {
      const { have, wanted } = torrent.stats();
      return wanted === 0 ? 0 : have / wanted;
    },
    metadataPercentComplete: ({ torrent }) => (torrent.row() === null ? 0 : 1),
    recheckProgress: () => 0,
    rateDownload: ({ torrent }) => whole(torrent.stats().downRate),
    rateUpload: ({ torrent }) => whole(torrent.stats().upRate),
    downloadedEver: ({ torrent }) => torrent.stats().downloaded,
    uploadedEver: ({ torrent }) => torrent.stats().uploaded,
    corruptEver: ({ torrent }) => torrent.stats().failed,
    uploadRatio: (transfer) => transfer.ratio ?? RATIO_NOT_AVAILABLE,
    peersConnected: ({ torrent }) => torrent.stats().peers,
    peersSendingToUs: ({ torrent }) => torrent.peers().filter(({ downRate }) => downRate > 0).length,
    peersGettingFromUs: ({ torrent }) => torrent.peers().filter(({ upRate }) => upRate > 0).length,
    pieceCount: ({ torrent }) => torrent.stats().pieceCount,
    pieceSize: ({ torrent }) => torrent.metainfo?.layout.pieceLength ?? 0,
    downloadDir: ({ downloadDir }) => downloadDir,
    addedDate: ({ record }) => seconds(record.addedAt),
    doneDate: ({ record }) => (record.finishedAt === null ? 0 : seconds(record.finishedAt)),
    labels: ({ record }) => [...record.labels],
    queuePosition: ({ id }) => id - 1,
    comment: ({ torrent }) => plain(torrent.metainfo?.comment ?? ""),
    creator: ({ torrent }) => plain(torrent.metainfo?.createdBy ?? ""),
    dateCreated: ({ torrent }) => torrent.metainfo?.creationDate ?? 0,
  } satisfies Record<string, Field>),
);

function leftOf({ wanted, have }: { readonly wanted: number; readonly have: number }): number {
  return Math.max(0, wanted - have);
}

function whole(value: number): number {
  return Number.isFinite(value) ? Math.min(Math.round(value), Number.MAX_SAFE_INTEGER) : 0;
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** Without control characters: some programs fall over them. */
function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}
