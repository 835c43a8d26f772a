import {
  type CreateOptions,
  type Millis,
  type Routers,
  type PeerFinder,
  type SessionConfig,
  shortHashes,
  Xoshiro128,
} from "@shoal/engine/composition";
import { DiskFiles } from "./disk-files.ts";
import { EventQueue } from "./event-queue.ts";
import { KnownBlocks } from "./known-blocks.ts";
import { type Made, makeTorrent } from "./make-torrent.ts";
import { Node } from "./node.ts";
import { PieceDigests } from "./piece-digests.ts";
import { PromiseWatch } from "./promise-watch.ts";
import { type PeerSpec, ScriptedPeer } from "./scripted-peer.ts";
import { type DiskSpec, SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedWeb } from "./simulated-http.ts";
import { SimulatedNet } from "./simulated-net.ts";
import { SimulatedStore } from "./simulated-store.ts";
import type { LinkSpec } from "./uplink.ts";

export interface WorldOptions {
  readonly seed?: number;
  /** Buffers are overwritten after they were read, so that a kept view shows; costs a copy of everything. */
  readonly spoilsBuffers?: boolean;
  /** Content of another world, so that torrents made there can be used here; making it anew takes longer than many a run. */
  readonly known?: KnownBlocks;
}

/** How to make a node; what is left out is new, ideal, and as `createSession` has it. */
export interface NodeOptions {
  readonly disk?: SimulatedDisk;
  readonly store?: SimulatedStore;
  readonly config?: Partial<SessionConfig>;
  readonly link?: LinkSpec;
  readonly diskSpec?: DiskSpec;
  readonly addresses?: readonly string[];
  /** Those that it may ask to open its port; none by default. */
  readonly routers?: Routers;
  readonly finders?: readonly PeerFinder[];
}

/** Nobody waits longer than this for something that happens without time passing. */
const ENDLESS = 10_000_000;

/** Sessions and scripted peers in one process under virtual time: the same seed gives the same run. */
export class SimulatedWorld {
  readonly queue: EventQueue = new EventQueue();
  readonly rng: Xoshiro128;
  readonly known: KnownBlocks;
  readonly digests: PieceDigests = new PieceDigests();
  readonly net: SimulatedNet;
  readonly web: SimulatedWeb;
  readonly nodes: Node[] = [];
  /** Called after a session was called from outside; for checks. */
  onInput: (node: Node) => void = () => undefined;
  /** Events so far. */
  events = 0;
  #hosts = 0;
  #peers = 0;
  #running = false;

  constructor(options: WorldOptions = {}) {
    this.rng = new Xoshiro128(options.seed ?? 1);
    this.known = options.known ?? new KnownBlocks(new Xoshiro128(this.rng.uint32()));
    const spoilsBuffers = options.spoilsBuffers ?? true;
    this.net = new SimulatedNet(this.queue, new Xoshiro128(this.rng.uint32()), { spoilsBuffers });
    this.web = new SimulatedWeb((delayMs, callback) => this.at(delayMs, callback));
    // Things begin some time after the machine did.
    this.queue.advance(1_000);
  }

  now(): Millis {
    return this.queue.now;
  }

  at(delayMs: Millis, callback: () => void): void {
    this.queue.add({ at: 0, order: 0, happen: callback }, this.queue.now + delayMs);
  }

  /** Timers that are set, on all nodes. */
  get timers(): number {
    return this.nodes.reduce((sum, node) => sum + node.clock.timers, 0);
  }

  /** Lets everything happen that happens without time passing. */
  settle(): Promise<void> {
    return this.#play(this.queue.now, () => false);
  }

  /** Lets `ms` of virtual time pass. */
  run(ms: Millis): Promise<void> {
    return this.#play(this.queue.now + ms, () => false);
  }

  /** Lets time pass until `reached` holds, or `ms` are over. */
  play(reached: () => boolean, ms: Millis): Promise<void> {
    return this.#play(this.queue.now + ms, reached);
  }

  /** Lets time pass until `reached` holds; fails after `ms`. */
  async until(what: string, reached: () => boolean, ms: Millis = 60_000): Promise<void> {
    await this.play(reached, ms);
    if (!reached()) throw new Error(`${what}: not within ${ms} ms`);
  }

