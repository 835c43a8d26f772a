import { ShoalError } from "../../dist/base/errors.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { concatBytes } from "../../dist/base/bytes.js";
import { shortHashes } from "../../dist/meta/info-hash.js";
import type { Metainfo } from "../../dist/meta/metainfo.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import type { Connection, Net } from "../../dist/ports/net.js";
import type { Random } from "../../dist/ports/random.js";
import { Session } from "../../dist/session/session.js";
import type { SessionConfig } from "../../dist/session/config.js";
import { createTorrent, type CreateOptions } from "../../dist/session/create-torrent.js";
import { TrackerClient } from "../../dist/session/tracker-client.js";
import { MemoryDisk } from "./memory-disk.ts";
import { MemoryStore } from "./memory-store.ts";
import { RamDisk } from "./ram-disk.ts";
import { ScriptedPeer } from "./scripted-peer.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedNet } from "./simulated-net.ts";

/** A session with a network, a disk and a state directory of its own, all in memory. */
export interface Node {
  readonly session: Session;
  readonly host: string;
  readonly disk: RamDisk;
  readonly store: MemoryStore;
}

/** A torrent with its content. */
export interface Made {
  readonly metainfo: Metainfo;
  readonly torrentBytes: Uint8Array;
  /** By path as in the torrent, "/"-joined. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The whole of torrent space, pads included. */
  readonly space: Uint8Array;
}

const CONFIG: SessionConfig = {
  host: null,
  ports: [6881],
  maxConnections: 500,
  maxConnectionsPerTorrent: 200,
  uploadSlots: 8,
  maxQueuedRequests: 2000,
  maxOutstandingRequests: 2000,
  peerIdPrefix: "SH0100",
  clientName: "Shoal test",
  handshakeTimeoutMs: 15_000,
  idleTimeoutMs: 150_000,
};

/** Sessions and scripted peers in one process under virtual time: the same seed gives the same run. */
export class SimulatedWorld {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly net: SimulatedNet;
  /** URLs that were asked for over HTTP. */
  readonly announces: URL[] = [];
  readonly #tasks: (() => void)[] = [];
  readonly #rng: Xoshiro128;
  #hosts = 0;
  #peers = 0;

  constructor(seed: number = 1) {
    this.#rng = new Xoshiro128(seed);
    this.net = new SimulatedNet((callback) => this.later(callback));
  }

  later(callback: () => void): void {
    this.#tasks.push(callback);
  }

  /** Lets everything happen that happens without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      while (this.#tasks.length > 0) {
        this.#tasks.shift()!();
        await Promise.resolve();
        quiet = 0;
      }
    }
  }

  /** Lets `ms` of virtual time pass. */
  async run(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    await this.settle();
    while (this.clock.step(until)) await this.settle();
    await this.settle();
  }

  /** Lets time pass until `reached` holds; fails after `ms`. */
  async until(what: string, reached: () => boolean, ms: number = 60_000): Promise<void> {
    const until = this.clock.now() + ms;
    await this.settle();
    while (!reached()) {
      if (!this.clock.step(until)) throw new Error(`${what}: not within ${ms} ms`);
      await this.settle();
    }
  }

  /** Lets time pass until the promise settles. */
  async finish<T>(promise: Promise<T>, ms: number = 60_000): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    await this.until("a promise settles", () => settled, ms);
    return promise;
  }

  /** A session; it goes on where another ended when it gets the same disk and store. */
  async node(
    parts: {
      readonly disk?: RamDisk;
      readonly store?: MemoryStore;
      readonly config?: Partial<SessionConfig>;
    } = {},
  ): Promise<Node> {
    const host = `10.0.0.${++this.#hosts}`;
    const disk = parts.disk ?? new RamDisk((callback) => this.later(callback));
    const store = parts.store ?? new MemoryStore();
    const net: Net = this.net.from(host);
    const rng = new Xoshiro128(this.#rng.uint32());
    const random: Random = {
      fill: (target) => {
        for (let i = 0; i < target.length; i++) target[i] = rng.below(256);
        return target;
      },
      uint32: () => rng.uint32(),
    };
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const http = {
      get: (url: string) => {
        this.announces.push(new URL(url));
        const body = new TextEncoder().encode("d8:intervali1800e5:peers0:e");
        return Promise.resolve({ status: 200, headers: new Map(), body });
      },
      close: () => {},
    };
    const udp = { open: () => Promise.reject(new ShoalError("ERR_LISTEN", "no UDP here")) };
    const trackers = new TrackerClient({ clock: this.clock, net, udp, http, random, log }, rng);
    const session = new Session(
      { clock: this.clock, net, disk, hasher: nodeHasher, random, store, log, trackers },
      { ...CONFIG, ...parts.config },
    );
    await session.listen();
    return { session, host, disk, store };
  }

  /** A scripted peer that dials a session. */
  dial(
    node: Node,
    made: Made,
    how: { readonly infoHash?: Uint8Array; readonly v2?: boolean; readonly fast?: boolean } = {},
  ): ScriptedPeer {
    const number = ++this.#peers;
    const connection = this.net.from(`10.1.0.${number}`).connect({ host: node.host, port: 6881 });
    const infoHash = how.infoHash ?? shortHashes(made.metainfo.infoHashes)[0]!;
    return new ScriptedPeer(connection, { infoHash, id: peerId(number), ...how }, true);
  }

  /** An address at which whoever dials meets a scripted peer. */
  async listen(
    made: Made,
    how: { readonly infoHash?: Uint8Array; readonly v2?: boolean; readonly fast?: boolean },
    onPeer: (peer: ScriptedPeer) => void,
  ): Promise<{ host: string; port: number }> {
    const number = ++this.#peers;
    const infoHash = how.infoHash ?? shortHashes(made.metainfo.infoHashes)[0]!;
    const accept = (connection: Connection): void =>
      onPeer(new ScriptedPeer(connection, { infoHash, id: peerId(number), ...how }, false));
    const net = this.net.from(`10.1.0.${number}`);
    return (await net.listen({ ports: [6881] }, accept)).endpoint;
  }

  async make(sizes: Record<string, number>, options: CreateOptions): Promise<Made> {
    const files = new Map<string, Uint8Array>();
    for (const [path, size] of Object.entries(sizes)) {
      files.set(
        path,
        Uint8Array.from({ length: size }, () => this.#rng.below(256)),
      );
    }
    const multiFile = files.size > 1;
    const name = multiFile ? "folder" : [...files.keys()][0]!;
    const contents = [...files].map(([path, content]) => [path, { content }] as const);
    const disk = new MemoryDisk(Object.fromEntries(contents));
    const walk = disk.walk(name, multiFile);
    const created = await createTorrent("/memory", options, { disk, hasher: nodeHasher, walk });
    const { layout } = created.metainfo;
    const parts = layout.files.map((file) =>
      file.pad ? new Uint8Array(file.size) : files.get(multiFile ? file.path.join("/") : name)!,
    );
    return { metainfo: created.metainfo, torrentBytes: created.bytes, files, space: concatBytes(...parts) };
  }

  /** Puts the content below `dir`. */
  write(node: Node, made: Made, dir: string): void {
    const multiFile = made.metainfo.multiFile;
    for (const [path, bytes] of made.files)
      node.disk.put(multiFile ? `${dir}/${made.metainfo.name}/${path}` : `${dir}/${path}`, bytes.slice());
  }
}

function peerId(number: number): string {
  return `-XX0000-${String(number).padStart(12, "0")}`;
}
