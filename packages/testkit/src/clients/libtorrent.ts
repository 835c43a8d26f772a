import { PYTHON } from "../availability.ts";
import type { Child } from "../child.ts";
import { JsonLines } from "../json-lines.ts";
import { fixturePath } from "../paths.ts";
import { poll } from "../poll.ts";
import type { Stage } from "../stage.ts";
import { readTorrent } from "../torrent-facts.ts";
import type { TorrentFacts, TorrentKind } from "../torrent-facts.ts";

export interface CreateSpec {
  /** File or folder. */
  readonly path: string;
  /** The .torrent to write. */
  readonly output: string;
  readonly kind: TorrentKind;
  readonly pieceLength: number;
  readonly trackers?: readonly string[];
  readonly private?: boolean;
}

export interface AddSpec {
  /** A .torrent file; or `magnet`. */
  readonly file?: string;
  readonly magnet?: string;
  /** Folder in which the torrent's name lies. */
  readonly saveDir: string;
  /** Take the data for complete without looking. Otherwise what is there gets checked. */
  readonly seed?: boolean;
  /** Bytes a second; 0 is no limit. */
  readonly upLimit?: number;
  readonly downLimit?: number;
  readonly trackers?: readonly string[];
}

export interface LibtorrentStatus {
  readonly state: string;
  readonly hasMetadata: boolean;
  /** 0 to 1. */
  readonly progress: number;
  readonly seeding: boolean;
  readonly done: number;
  readonly wanted: number;
  readonly peers: number;
  readonly payloadDown: number;
  readonly payloadUp: number;
  readonly failedBytes: number;
  readonly redundantBytes: number;
  readonly error: string | null;
}

export interface LibtorrentPeer {
  readonly host: string;
  readonly port: number;
  readonly client: string;
  readonly progress: number;
  readonly payloadDown: number;
  readonly payloadUp: number;
  readonly hashFails: number;
  readonly connecting: boolean;
  readonly handshake: boolean;
  readonly seed: boolean;
  /** All its bytes are, not only those of the handshake. */
  readonly obfuscated: boolean;
}

export interface LibtorrentOptions {
  readonly host?: string;
  readonly port?: number;
  /** Ways of finding peers that are on; none by default. */
  readonly allow?: readonly ("dht" | "lsd" | "pex")[];
  /** Further settings, by libtorrent's names. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** One libtorrent session in a process of its own. */
export class Libtorrent {
  readonly host: string;
  readonly port: number;
  readonly child: Child;
  /** Works when it was allowed. */
  readonly dht: LibtorrentDht;
  readonly #lines: JsonLines;

  private constructor(host: string, port: number, child: Child, lines: JsonLines) {
    this.host = host;
    this.port = port;
    this.child = child;
    this.#lines = lines;
    this.dht = new LibtorrentDht(lines);
  }

  static async start(stage: Stage, options: LibtorrentOptions = {}): Promise<Libtorrent> {
    const host = options.host ?? stage.nextHost();
    const port = options.port ?? (await stage.freePort(host));
    const { allow = [], settings = {} } = options;
    const child = stage.spawn({
      name: "libtorrent",
      quiet: true,
      command: PYTHON,
      args: [fixturePath("libtorrent_driver.py"), host, String(port), JSON.stringify({ allow, settings })],
    });
    const lines = new JsonLines(child);
    const ready = await lines.ready;
    if (ready["port"] !== port)
      throw new Error(`libtorrent listens on ${String(ready["port"])}, not ${port}`);
    return new Libtorrent(host, port, child, lines);
  }

  /** Makes a .torrent and reads it back. */
  async create(spec: CreateSpec): Promise<TorrentFacts> {
    const { path, output, kind, pieceLength, trackers = [] } = spec;
    await this.#lines.call("create", {
      path,
      output,
      kind,
      pieceLength,
      trackers,
      private: spec.private === true,
    });
    return readTorrent(output);
  }

  async add(spec: AddSpec): Promise<LibtorrentTorrent> {
    const { torrent } = await this.#lines.call("add", { ...spec });
    return new LibtorrentTorrent(this.#lines, torrent as number);
  }

  /** Adds complete data and waits until it is offered. */
  async seed(spec: AddSpec): Promise<LibtorrentTorrent> {
    const torrent = await this.add(spec);
    await torrent.waitForSeeding(10_000);
    return torrent;
  }
}

