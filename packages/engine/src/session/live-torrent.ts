import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { Hold } from "../core/hold.ts";
import type { Metainfo } from "../meta/metainfo.ts";
import { encodeTorrent } from "../meta/torrent-file.ts";
import type { Endpoint } from "../ports/net.ts";
import type { AddOptions, PieceOrder } from "./add-options.ts";
import type { SessionContext } from "./context.ts";
import type { TorrentEvent, TorrentState } from "./events.ts";
import { LiveFacts } from "./live-facts.ts";
import type { LiveTorrentOwner } from "./live-torrent-owner.ts";
import type { CloseHow } from "./removal.ts";
import type { TorrentContent } from "./torrent-content.ts";
import { Completeness } from "./completeness.ts";
import { isStopped, type StoppedState } from "./stopped-state.ts";
import { TorrentData } from "./torrent-data.ts";
import { TorrentMetadata } from "./torrent-metadata.ts";
import { TorrentSwarm } from "./torrent-swarm.ts";
import { TorrentIdentity } from "./torrent-identity.ts";
import { type TorrentSource, withLink } from "./torrent-source.ts";
import type { TorrentDiscovery } from "./torrent-discovery.ts";
import type { Tiers } from "./torrent-trackers.ts";
import { LiveLimits, type TorrentLimits } from "./torrent-limits.ts";

/** A torrent that is not at rest: its metadata, content and peers, and its life from starting to stopping. */
export class LiveTorrent extends LiveFacts {
  readonly swarm: TorrentSwarm;
  readonly metadata: TorrentMetadata;
  readonly limits: LiveLimits;
  readonly #owner: LiveTorrentOwner;
  readonly #options: AddOptions;
  readonly #data: TorrentData;
  #state: TorrentState = "paused";
  #error: ShoalError | null = null;
  /** Everything was there once: what is fetched again later is no completion to tell trackers of. */
  #wasSeed = false;
  #closed = false;
  /** Peers that came before the content was known have been told of it. */
  #greeted = false;
  /** The recheck under way is one of a torrent that is stopped, and stays so. */
  #staysAs: StoppedState | null = null;

  /** `discovery` outlives this: a torrent at rest is announced, too. `lastCompleteAt`: see `TorrentRow`. */
  constructor(
    context: SessionContext,
    number: number,
    options: AddOptions,
    source: TorrentSource,
    discovery: TorrentDiscovery,
    limits: TorrentLimits,
    owner: LiveTorrentOwner,
    lastCompleteAt: number | null,
  ) {
    super(context, new TorrentIdentity(source), discovery, new Completeness(context.clock, lastCompleteAt));
    this.limits = new LiveLimits(context.bandwidth, limits, context.now());
    this.#options = withLink(options, source.magnet);
    this.#data = new TorrentData(context, number, this.#options, this);
    this.#owner = owner;
    const { metainfo, infoHashes } = source;
    this.metadata = new TorrentMetadata(context, this, infoHashes, metainfo?.infoBytes ?? null);
    this.swarm = new TorrentSwarm(context, this);
    if (this.identity.isPrivate) this.#makePrivate();
  }

  /** Where its files lie, or will lie. */
  get downloadDir(): string {
    return this.#data.root;
  }

  /** For the parts of the torrent: what exists once the metadata is known. */
  get content(): TorrentContent | null {
    return this.#data.content;
  }

  protected contentMade(): Promise<void> {
    return this.metainfo === null ? Promise.resolve() : this.#data.made();
  }

  get state(): TorrentState {
    return this.#state;
  }

  /** Why the state is "error". */
  get error(): ShoalError | null {
    return this.#error;
  }

  get usesFinders(): boolean {
    return this.#options.discovery !== false && !this.identity.isPrivate;
  }

  /** Connections may be made and taken. */
  get isOpenToPeers(): boolean {
    return this.willOpenToPeers && this.#state !== "checking";
  }

  /** They may, or may when the files have been checked. */
  get willOpenToPeers(): boolean {
    return !this.#closed && this.#staysAs === null && !isStopped(this.#state) && this.#state !== "error";
  }

