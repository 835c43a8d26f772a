import type { TorrentDownload } from "./torrent-download.ts";
import type { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";
import type { TorrentUpload } from "./torrent-upload.ts";

/** How much there is of a torrent's content, and how much of it went either way, in earlier runs, too. All in bytes. */
export class ContentAmounts {
  readonly #files: TorrentFiles;
  readonly #download: TorrentDownload;
  readonly #upload: TorrentUpload;
  readonly #downloadedBefore: number;
  readonly #uploadedBefore: number;

  constructor(
    files: TorrentFiles,
    download: TorrentDownload,
    upload: TorrentUpload,
    journal: TorrentJournal | null,
  ) {
    this.#files = files;
    this.#download = download;
    this.#upload = upload;
    this.#downloadedBefore = journal?.downloadedBefore ?? 0;
    this.#uploadedBefore = journal?.uploadedBefore ?? 0;
  }

  get wanted(): number {
    return this.#files.wantedBytes;
  }

  /** Of what is wanted. */
  get have(): number {
    return this.#files.haveBytes;
  }

  get left(): number {
    return Math.max(0, this.wanted - this.have);
  }

  get downloaded(): number {
    return this.#download.rate.total + this.#downloadedBefore;
  }

  get uploaded(): number {
    return this.#upload.rate.total + this.#uploadedBefore;
  }
}
