import { absoluteFolder } from "../base/absolute-folder.ts";
import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Hold } from "../core/hold.ts";
import type { QueueKind } from "../core/queue.ts";
import type { Endpoint } from "../ports/net.ts";
import type { AddOptions, PieceOrder } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { FileProgress, PieceMap, TorrentEvent, TorrentState, WebSeedInfo } from "./events.ts";
import { LiveTorrent } from "./live-torrent.ts";
import type { LiveTorrentOwner } from "./live-torrent-owner.ts";
import { openJournal } from "./open-journal.ts";
import type { TorrentContent } from "./torrent-content.ts";
import type { CloseHow } from "./removal.ts";
import { RestWatch } from "./rest-watch.ts";
import { TorrentControls } from "./torrent-controls.ts";
import type { TorrentOwner } from "./torrent-owner.ts";
import { TorrentRest } from "./torrent-rest.ts";
import { stateOfRow } from "./torrent-row.ts";
import { loadSource, resolveSource, type TorrentSource, withoutSource } from "./torrent-source.ts";
import { isStopped, type StoppedState } from "./stopped-state.ts";
import type { QueueMember, TorrentQueue } from "./torrent-queue.ts";
import { type DiscoveryOwner, TorrentDiscovery } from "./torrent-discovery.ts";
import type { Finding, Tiers } from "./torrent-trackers.ts";
import type { TrackerResult } from "./tracker-status.ts";

/**
 * One torrent of a session. A torrent that was added with `load` rests when it has had nothing to do for a minute: only its row and its
 * next announce are kept, until a peer or a caller asks for more.
 */
export class Torrent extends TorrentControls implements LiveTorrentOwner, DiscoveryOwner, QueueMember {
  /** Small number, unique in the session. */
  readonly number: number;
  readonly #context: SessionContext;
  readonly #owner: TorrentOwner<Torrent>;
  #options: AddOptions;
  protected readonly discovery: TorrentDiscovery;
  protected readonly queue: TorrentQueue<Torrent>;
  #listeners: Set<(event: TorrentEvent) => void> | null = null;
  /** Null at rest. */
  #live: LiveTorrent | null = null;
  /** Null otherwise; both for moments in between. */
  #rest: TorrentRest | null = null;
  #goingToRest: Promise<void> | null = null;
  #wakingUp: Promise<LiveTorrent> | null = null;
  /** Null at rest. */
  #restWatch: RestWatch | null = null;
  /** That it is complete was known before it woke up, so it is no event. */
  #knownComplete = false;
  #closed = false;
  /** What it is until it is started. */
  #startsAs: StoppedState | null;
  #closing: Promise<void> | null = null;

  /** Throws ProtocolError and ERR_INVALID_ARGUMENT when `options` name no torrent. */
  constructor(context: SessionContext, number: number, given: AddOptions, owner: TorrentOwner<Torrent>) {
    super(given.limits);
    // Resume data is found by it.
    const options = { ...given, downloadDir: absoluteFolder(given.downloadDir) ?? given.downloadDir };
    this.#context = context;
    this.number = number;
    this.#owner = owner;
    this.queue = owner.queue;
    this.#options = options.load === undefined ? options : withoutSource(options);
    this.#startsAs = options.paused === true ? "paused" : null;
    this.forcedToRun = options.forced === true;
    this.discovery = new TorrentDiscovery(context, this, options);
    if (options.listener !== undefined) this.on(options.listener);
    if (options.row === undefined) {
      // Who asks for it now wants its files, whatever became of those of an earlier run.
      const { load: _load, ...asked } = options;
      this.#live = this.#bringToLife(asked, resolveSource(options, context.hasher));
      return;
    }
    if (options.load === undefined) {
      throw new ShoalError("ERR_INVALID_ARGUMENT", "A torrent that is added by its row needs `load`");
    }
    this.#rest = new TorrentRest(options.row, options.downloadDir, this.#startsAs);
  }

  /** For the session: null at rest. */
  get live(): LiveTorrent | null {
    return this.#live;
  }

  protected get rest(): TorrentRest | null {
    return this.#rest;
  }

  /** For the session: null at rest and on waking up. */
  get awake(): LiveTorrent | null {
    return this.#wakingUp === null ? this.#live : null;
  }

  /** For the session: connections may be made and taken, at once or after waking up or checking files. */
  get isOpenToPeers(): boolean {
    const live = this.awake;
    if (live !== null) return live.willOpenToPeers;
    return !this.#closed && !isStopped(this.state) && this.state !== "error";
  }

