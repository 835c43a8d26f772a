import type { FileIndex } from "../base/brand.ts";
import type { FilePriority } from "../core/file-selection.ts";
import type { PieceOrder } from "./add-options.ts";
import type { LiveTorrent } from "./live-torrent.ts";
import type { FinderProgress } from "./peer-finder.ts";
import type { StoppedState } from "./stopped-state.ts";
import type { TorrentContent } from "./torrent-content.ts";
import type { TorrentDiscovery } from "./torrent-discovery.ts";
import { TorrentFacts } from "./torrent-facts.ts";
import { assertTorrentLimits, NO_TORRENT_LIMITS, type TorrentLimits } from "./torrent-limits.ts";
import type { MoveOptions } from "./torrent-place.ts";
import type { TrackerStatus } from "./tracker-status.ts";

/** What of the session's queue its torrents need. */
interface Turns {
  positionOf(torrent: TorrentControls): number;
  onChange(torrent: TorrentControls): void;
}

/** What may be changed of a torrent while it works, rests or is paused: its files, the order of its pieces, its trackers. */
export abstract class TorrentControls extends TorrentFacts {
  /** Order in the queue: the smaller, the earlier; for the session. */
  rank = 0;
  #limits: TorrentLimits;

  protected abstract readonly discovery: TorrentDiscovery;
  protected abstract readonly queue: Turns;
  protected forcedToRun = false;
  /** Counts pauses: a recheck that was asked for before one doesn't end it. */
  #pauses = 0;

  constructor(limits: Partial<TorrentLimits> = NO_TORRENT_LIMITS) {
    super();
    assertTorrentLimits(limits);
    this.#limits = limits === NO_TORRENT_LIMITS ? NO_TORRENT_LIMITS : { ...NO_TORRENT_LIMITS, ...limits };
  }

  /** Does something with the files as soon as what is there of them is known. */
  protected abstract edit<T>(change: (content: TorrentContent) => T | Promise<T>): Promise<T>;

  protected abstract setOrder(order: PieceOrder): Promise<void>;

  protected abstract stop(as: StoppedState): Promise<void>;

  protected abstract wake(): Promise<LiveTorrent>;

  /** Stops transferring and disconnects; the torrent stays. Resolves when everything received is on disk. */
  async pause(): Promise<void> {
    this.#pauses++;
    await this.stop("paused");
  }

  /** For the session's queue: lets it wait for its turn. */
  waitForTurn(): Promise<void> {
    return this.stop("queued");
  }

  /** Compares all data with the hashes again, then goes on or stays paused; a pause ends it early. Nothing without metadata. */
  async recheck(): Promise<void> {
    const pauses = this.#pauses;
    const live = await this.wake();
    if (pauses === this.#pauses) await live.recheck();
  }

  /**
   * Changes how much files are wanted, at any time: 0 not at all, 4 normal, 7 first. What is there of a file stays when it is no
   * longer wanted. Throws ERR_INVALID_ARGUMENT, ERR_NO_SPACE, ERR_FILE_EXISTS and ERR_DISK; then nothing has changed.
   */
  setFilePriorities(priorities: ReadonlyMap<FileIndex, FilePriority>): Promise<void> {
    return this.edit((content) => content.setFilePriorities(priorities));
  }

  /** What it may use; see `setLimits`. */
  get limits(): TorrentLimits {
    return this.#limits;
  }

  /** Changes what it may use, at once: speed, peers, slots. Throws ERR_INVALID_ARGUMENT; then nothing has changed. */
  setLimits(changes: Partial<TorrentLimits>): void {
    assertTorrentLimits(changes);
    this.#limits = { ...this.#limits, ...changes };
    this.live?.setLimits(this.#limits);
  }

  /** Pieces come in ascending order from now on, or rarest first. What was said when it was added is what the next run begins with. */
  setSequential(on: boolean): Promise<void> {
    return this.setOrder({ sequential: on });
  }

  /** The first and last bytes of each file come before everything else, for a preview; or not. Lasts as long as `setSequential`. */
  setFirstLast(on: boolean): Promise<void> {
    return this.setOrder({ firstLast: on });
  }

  /**
   * Takes the files to another folder, at any time: renames them on one file system, copies them to another one while everything goes
   * on. Throws ERR_INVALID_ARGUMENT, ERR_FILE_EXISTS, ERR_NO_SPACE, ERR_DISK and what the signal says; then nothing has changed.
   */
  moveTo(downloadDir: string, options: MoveOptions = {}): Promise<void> {
    return this.edit(({ place }) => place.moveTo(downloadDir, options));
  }

  /** Gives a file another path below the download folder. Throws as `moveTo`, and ERR_PATH for names that are not safe everywhere. */
  renameFile(file: FileIndex, path: string): Promise<void> {
    return this.edit(({ place }) => place.renameFile(file, path));
  }

  /** Gives the torrent's folder, or its only file, another name on disk. Throws as `renameFile`. */
  renameRoot(name: string): Promise<void> {
    return this.edit(({ place }) => place.renameRoot(name));
  }

  /** Place among all torrents of the session, from 0. */
  get position(): number {
    return this.queue.positionOf(this);
  }

  /** It waits for its turn. */
  get isQueued(): boolean {
    return this.state === "queued";
  }

  get forced(): boolean {
    return this.forcedToRun;
  }

  /** Runs whatever the limits of the queue say, or no longer so. */
  setForced(on: boolean): void {
    this.forcedToRun = on;
    this.queue.onChange(this);
  }

  /** How far the search for peers has come, besides trackers: empty for private torrents. */
  finders(): FinderProgress[] {
    return this.discovery.progress();
  }

  /** Looks for peers at once, wherever manners allow it: somebody waits. */
  announce(): void {
    this.discovery.soon("asked");
  }

  /** All trackers, in the order of asking. */
  trackers(): TrackerStatus[] {
    return this.discovery.trackers.statuses();
  }

  /** Adds trackers that a user names, each as a tier of its own, and asks them. Throws ERR_INVALID_ARGUMENT for what is none. */
  addTrackers(urls: readonly string[]): void {
    this.discovery.trackers.add(urls);
  }

  /** Takes a tracker out, and says good-bye to it. False when the torrent does not have it. */
  removeTracker(url: string): boolean {
    return this.discovery.trackers.remove(url);
  }

  /** Asks the trackers for the counts of the swarm, of a torrent that is paused, too; `trackers()` has them then. */
  scrape(): Promise<void> {
    return this.discovery.trackers.scrape();
  }
}