/** The DHT node of a session. Values are texts. */
class LibtorrentDht {
  readonly #lines: JsonLines;
  #puts = 0;

  constructor(lines: JsonLines) {
    this.#lines = lines;
  }

  /** Names a node to begin with. */
  async enterBy(node: { readonly host: string; readonly port: number }): Promise<void> {
    await this.#lines.call("dhtNode", { host: node.host, port: node.port });
  }

  /** Settles when it knows so many nodes. */
  async knows(nodes: number, within: number = 15_000): Promise<void> {
    const enough = async (): Promise<boolean> =>
      Number((await this.#lines.call("dhtNodes", {}))["nodes"]) >= nodes;
    await poll(`libtorrent knows ${nodes} nodes`, enough, { within });
  }

  /** Stores a value, under an Ed25519 key (`seed` and `publicKey` in hex) when there is one; settles when nodes have confirmed. */
  async put(
    value: string,
    key: { readonly seed: string; readonly publicKey: string; readonly salt: string } | null = null,
  ): Promise<string> {
    const { target } = await this.#lines.call("dhtPut", { value, ...key });
    const nth = this.#puts++;
    const confirmed = async (): Promise<boolean> =>
      (((await this.#lines.call("dhtPuts", {}))["puts"] as number[])[nth] ?? 0) > 0;
    await poll("libtorrent has stored an item", confirmed, { within: 15_000 });
    return target as string;
  }

  /** By target; with a salt by public key. In hex. */
  async get(target: string, salt: string | null = null): Promise<{ value: string; seq: number }> {
    await this.#lines.call("dhtGet", { target, salt });
    const look = async (): Promise<{ value: string; seq: number } | null> =>
      (await this.#lines.call("dhtItem", { target }))["item"] as { value: string; seq: number } | null;
    return poll("libtorrent finds an item", look, { within: 15_000 });
  }
}

export class LibtorrentTorrent {
  readonly #lines: JsonLines;
  readonly #id: number;

  constructor(lines: JsonLines, id: number) {
    this.#lines = lines;
    this.#id = id;
  }

  async connect(to: { readonly host: string; readonly port: number }): Promise<void> {
    await this.#lines.call("connect", { torrent: this.#id, host: to.host, port: to.port });
  }

  async limits(limits: { readonly up?: number; readonly down?: number }): Promise<void> {
    await this.#lines.call("limits", { torrent: this.#id, ...limits });
  }

  async status(): Promise<LibtorrentStatus> {
    return (await this.#lines.call("status", { torrent: this.#id })) as unknown as LibtorrentStatus;
  }

  async peers(): Promise<readonly LibtorrentPeer[]> {
    const { peers } = await this.#lines.call("peers", { torrent: this.#id });
    return peers as readonly LibtorrentPeer[];
  }

  async remove(): Promise<void> {
    await this.#lines.call("remove", { torrent: this.#id });
  }

  /** All data there, checked, and in its files: libtorrent says "seeding" while writes are still under way. */
  async waitForSeeding(within: number = 45_000): Promise<LibtorrentStatus> {
    const status = await this.waitFor("libtorrent has all data", (one) => one.seeding, within);
    await this.#lines.call("flush", { torrent: this.#id });
    const isFlushed = async (): Promise<boolean> =>
      (await this.#lines.call("flushed", { torrent: this.#id }))["flushed"] === true;
    await poll("libtorrent has written all data", isFlushed, { within: 10_000 });
    return status;
  }

  async waitFor(
    what: string,
    reached: (status: LibtorrentStatus) => boolean,
    within: number = 45_000,
  ): Promise<LibtorrentStatus> {
    let last: LibtorrentStatus | null = null;
    try {
      return await poll(
        what,
        async () => {
          last = await this.status();
          if (last.error !== null) throw new Error(`libtorrent: ${last.error}`);
          return reached(last) ? last : null;
        },
        { within },
      );
    } catch (error) {
      const peers = JSON.stringify(await this.peers().catch(() => null));
      const text = `${String((error as Error).message)}; status ${JSON.stringify(last)}; peers ${peers}`;
      throw new Error(text, { cause: error });
    }
  }
}