  /** Lets time pass until the promise settles. */
  async finish<T>(promise: Promise<T>, ms: Millis = 60_000): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    await this.until("a promise settles", () => settled, ms);
    return promise;
  }

  /** A session; it goes on where another ended when it gets the same disk and store. */
  async node(options: NodeOptions = {}): Promise<Node> {
    const number = ++this.#hosts;
    const addresses = options.addresses ?? [`10.${100 + (number >>> 8)}.${number & 255}.1`];
    const node = new Node({
      queue: this.queue,
      net: this.net.host(addresses, options.link),
      disk: options.disk ?? this.disk(new DiskFiles(this.known), options.diskSpec),
      store: options.store ?? new SimulatedStore(),
      web: this.web,
      routers: options.routers ?? null,
      rng: this.rng,
      config: options.config ?? {},
      finders: options.finders ?? [],
      onInput: (it) => this.onInput(it),
    });
    this.nodes.push(node);
    await node.session.listen();
    return node;
  }

  /** Throws, out of what lets the time pass, as soon as a session contradicts itself; looks after every so many inputs. */
  checkInvariants(every: number = 1): void {
    let inputs = 0;
    this.onInput = (node) => {
      if (++inputs % every === 0 && node.isAlive) node.session.invariants();
    };
  }

  /** A disk over files that may have been there before. */
  disk(files: DiskFiles, spec?: DiskSpec): SimulatedDisk {
    const world = {
      rng: new Xoshiro128(this.rng.uint32()),
      digests: this.digests,
      now: () => this.queue.now,
      at: (delayMs: Millis, callback: () => void) => this.at(delayMs, callback),
    };
    return new SimulatedDisk(world, files, spec);
  }

  /** A scripted peer that dials a session. */
  dial(node: Node, made: Made, how: Partial<PeerSpec> = {}): ScriptedPeer {
    const number = ++this.#peers;
    const connection = this.net.from(peerAddress(number)).connect(node.endpoint);
    return new ScriptedPeer(connection, this.#spec(number, made, how), true);
  }

  /** An address at which whoever dials meets a scripted peer. */
  async listen(
    made: Made,
    how: Partial<PeerSpec>,
    onPeer: (peer: ScriptedPeer) => void,
    link?: LinkSpec,
  ): Promise<{ host: string; port: number }> {
    const number = ++this.#peers;
    const net = this.net.host([peerAddress(number)], link);
    const { endpoint } = await net.listen({ ports: [6881] }, (connection) =>
      onPeer(new ScriptedPeer(connection, this.#spec(number, made, how), false)),
    );
    return endpoint;
  }

  /** A torrent with new content: one file, or a folder when there are several. */
  make(sizes: Readonly<Record<string, number>>, options: CreateOptions): Promise<Made> {
    const disk = this.disk(new DiskFiles(this.known));
    return this.finish(makeTorrent(disk, this.known, sizes, options));
  }

  /** Puts the content below `dir`. */
  write(node: Node, made: Made, dir: string): void {
    const { multiFile, name } = made.metainfo;
    for (const [path, bytes] of made.files)
      node.disk.put(multiFile ? `${dir}/${name}/${path}` : `${dir}/${path}`, bytes);
  }

  #spec(number: number, made: Made, how: Partial<PeerSpec>): PeerSpec {
    const infoHash = how.infoHash ?? shortHashes(made.metainfo.infoHashes)[0]!;
    return { id: `-XX0000-${String(number).padStart(12, "0")}`, ...how, infoHash };
  }

  /** Plays what is due by `until`, or until `reached`. Time stands still while promises have something to do. */
  #play(until: Millis, reached: () => boolean): Promise<void> {
    if (this.#running) throw new Error("the world is running already: await what was begun before");
    this.#running = true;
    const watch = new PromiseWatch();
    return new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        this.#running = false;
        watch.stop();
        finish();
      };
      let standing = 0;
      let at = this.queue.now;
      const go = (): void => {
        try {
          for (;;) {
            if (!watch.isQuiet) return watch.turn(go);
            if (reached()) return end(resolve);
            const event = this.queue.next(until);
            if (event === null) break;
            this.events++;
            standing = this.queue.now === at ? standing + 1 : 0;
            at = this.queue.now;
            if (standing > ENDLESS) throw new Error(`without end at ${at} ms`);
            event.happen();
          }
          this.queue.advance(until);
          end(resolve);
        } catch (error) {
          end(() => reject(error instanceof Error ? error : new Error(String(error))));
        }
      };
      go();
    });
  }
}

function peerAddress(number: number): string {
  return `10.1.${number >>> 8}.${number & 255}`;
}