  /** Something goes on: `onTick` is wanted. */
  isBusy(now: Millis): boolean {
    const { content } = this;
    if (this.#closed || (content?.checksBefore ?? null) !== null) return false;
    if (this.#data.isBusy || !this.swarm.connections.isIdle) return true;
    if (content === null) return false;
    return !content.isIdle || content.download.rate.rate(now) > 0 || content.upload.rate.rate(now) > 0;
  }

  /** When there is something to do though nothing goes on: somebody to dial, or something to put on disk. */
  nextDeadline(): Millis {
    if (this.#closed) return Infinity;
    const dial = this.isOpenToPeers ? this.swarm.connections.nextDial() : Infinity;
    return Math.min(dial, this.content?.nextDeadline() ?? Infinity);
  }

  get rank(): number {
    return this.#owner.rank;
  }

  protected hold(): Hold | null {
    return this.#owner.hold();
  }

  setLimits(limits: TorrentLimits): void {
    const before = this.limits.down.lowestRate;
    this.limits.set(limits, this.context.now());
    if (this.limits.down.lowestRate < before) this.content?.onLimitLowered();
    this.swarm.connections.shrink();
    this.context.requestChoking();
  }

  /** Adds an address to try. */
  addPeer(endpoint: Endpoint): void {
    this.swarm.add(endpoint, "user");
  }

  // -- life cycle

  /** Opens the resume data. Throws ERR_LOCKED when another process has the torrent. */
  async open(): Promise<void> {
    this.#assertOpen();
    await this.#data.openJournal(this.infoHashes, async (torrentBytes) => {
      if (torrentBytes === null || this.metainfo !== null) return;
      const { infoBytes } = this.identity.recall(torrentBytes, this.context.hasher);
      if (this.identity.isPrivate) this.#makePrivate();
      this.metadata.know(infoBytes);
      await this.#owner.onHashesKnown();
    });
  }

  /** Once: starts working, unless it is to stay stopped. */
  start(stopped: StoppedState | null): void {
    for (const peer of this.#options.peers ?? []) this.swarm.add(peer, "user");
    for (const peer of this.identity.magnet?.peers ?? []) void this.swarm.addNamed(peer, "magnet");
    // A peer's node mostly has the number of its port.
    const nodes = this.usesFinders
      ? [...(this.metainfo?.nodes ?? []), ...(this.identity.magnet?.peers ?? [])]
      : [];
    for (const node of nodes) this.context.dht?.addNode(node);
    if (stopped === null) {
      this.resume();
      return;
    }
    this.#setState(stopped);
    // Its files can be told all the same. What is wrong with them, whoever wants something of them meets again.
    if (this.metainfo !== null) this.edit(() => undefined).catch(() => undefined);
  }

  /** Stops transferring and disconnects; the torrent stays. Resolves when everything received is on disk. */
  stop(as: StoppedState): Promise<void> {
    if (this.#closed || this.#state === as) return this.#data.settled;
    this.content?.recovery.stop();
    const wasStopped = isStopped(this.#state);
    this.#setState(as);
    return wasStopped ? this.#data.settled : this.#goOffline();
  }

  /** Goes on after a pause, or tries again after an error. */
  resume(): void {
    this.#staysAs = null;
    if (this.#closed || (!isStopped(this.#state) && this.#state !== "error")) return;
    // Who goes on although files are missing wants them anew.
    this.#begin(this.#error?.code === "ERR_FILES_MISSING");
  }

  #begin(refetches: boolean): void {
    this.#error = null;
    if (this.metainfo === null) {
      this.#setState("metadata");
      this.#announce();
    } else {
      void this.#openContent(this.metainfo, (content) => content.open(refetches));
    }
    this.#owner.onActive();
  }

  /** Compares all data on disk with the hashes again, then goes on, or stays stopped. Does nothing while the metadata is unknown. */
  async recheck(): Promise<void> {
    if (this.#closed || this.metainfo === null) return;
    if (this.#state !== "checking") this.#staysAs = isStopped(this.#state) ? this.#state : null;
    this.#error = null;
    await this.#openContent(this.metainfo, (content) => content.recheck());
  }

  /** Ends everything in good order. */
  async close(how: CloseHow): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.content?.place.close();
    await this.#goOffline();
    await this.#data.close(this.metainfo, how);
  }

  /** As `close`, but it goes on being announced: others still find it, and wake it up. */
  async rest(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#disconnect();
    await this.#data.close(this.metainfo, { forget: false });
  }

  /** Resolves when what was asked for so far is done. */
  ready(): Promise<void> {
    return this.#data.settled;
  }

  /** A change that somebody asked for, between two steps of its life: what it throws is for whoever asked. */
  edit<T>(change: (content: TorrentContent) => T | Promise<T>): Promise<T> {
    return this.#data.edit(() => {
      this.#assertOpen();
      if (this.metainfo !== null) return this.metainfo;
      throw new ShoalError("ERR_INVALID_ARGUMENT", "The files of the torrent are not known yet");
    }, change);
  }

  /** See `Torrent`; also while the metadata is unknown. */
  setOrder(order: PieceOrder): void {
    this.#data.setOrder(order);
  }

  /** The way out is there again. */
  onNetwork(): void {
    if (this.#closed || !this.isOpenToPeers) return;
    this.swarm.connections.onNetwork(this.context.now());
    this.discovery.soon();
    this.#owner.onActive();
  }

  onTick(now: Millis): void {
    if (this.#closed) return;
    this.metadata.onTick(now);
    this.content?.onTick(now);
    this.swarm.onTick(now, this.isOpenToPeers);
    if (this.#state === "downloading") this.completeness.look(this.swarm, this.identity.pieceCount, now);
  }

  // -- what the parts ask and tell

  onActive(): void {
    this.#owner.onActive();
  }

  emit(event: TorrentEvent): void {
    this.#owner.onEvent(event);
  }

  /** The info dictionary came from peers, and is the right one. */
  onInfoBytes(bytes: Uint8Array): void {
    try {
      const metainfo = this.identity.learn(bytes, this.context.hasher);
      if (metainfo.private) this.#makePrivate();
      const alone = this.#owner.onHashesKnown();
      this.discovery.soon();
      this.#data.rememberMetainfo(encodeTorrent(metainfo));
      this.emit({ type: "metadata" });
      this.#data.waitFor(alone);
      // A listener may have paused it.
      if (this.state === "metadata") void this.#openContent(metainfo, (content) => content.open());
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      this.onFailure(error);
    }
  }

  #makePrivate(): void {
    this.discovery.makePrivate();
    this.swarm.makePrivate();
  }

  onComplete(): void {
    const content = this.content!;
    this.#setState(content.isSeed ? "seeding" : "finished");
    if (content.isSeed && !this.#wasSeed) this.discovery.trackers.completed();
    this.#wasSeed ||= content.isSeed;
    this.emit({ type: "complete" });
  }

  onIncomplete(): void {
    if (this.#state !== "finished" && this.#state !== "seeding") return;
    this.#setState("downloading");
    this.discovery.soon();
    this.#owner.onActive();
  }

  onPiecesLost(): void {
    if (this.#state !== "seeding" && this.#state !== "finished") return;
    if (this.content?.wantsPieces === true) this.#setState("downloading");
    else if (this.content?.isSeed === false) this.#setState("finished");
    this.#owner.onActive();
  }

  onPiecesFound(): void {
    this.#owner.onActive();
    const { content } = this;
    if (content === null || !content.isComplete || isStopped(this.#state)) return;
    this.#setState(content.isSeed ? "seeding" : "finished");
  }

  /** Something that needs a person: stops the torrent. */
  onFailure(error: ShoalError): void {
    if (this.#closed || this.#state === "error") return;
    this.#error = error;
    this.#setState("error");
    void this.#goOffline();
    this.content?.recovery.onStopped(error);
    this.emit({ type: "error", error });
  }

  onMended(): void {
    if (!this.#closed && this.#state === "error") this.#begin(false);
  }

  onFilesAway(): void {
    if (this.#closed || this.#state === "error" || isStopped(this.#state)) return;
    this.swarm.connections.closeAll(null);
    this.#begin(false);
  }

  /** Finds out what is there, by `prepare`, and goes on from that. */
  #openContent(metainfo: Metainfo, prepare: (content: TorrentContent) => Promise<void>): Promise<void> {
    // What it failed for is over: should it fail again, that is told.
    this.content?.recovery.onRestart();
    this.#setState("checking");
    return this.#data.open(metainfo, prepare, {
      onReady: async (content, isWanted) => {
        if (this.#staysAs !== null) await content.pause();
        if (!isWanted()) return;
        if (this.#staysAs !== null) this.#setState(this.#staysAs);
        else this.#activate(content, metainfo);
      },
      onFailed: (error) => this.onFailure(error),
    });
  }

  /** The data on disk is known: from here on pieces are exchanged. */
  #activate(content: TorrentContent, metainfo: Metainfo): void {
    content.activate();
    this.#wasSeed ||= content.isSeed;
    this.#setState(content.isSeed ? "seeding" : content.isComplete ? "finished" : "downloading");
    // Later ones are greeted when they come.
    if (!this.#greeted) this.swarm.onContent(content, metainfo);
    this.#greeted = true;
    this.#announce();
    this.#owner.onActive();
    if (content.isComplete) this.emit({ type: "complete" });
  }

  #announce(): void {
    if (!this.#closed) this.discovery.start();
  }

  /** See there. */
  trackerTiers(): Tiers {
    return this.discovery.trackers.edited ?? this.identity.trackerTiers(this.#options.trackers);
  }

  /** Ends all exchange with others; what was received is put on disk. */
  async #goOffline(): Promise<void> {
    const saved = this.#disconnect();
    await this.discovery.stop();
    await saved;
  }

  #disconnect(): Promise<void> {
    const saved = this.#data.sleep();
    this.swarm.connections.closeAll(null);
    return saved;
  }

  #assertOpen(): void {
    if (this.#closed) throw new ShoalError("ERR_CLOSED", "The torrent has been closed");
  }

  #setState(state: TorrentState): void {
    if (state === this.#state) return;
    this.#state = state;
    if (state === "downloading") this.swarm.connections.list.endRest(this.context.now());
    this.emit({ type: "state", state });
  }
}
