import type { ShoalError } from "../base/errors.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import type { AddOptions, PieceOrder } from "./add-options.ts";
import type { ContentOwner } from "./content-owner.ts";
import type { SessionContext } from "./context.ts";
import { openJournal, rejoinJournal } from "./open-journal.ts";
import type { CloseHow } from "./removal.ts";
import { Steps } from "./steps.ts";
import { TorrentContent } from "./torrent-content.ts";
import { TorrentFiles } from "./torrent-files.ts";
import type { TorrentJournal } from "./torrent-journal.ts";

/** What has become of opening the data. */
interface OpenOutcome {
  /** `isWanted` says whether that is still so, for whoever waits for something. */
  onReady(content: TorrentContent, isWanted: () => boolean): Promise<void>;
  onFailed(error: ShoalError): void;
}

/** What a live torrent has on disk: its resume data, and its content once the metadata is known. Opened, changed and closed in steps. */
export class TorrentData {
  readonly #context: SessionContext;
  readonly #number: number;
  readonly #owner: ContentOwner;
  #options: AddOptions;
  #content: TorrentContent | null = null;
  #making: Promise<TorrentContent> | null = null;
  #journal: TorrentJournal | null = null;
  /** They come one after another: a pause is finished before a resume begins. */
  readonly #steps: Steps = new Steps();
  /** Counts what was asked for: a step that was overtaken by another wish doesn't bring the content to life. */
  #wish = 0;

  /** `number` of the torrent in the session. */
  constructor(context: SessionContext, number: number, options: AddOptions, owner: ContentOwner) {
    this.#context = context;
    this.#number = number;
    this.#options = options;
    this.#owner = owner;
  }

  /** Null until the metadata is known, and the data was opened or changed. */
  get content(): TorrentContent | null {
    return this.#content;
  }

  /** Where the files lie, or will lie. */
  get root(): string {
    return this.#content?.place.root ?? this.#journal?.root ?? this.#options.downloadDir;
  }

  /** Steps are under way. */
  get isBusy(): boolean {
    return this.#steps.left > 0;
  }

  /** Resolves when what was asked for so far is done. */
  get settled(): Promise<void> {
    return this.#steps.done;
  }

  /** Resolves when the content is there that is being made or will be by what was asked for so far; also when that fails. */
  async made(): Promise<void> {
    if (this.#content === null) await (this.#making?.catch(() => {}) ?? this.#steps.done);
  }

  /** Opens the resume data; `use` gets the .torrent that an earlier run got from peers, if any. Throws ERR_LOCKED when another process has it. */
  openJournal(
    infoHashes: InfoHashes,
    use: (torrentBytes: Uint8Array | null) => Promise<void> | void,
  ): Promise<void> {
    return this.#steps.add(async () => {
      this.#journal = await openJournal(this.#context, infoHashes, this.#options);
      await use(this.#journal?.metainfo ?? null);
    });
  }

  rememberMetainfo(torrentBytes: Uint8Array): void {
    this.#journal?.rememberMetainfo(torrentBytes);
  }

  /** Lets nothing else begin before this has ended. */
  waitFor(other: Promise<unknown>): void {
    void this.#steps.add(() => other);
  }

  /**
   * Brings the content into being, and finds out what there is by `prepare`. After a `sleep` or another `open` the outcome is nobody's
   * concern any more: it doesn't take the place of what is wanted instead.
   */
  open(
    metainfo: Metainfo,
    prepare: (content: TorrentContent) => Promise<void>,
    outcome: OpenOutcome,
  ): Promise<void> {
    const wish = ++this.#wish;
    const isWanted = (): boolean => wish === this.#wish;
    return this.#steps.attempt(
      async () => {
        if (!isWanted()) return;
        const content = await this.#made(metainfo);
        await prepare(content);
        if (isWanted()) await outcome.onReady(content, isWanted);
      },
      (error) => {
        if (isWanted()) outcome.onFailed(error);
      },
    );
  }

  /** A change between two steps; `metainfo` is asked when its turn comes. Throws what they throw. */
  edit<T>(metainfo: () => Metainfo, change: (content: TorrentContent) => T | Promise<T>): Promise<T> {
    return this.#steps.add(async () => change(await this.#made(metainfo())));
  }

  /** See `Torrent`; also while the metadata is unknown. */
  setOrder(order: PieceOrder): void {
    this.#options = { ...this.#options, ...order };
    this.#content?.setOrder(order);
  }

  /** Ends all work on the content; what was received is put on disk. */
  sleep(): Promise<void> {
    this.#wish++;
    this.#content?.cancelCheck();
    return this.#steps.attempt(
      async () => this.#content?.pause(),
      // It costs only what the next run would know.
      (error) => this.#owner.emit({ type: "warning", error }),
    );
  }

  /** Closes everything; `files` takes away what the download made, as far as its `metainfo` is known. */
  close(metainfo: Metainfo | null, { forget, files }: CloseHow): Promise<void> {
    return this.#steps.add(async () => {
      try {
        if (files !== undefined && metainfo !== null)
          await (await this.#made(metainfo)).place.removeFiles(files);
      } finally {
        await this.#content?.close();
        if (forget) await this.#journal?.remove();
        else await this.#journal?.close();
      }
    });
  }

  #made(metainfo: Metainfo): TorrentContent | Promise<TorrentContent> {
    if (this.#content !== null) return this.#content;
    this.#making = this.#make(metainfo).finally(() => (this.#making = null));
    return this.#making;
  }

  async #make(metainfo: Metainfo): Promise<TorrentContent> {
    this.#journal &&= await rejoinJournal(this.#context, this.#journal, metainfo.infoHashes, this.#options);
    const journal = this.#journal;
    const files = await TorrentFiles.open(this.#context, metainfo, this.#options, journal);
    this.#content = new TorrentContent(
      this.#context,
      this.#owner,
      this.#number,
      metainfo,
      this.#options,
      files,
      journal,
    );
    return this.#content;
  }
}
