import type { Millis } from "../base/brand.ts";
import { ShoalError } from "../base/errors.ts";
import type { IpRanges } from "../base/ip-ranges.ts";
import { Xoshiro128 } from "../base/rng.ts";
import { DeliveryLog } from "../core/delivery-log.ts";
import type { Hold } from "../core/hold.ts";
import { StoreBuffer } from "../core/store-buffer.ts";
import { DialBudget } from "../core/swarm/dial-budget.ts";
import { FaultWatch } from "../core/swarm/fault-watch.ts";
import { HostBudget } from "../core/web-seed/host-budget.ts";
import type { Reputation } from "../core/swarm/reputation.ts";
import { announcedPort, NOT_ASKED, type Reachability } from "../core/port-mapping/reachability.ts";
import type { InfoHashes } from "../meta/info-hash.ts";
import type { Connection, Endpoint, Listener } from "../ports/net.ts";
import { ActiveTorrents } from "./active-torrents.ts";
import type { AddOptions } from "./add-options.ts";
import { Bandwidth } from "./bandwidth.ts";
import { CheckTurns } from "./check-turns.ts";
import { ChokingRound } from "./choking-round.ts";
import type { SessionConfig } from "./config.ts";
import type { SessionContext, SessionPorts } from "./context.ts";
import type { TorrentEvent } from "./events.ts";
import type { Dht } from "./dht.ts";
import { type Extension, ExtensionRegistry } from "./extensions.ts";
import { Evidence } from "./evidence.ts";
import type { LanPeer, LanPeerEvent } from "./lan-service.ts";
import type { LiveTorrent } from "./live-torrent.ts";
import { openJournal } from "./open-journal.ts";
import { closeHow, type RemoveOptions } from "./removal.ts";
import { SessionLimits } from "./session-limits.ts";
import { SpacePolls } from "./space-polls.ts";
import { PeerStandings } from "./peer-standings.ts";
import { StoreFlow } from "./store-flow.ts";
import { StateChanges, type StateDiff } from "./state-changes.ts";
import type { Transport } from "./demultiplexer.ts";
import { Entrance } from "./entrance.ts";
import { makePeerId } from "./make-peer-id.ts";
import { Obfuscation } from "./obfuscation.ts";
import { Ticker } from "./ticker.ts";
import { Torrent } from "./torrent-handle.ts";
import type { TorrentOwner } from "./torrent-owner.ts";
import { Traffic } from "./traffic.ts";
import { TorrentNames } from "./torrent-names.ts";
import { TorrentQueue } from "./torrent-queue.ts";
import { UploadBuffers } from "./upload-buffers.ts";

export type SessionEvent =
  | { readonly type: "added"; readonly torrent: Torrent }
  | { readonly type: "removed"; readonly torrent: Torrent }
  | LanPeerEvent
  /** Whether others can connect to us from outside is known, or otherwise than before. */
  | { readonly type: "reachability"; readonly reachability: Reachability }
  | { readonly type: "torrent"; readonly torrent: Torrent; readonly event: TorrentEvent };

/**
 * All torrents of one process, their shared budgets, and the one listening socket. It joins the machines of core/ with the
 * ports; the simulator runs this very class on ports of its own.
 */