  on(listener: (event: TorrentEvent) => void): () => void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => void this.#listeners?.delete(listener);
  }

  /** The web servers that have its files; empty while the metadata is unknown, and at rest. */
  webSeeds(): WebSeedInfo[] {
    return this.#live?.content?.webSeeds.info(this.#context.now()) ?? [];
  }

  /** Empty while the metadata is unknown. Pad files are left out. Wakes the torrent up, and throws what that throws. */
  async files(): Promise<FileProgress[]> {
    return (await this.wake()).files();
  }

  /** Null while the metadata is unknown. Wakes the torrent up, and throws what that throws. */
  async pieces(): Promise<PieceMap | null> {
    return (await this.wake()).pieces();
  }

  /** Adds an address to try. */
  addPeer(endpoint: Endpoint): void {
    this.#withLive((live) => live.addPeer(endpoint));
  }

  // -- life cycle

  /** For the session: opens the resume data. Throws ERR_LOCKED when another process has the torrent, and what `load` throws. */
  async open(): Promise<void> {
    if (this.#rest !== null && (this.#rest.row.complete || isStopped(this.#rest.state))) return;
    if (this.#live === null) {
      const source = await loadSource(this.#rest!.row, this.#options.load!, this.#context.hasher);
      this.#assertOpen();
      this.#live = this.#bringToLife(this.#options, source);
    }
    await this.#live.open();
    this.#rest = null;
  }

  /** For the session, once: starts working. */
  start(): void {
    if (this.#live !== null) this.#live.start(this.#startsAs);
    else if (this.isOpenToPeers) this.discovery.start({ gently: true });
  }

  /** Goes on after a pause, or tries again after an error, as soon as it is its turn. */
  resume(): void {
    if (!this.isOpenToPeers && !this.queue.hasRoomFor(this)) void this.waitForTurn();
    else this.takeTurn();
  }

  protected async stop(as: StoppedState): Promise<void> {
    if (this.#live !== null) {
      await this.#live.stop(as);
    } else if (!this.#closed && this.#rest!.state !== as) {
      this.#setRestState(as);
      await this.discovery.stop();
    }
  }

  // -- its turn

  get queueKind(): QueueKind | null {
    const live = this.#live;
    if (live === null) return this.#rest!.row.complete ? "seed" : "download";
    if (live.metainfo === null) return null;
    return this.#knownComplete || this.#options.seedOnly === true || live.content?.isComplete === true
      ? "seed"
      : "download";
  }

  get movedBytes(): number {
    const { downloaded, uploaded } = this.#live?.content?.amounts ?? this.totals();
    return downloaded + uploaded;
  }

  /** For the session, before the start: it waits for its turn. */
  startWaiting(): void {
    this.#startsAs = "queued";
    if (this.#rest !== null) this.#rest.state = "queued";
  }

  takeTurn(): void {
    if (this.#live !== null) {
      this.#live.resume();
    } else if (!this.#closed && (isStopped(this.#rest!.state) || this.#rest!.state === "error")) {
      this.#rest!.error = null;
      this.#setRestState(stateOfRow(this.#rest!.row));
      this.#withLive(() => {});
    }
  }

  /** For the session: ends everything in good order; whoever asks again waits for the same end. Throws what kept `files` from going. */
  close(how: CloseHow): Promise<void> {
    this.#closing ??= this.#close(how);
    return this.#closing;
  }

  async #close(how: CloseHow): Promise<void> {
    // Which files are its own only its resume data knows.
    const ready = how.files !== undefined ? this.wake().then(() => {}) : Promise.resolve();
    await ready.catch(() => {});
    this.#closed = true;
    const silent = this.discovery.close();
    await this.#wakingUp?.catch(() => {});
    await this.#goingToRest;
    if (this.#live !== null) {
      await this.#live.close(how);
    } else if (how.forget) {
      await (await openJournal(this.#context, this.infoHashes, this.#options))?.remove();
    }
    await silent;
    await ready;
  }

  /** For the session: does what is due. Returns when it wants to be called again: not after `now` means soon, Infinity not at all. */
  onTick(now: Millis): Millis {
    const live = this.#live;
    if (live === null || this.#closing !== null) return Infinity;
    live.onTick(now);
    this.#restWatch ??= new RestWatch();
    const next = this.#restWatch.next(live, this.#options, now, this.#wakingUp !== null);
    if (next !== null) return next;
    this.#goingToRest = this.#goToRest(live).finally(() => {
      this.#goingToRest = null;
    });
    return Infinity;
  }

  // -- rest

  /**
   * For the session: brings back what a torrent at rest does without; resolves when its data is known, or when it has failed as a
   * start can fail. Throws what `load` throws, ERR_LOCKED, ERR_METAINFO and ERR_CLOSED.
   */
  wake(): Promise<LiveTorrent> {
    if (this.#wakingUp !== null) return this.#wakingUp;
    if (this.#live !== null) return Promise.resolve(this.#live);
    this.#wakingUp = this.#wakeUp().finally(() => {
      this.#wakingUp = null;
    });
    return this.#wakingUp;
  }

  async #wakeUp(): Promise<LiveTorrent> {
    await this.#goingToRest;
    const live = await this.#reopen();
    const { row, state } = this.#rest!;
    this.#knownComplete = row.complete;
    this.#live = live;
    this.#rest = null;
    live.start(isStopped(state) ? state : null);
    this.#owner.onActive(this);
    await live.ready();
    this.#knownComplete = false;
    return live;
  }

  async #reopen(): Promise<LiveTorrent> {
    let live: LiveTorrent | null = null;
    try {
      live = this.#bringToLife(
        this.#options,
        await loadSource(this.#rest!.row, this.#options.load!, this.#context.hasher),
      );
      this.#assertOpen();
      await live.open();
      this.#assertOpen();
      return live;
    } catch (error) {
      await live?.close({ forget: false });
      if (!(error instanceof ShoalError)) throw error;
      if (!this.#closed) this.#failAtRest(error);
      throw error;
    }
  }

  protected async edit<T>(change: (content: TorrentContent) => T | Promise<T>): Promise<T> {
    return (await this.wake()).edit(change);
  }

  protected async setOrder(order: PieceOrder): Promise<void> {
    this.#options = { ...this.#options, ...order };
    await this.#wakingUp?.catch(() => {});
    this.#assertOpen();
    this.#live?.setOrder(order);
  }

  #bringToLife(options: AddOptions, source: TorrentSource): LiveTorrent {
    const { lastCompleteAt = null } = this.#rest?.row ?? options.row ?? {};
    const { discovery, limits, number } = this;
    return new LiveTorrent(this.#context, number, options, source, discovery, limits, this, lastCompleteAt);
  }

  async #goToRest(live: LiveTorrent): Promise<void> {
    this.#rest = TorrentRest.of(live);
    this.#restWatch = null;
    this.#live = null;
    await live.rest();
  }

  /** Does something with the live torrent; when it can't wake up, its state says why. */
  #withLive(act: (live: LiveTorrent) => void): void {
    if (this.#live !== null && this.#wakingUp === null) {
      act(this.#live);
      return;
    }
    this.wake().then(act, (error: unknown) => {
      if (!(error instanceof ShoalError)) throw error;
    });
  }

  #failAtRest(error: ShoalError): void {
    this.#rest!.error = error;
    this.#setRestState("error");
    void this.discovery.stop();
    this.#tell({ type: "error", error });
  }

  #setRestState(state: TorrentState): void {
    const rest = this.#rest!;
    if (state === rest.state) return;
    rest.state = state;
    this.#tell({ type: "state", state });
  }

  // -- what the parts ask and tell

  onEvent(event: TorrentEvent): void {
    if (event.type === "complete" && this.#knownComplete) {
      this.#knownComplete = false;
      return;
    }
    this.#tell(event);
  }

  onHashesKnown(): Promise<unknown> {
    return this.#owner.onHashesKnown(this);
  }

  onActive(): void {
    this.#owner.onActive(this);
  }

  hold(): Hold | null {
    return this.isQueued ? this.queue.holdOf(this) : this.#owner.hold(this);
  }

  onTrackersEdited(tiers: Tiers): void {
    this.#rest?.setTrackers(tiers);
  }

  /**
   * At rest there is nobody to ask for anything: the torrent wakes up for those who may want something of us, as a tracker says. Who is near
   * has just said that it wants the torrent; others will come by themselves.
   */
  onFoundPeers(peers: readonly Endpoint[], { source, name, leechers }: Finding): void {
    if (this.#live === null && (source === "tracker" ? leechers === 0 : source !== "lsd")) return;
    this.#withLive((live) => live.swarm.addFound(peers, source, name));
  }

  onTrackerResult(result: TrackerResult): void {
    this.#tell({ type: "tracker", ...result });
  }

  #tell(event: TorrentEvent): void {
    if (this.#listeners !== null) for (const listener of this.#listeners) listener(event);
    this.#owner.onEvent(this, event);
  }

  #assertOpen(): void {
    if (this.#closed) throw new ShoalError("ERR_CLOSED", "The torrent has been closed");
  }
}
