import type { Millis } from "../base/brand.ts";
import type { Connection } from "../ports/net.ts";
import type { SessionContext } from "./context.ts";
import { Demultiplexer, type Transport } from "./demultiplexer.ts";
import type { Evidence } from "./evidence.ts";
import { Lobby } from "./lobby.ts";
import type { Obfuscation } from "./obfuscation.ts";
import { PeerConnection } from "./peer-connection.ts";
import { plainTransport } from "./plain-transport.ts";
import type { TorrentNames } from "./torrent-names.ts";

/** Connections from outside that are taken up though all slots are taken: one of them may be better than one that is there. */
const CONTESTANTS = 8;
/** Part of all connections that those may take who have not said what they are, and as much those who have not said what they want. */
const STRANGERS_SHARE = 8;

/** Connections from outside, until it is known which torrent they are for. */
export class Entrance {
  readonly #context: SessionContext;
  readonly #evidence: Evidence;
  readonly #demultiplexer: Demultiplexer;
  readonly #lobby: Lobby;

  constructor(context: SessionContext, obfuscation: Obfuscation, names: TorrentNames, evidence: Evidence) {
    this.#context = context;
    this.#evidence = evidence;
    const { maxConnections, obfuscation: rule } = context.config;
    const mostStrangers = Math.max(CONTESTANTS, Math.floor(maxConnections / STRANGERS_SHARE));
    this.#lobby = new Lobby(names, mostStrangers);
    const admit = (connection: Connection): PeerConnection => this.#admit(connection);
    const plain = plainTransport(rule === "require" ? null : admit);
    const obfuscated = obfuscation.transport((mark) => names.findMarked(mark), admit);
    this.#demultiplexer = new Demultiplexer(plain, obfuscated, mostStrangers);
  }

  /** Connections that have not said what they are. */
  get size(): number {
    return this.#demultiplexer.size;
  }

  /** See `Session.registerTransport`. */
  register(transport: Transport): void {
    this.#demultiplexer.register(transport);
  }

  /** `taken`: all connections that there are. False when there is no room; it has been closed then. */
  enter(connection: Connection, taken: number): boolean {
    const { settings, standings } = this.#context;
    if (taken >= settings.maxConnections + CONTESTANTS || standings.isBanned(connection.remote)) {
      connection.close();
      return false;
    }
    this.#demultiplexer.enter(connection, this.#context.now());
    return true;
  }

  /** Ends with those who take too long. True while somebody is there. */
  onTick(now: Millis): boolean {
    const { handshakeTimeoutMs } = this.#context.config;
    const strangers = this.#demultiplexer.onTick(now, handshakeTimeoutMs);
    return this.#lobby.onTick(now, handshakeTimeoutMs) || strangers;
  }

  /** Closes those whose address is blocked. */
  expelBlocked(): void {
    this.#demultiplexer.expelBlocked(this.#context.ipFilter);
    this.#lobby.expelBlocked(this.#context.ipFilter);
  }

  closeAll(): void {
    this.#demultiplexer.closeAll();
    this.#lobby.closeAll();
  }

  /** A peer that connected to us, whose handshake is about to be read. */
  #admit(connection: Connection): PeerConnection {
    const how = { source: "incoming", incoming: true } as const;
    const peer = new PeerConnection(this.#context, connection, how, this.#lobby, this.#lobby);
    this.#evidence.onIncoming(connection.remote.host);
    this.#lobby.enter(peer);
    return peer;
  }
}