export class Session {
  /** Which torrents run at the same time; without limits at first. */
  readonly queue: TorrentQueue<Torrent>;
  readonly peerId: Uint8Array;
  /** Who delivered what. */
  readonly deliveries: DeliveryLog = new DeliveryLog(() => this.#ports.clock.now());
  readonly traffic: Traffic = new Traffic();
  /** Speed, connections, slots and requests; see there. */
  readonly limits: SessionLimits;
  readonly #context: SessionContext;
  readonly #ports: SessionPorts;
  readonly #torrents: Set<Torrent> = new Set();
  readonly #active: ActiveTorrents<Torrent, LiveTorrent>;
  readonly #owner: TorrentOwner<Torrent>;
  readonly #names: TorrentNames;
  readonly #listeners: Set<(event: SessionEvent) => void> = new Set();
  /** What others have shown or told of this node. */
  readonly evidence: Evidence;
  readonly #entrance: Entrance;
  readonly #choking: ChokingRound;
  readonly #standings: PeerStandings;
  readonly #changes: StateChanges = new StateChanges(() => this.#torrents);
  #listener: Listener | null = null;
  #connections = 0;
  #nextNumber = 1;
  readonly #ticker: Ticker;
  #closed = false;
  /** On which others were told to reach us. */
  #toldPorts = "";
  #unwatchNet: () => void = () => undefined;
  #holdOf: (torrent: Torrent) => Hold | null = () => null;

  constructor(ports: SessionPorts, config: SessionConfig) {
    this.#ports = ports;
    this.evidence = new Evidence(ports);
    const { clock, disk, random } = ports;
    this.#standings = new PeerStandings(ports);
    this.peerId = makePeerId(config.peerIdPrefix, random.fill(new Uint8Array(12)));
    const rng = new Xoshiro128(random.fill(new Uint8Array(16)));
    const bandwidth = new Bandwidth(clock);
    this.#active = new ActiveTorrents(clock, () => this.#ticker.soon());
    this.limits = new SessionLimits(config, bandwidth, {
      torrents: () => this.#active.live(),
      onSlots: () => this.#choking.request(),
    });
    const obfuscation = new Obfuscation(ports, config.obfuscation);
    this.#context = {
      ...ports,
      config,
      settings: this.limits.settings,
      bandwidth,
      rng,
      peerId: this.peerId,
      storeFlow: new StoreFlow(new StoreBuffer(disk), disk, {
        onArena: (full) => {
          for (const { swarm, content } of this.#active.live()) {
            swarm.onArena(full);
            content?.webSeeds.onArena(full);
          }
        },
        onRoom: () => {
          for (const torrent of this.#active.live()) torrent.content?.exchange.refillAll();
        },
      }),
      spacePolls: new SpacePolls(
        disk,
        () => clock.now(),
        () => this.#context.settings.diskReserve,
      ),
      uploadBuffers: new UploadBuffers(),
      dialBudget: new DialBudget(),
      webHosts: new HostBudget(),
      checkTurns: new CheckTurns(),
      extensions: new ExtensionRegistry(),
      faults: new FaultWatch(),
      deliveries: this.deliveries,
      traffic: this.traffic,
      obfuscation,
      standings: this.#standings,
      listenPort: () => this.#listener?.endpoint.port ?? 0,
      hasRoom: () => this.#connections + this.#entrance.size < this.limits.settings.maxConnections,
      isOverfull: () => this.#connections > this.limits.settings.maxConnections,
      announcedPort: (family) => announcedPort(this.#context.listenPort(), this.reachability(), family),
      onConnectionOpened: () => void this.#connections++,
      onConnectionClosed: () => void this.#connections--,
      requestChoking: () => this.#choking.request(),
      ban: (remote, peerId, cause, reason) => {
        this.#standings.ban(remote, peerId, cause, reason);
        for (const torrent of this.#active.live()) torrent.swarm.connections.expel(reason);
      },
      onLocalFault: () => this.#standings.onLocalFault(),
      now: () => clock.now(),
    };
    this.#choking = new ChokingRound(this.#context, () => this.#active.live());
    this.#names = new TorrentNames(ports.hasher);
    this.#entrance = new Entrance(this.#context, obfuscation, this.#names, this.evidence);
    this.#ticker = new Ticker(clock, (now) => this.#onTick(now));
    this.queue = new TorrentQueue(clock, (torrent) => this.#changes.touch(torrent));
    this.#owner = {
      queue: this.queue,
      onEvent: (torrent, event) => this.#onTorrentEvent(torrent, event),
      onHashesKnown: (torrent) =>
        torrent.state === "metadata"
          ? this.#names.addLearnt(torrent)
          : Promise.resolve(this.#names.add(torrent)),
      onActive: (torrent) => this.#activate(torrent),
      hold: (torrent) => this.#holdOf(torrent),
    };
  }

  /** Where peers can reach us; null when not listening. */
  get endpoint(): Endpoint | null {
    const endpoint = this.#listener?.endpoint;
    return endpoint === undefined || endpoint.port === 0 ? null : endpoint;
  }

  /** Why nothing can be reached at present, in one clause, such as "waits for interface tun0"; null when all is well. */
  get obstacle(): string | null {
    return this.#ports.net.obstacle;
  }

  /** Who pauses torrents knows why: `holdOf` is asked when somebody looks at one that is paused. */
  explainHolds(holdOf: (torrent: Torrent) => Hold | null): void {
    this.#holdOf = holdOf;
  }

  /** Reads what is known of peers, opens the listening socket, and begins to look for others. Throws ERR_PORT_IN_USE or ERR_LISTEN. */
  async listen(): Promise<void> {
    const { host, ports } = this.#context.config;
    await this.#standings.load();
    this.#unwatchNet = this.#ports.net.watch(() => this.#onNetwork());
    if (ports.length > 0) {
      this.#listener = await this.#ports.net.listen(
        { ...(host === null ? {} : { host }), ports },
        (connection) => this.#onIncoming(connection),
      );
    }
    const port = this.#context.listenPort();
    this.#toldPorts = this.#announcedPorts();
    const mapping = this.#ports.portMapper?.open(
      () => this.#context.listenPort(),
      (found) => this.#onReachability(found),
    );
    const lan = this.#ports.lanService?.open(port, (event) => this.#emit(event));
    await Promise.all([mapping, lan, ...this.#ports.finders.map((finder) => finder.open(port))]);
  }

  /** Others in the local network who show themselves; none unless `lanService` was asked for. */
  lanPeers(): LanPeer[] {
    return this.#ports.lanService?.peers() ?? [];
  }

  /** Whether others can connect to us from outside, as far as routers say. */
  reachability(): Reachability {
    return this.#ports.portMapper?.reachability ?? NOT_ASKED;
  }

  /**
   * Adds a torrent by metainfo, magnet or info-hash, or by the row that an earlier run kept of it. It starts working right away; what
   * happens comes as events, to `options.listener` from the first one on. Throws ERR_LOCKED, ERR_MAGNET and ERR_METAINFO, and
   * ERR_DUPLICATE_TORRENT, whose `details.id` is the short info-hash, in hex, of the torrent that is there: peers and trackers of the new link can be given to that one.
   */
  async add(options: AddOptions): Promise<Torrent> {
    this.#assertOpen();
    const torrent = new Torrent(this.#context, this.#nextNumber++, options, this.#owner);
    this.#names.add(torrent);
    this.#torrents.add(torrent);
    this.queue.enter(torrent, options.rank);
    if (options.paused !== true && !this.queue.hasRoomFor(torrent)) torrent.startWaiting();
    try {
      await torrent.open();
      this.#assertOpen();
    } catch (error) {
      await torrent.close({ forget: false });
      this.#forget(torrent);
      throw error;
    }
    this.#changes.touch(torrent);
    this.#emit({ type: "added", torrent });
    torrent.start();
    this.queue.onChange(torrent);
    return torrent;
  }

  torrents(): Torrent[] {
    return [...this.#torrents];
  }

  /** The torrent with this 20-byte info-hash (v1, or v2 truncated), if any. */
  find(infoHash: Uint8Array): Torrent | undefined {
    return this.#names.find(infoHash);
  }

  /**
   * Stops a torrent and forgets it. Its files stay, or with `deleteData` those go that the download has made: no file that was there
   * before it or that somebody put in place of one, and nothing of a torrent that was only shared.
   */
  async remove(torrent: Torrent, options: RemoveOptions = {}): Promise<void> {
    if (!this.#torrents.has(torrent)) return;
    try {
      await torrent.close(closeHow(options));
    } finally {
      if (this.#torrents.has(torrent)) {
        this.#forget(torrent);
        this.#emit({ type: "removed", torrent });
      }
    }
  }

  /**
   * Deletes the resume data of a torrent that is not in the session, in the folder to which it was added. Throws ERR_LOCKED when somebody uses
   * it, and ERR_DISK.
   */
  async forgetResume(infoHashes: InfoHashes, downloadDir: string): Promise<void> {
    await (await openJournal(this.#context, infoHashes, { downloadDir }))?.remove();
  }

  /** Our part in the DHT; null when the session does without. */
  get dht(): Dht | null {
    return this.#ports.dht;
  }

  /** Adds an extension with messages of its own (BEP 10), for connections made from now on. */
  registerExtension(extension: Extension): void {
    this.#context.extensions.register(extension);
  }

  /** Adds a protocol in which others may connect to us. Throws RangeError when the name is taken. */
  registerTransport(transport: Transport): void {
    this.#entrance.register(transport);
  }

  /** What is known of peers, of earlier sessions too, the worst first. */
  reputations(): Reputation[] {
    return this.#standings.list();
  }

  /** Takes back a ban and all else that is held against a host. False when there is nothing. */
  forgive(host: string): boolean {
    return this.#standings.forgive(host);
  }

  /** From now on nothing is sent to these addresses or taken from them, and connections with them end; null for none. */
  setIpFilter(ranges: IpRanges | null): void {
    this.#ports.ipFilter.replace(ranges);
    this.#entrance.expelBlocked();
    for (const { awake } of this.#torrents) awake?.swarm.connections.expelBlocked();
  }

  on(listener: (event: SessionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What changed since the revision of an earlier call; everything for revision 0. */
  changes(sinceRevision: number): StateDiff {
    return this.#changes.since(sinceRevision, this.#context.now());
  }

  /** Throws when parts of the session contradict each other. Slow: for tests and the simulator. */
  invariants(): void {
    this.#context.storeFlow.buffer.invariants();
    for (const { live } of this.#torrents) live?.content?.download.invariants(live.content.sources);
  }

  /** What is in use of what all torrents share; all 0 once everything has ended. For tests and the simulator. */
  inUse(): { readonly connections: number; readonly halfOpen: number; readonly slots: number } {
    const { dialBudget, storeFlow } = this.#context;
    const { slotCount, freeSlots } = storeFlow.buffer;
    return { connections: this.#connections, halfOpen: dialBudget.halfOpen, slots: slotCount - freeSlots };
  }

  /** Ends everything in good order: announces `stopped`, saves resume data, closes sockets, ends the workers. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatchNet();
    this.queue.close();
    this.#ticker.close();
    for (const torrent of this.#torrents) this.#active.remove(torrent);
    this.#choking.stop();
    this.#context.bandwidth.close();
    const listenerClosed = this.#listener?.close();
    this.#ports.lanService?.close();
    const portsClosed = this.#ports.portMapper?.close();
    await Promise.allSettled([...this.#torrents].map((torrent) => torrent.close({ forget: false })));
    this.#entrance.closeAll();
    await listenerClosed;
    await portsClosed;
    await this.#standings.close();
    await Promise.all(this.#ports.finders.map((finder) => finder.close()));
    await this.#ports.trackers.close();
    await this.#ports.disk.shutdown();
  }

  #onIncoming(connection: Connection): void {
    if (this.#closed) connection.close();
    else if (this.#entrance.enter(connection, this.#connections + this.#entrance.size)) this.#ticker.wake();
  }

  /** The way out was lost, or has come back. */
  #onNetwork(): void {
    const { obstacle } = this.#ports.net;
    this.#ports.log.info(obstacle ?? "the network is there again");
    this.#ports.portMapper?.onNetwork();
    for (const torrent of this.#torrents) {
      if (obstacle === null) torrent.live?.onNetwork();
      this.#changes.touch(torrent);
    }
  }

  #onReachability(reachability: Reachability): void {
    this.#emit({ type: "reachability", reachability });
    const ports = this.#announcedPorts();
    if (ports === this.#toldPorts) return;
    this.#toldPorts = ports;
    // Others were told a port on which nobody reaches us. Those at rest are announced anew soon enough.
    for (const torrent of this.#torrents) if (torrent.live !== null) torrent.announce();
  }

  #announcedPorts(): string {
    return `${this.#context.announcedPort(4)} ${this.#context.announcedPort(6)}`;
  }

  #onTorrentEvent(torrent: Torrent, event: TorrentEvent): void {
    if (event.type === "state" && this.#torrents.has(torrent)) {
      this.#changes.touch(torrent);
      this.queue.onChange(torrent);
    }
    // Before its content is opened: until now it needed no turn.
    if (event.type === "metadata" && !this.queue.hasRoomFor(torrent)) void torrent.waitForTurn();
    this.#emit({ type: "torrent", torrent, event });
  }

  #emit(event: SessionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #forget(torrent: Torrent): void {
    this.#torrents.delete(torrent);
    this.#active.remove(torrent);
    this.#changes.remove(torrent);
    this.queue.leave(torrent);
    this.#names.remove(torrent);
  }

  /** The torrent has something to do now, such as somebody to dial. */
  #activate(torrent: Torrent): void {
    if (!this.#torrents.has(torrent)) return;
    this.#active.add(torrent);
    this.#ticker.soon();
  }

  /** Ticks end by themselves when no torrent has anything to do in time. */
  #onTick(now: Millis): void {
    const strangers = this.#entrance.onTick(now);
    const busy = this.#active.tick(now, (torrent) => this.#changes.touch(torrent)) || strangers;
    this.#choking.onTick(now);
    if (busy) this.#ticker.wake();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ShoalError("ERR_CLOSED", "The session is closed");
  }
}
