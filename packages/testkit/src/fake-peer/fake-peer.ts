import { createConnection, createServer } from "node:net";
import type { Server } from "node:net";
import { Buffer } from "node:buffer";
import type { TorrentFacts } from "../torrent-facts.ts";
import { FakeConnection } from "./fake-connection.ts";
import type { BlockRequest, FakeConnectionSink } from "./fake-connection.ts";
import { FakeMetadata } from "./metadata.ts";
import { MESSAGE, bitfield, handshake, words } from "./messages.ts";
import type { HandshakeFields, PeerMessage } from "./messages.ts";

/** How a fake peer treats those who ask it for blocks. */
export type FakeBehaviour =
  | { readonly does: "honest" }
  /** Every block is wrong. */
  | { readonly does: "garbage" }
  /** One block is wrong, always. */
  | { readonly does: "lie"; readonly piece: number; readonly block: number }
  /** Resets the connection after so many blocks, each time. */
  | { readonly does: "die"; readonly afterBlocks: number }
  /** Stays connected but answers nothing more after so many blocks (over all connections). */
  | { readonly does: "stall"; readonly afterBlocks: number }
  /** After the handshake announces a message of this length and begins to send it. */
  | { readonly does: "oversized"; readonly length: number }
  /** Takes connections and never says a word. */
  | { readonly does: "silent" }
  /** Shakes hands, has everything, never unchokes. */
  | { readonly does: "choke" }
  /** Answers with blocks that are shorter than asked for. */
  | { readonly does: "short" };

export interface FakePeerSpec {
  readonly torrent: TorrentFacts;
  /** The payload in torrent space (`torrentSpace`). */
  readonly data: Buffer;
  readonly behaviour: FakeBehaviour;
  readonly host?: string;
  readonly port?: number;
  /** Pieces it claims to have; all unless given. */
  readonly has?: (piece: number) => boolean;
  /** Exactly 20 bytes. */
  readonly peerId?: string;
  /** Offers this as the info dictionary (BEP 9); without it the fake peer knows no extensions. */
  readonly metadata?: Buffer;
  /** Called after each request that came in; for counting and for triggers. */
  readonly onRequest?: (request: BlockRequest, peer: FakePeer) => void;
  /** Called with each block that came in. */
  readonly onBlock?: (piece: number, begin: number, data: Buffer) => void;
}

const BLOCK = 16_384;
let count = 0;

/** A scripted peer over raw TCP, with a writer of its own: it does what no well-behaved client would. */
export class FakePeer implements FakeConnectionSink {
  readonly host: string;
  port: number;
  readonly connections: FakeConnection[] = [];
  readonly requests: BlockRequest[] = [];
  readonly #spec: FakePeerSpec;
  readonly #peerId: Buffer;
  readonly #metadata: Map<FakeConnection, FakeMetadata> = new Map();
  readonly #waiting: Set<() => void> = new Set();
  #server: Server | null = null;

  private constructor(spec: FakePeerSpec) {
    this.#spec = spec;
    this.host = spec.host ?? "127.0.0.1";
    this.port = spec.port ?? 0;
    this.#peerId = Buffer.from(spec.peerId ?? `-FK0001-${String(++count).padStart(12, "0")}`, "latin1");
    if (this.#peerId.length !== 20) throw new Error("a peer id has 20 bytes");
  }

  /** Takes connections on `host` (any of 127.0.0.0/8 on Linux, so that it can be told from other peers). */
  static async listen(spec: FakePeerSpec): Promise<FakePeer> {
    const peer = new FakePeer(spec);
    const server = createServer((socket) => peer.#accept(new FakeConnection(socket, peer)));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: peer.host, port: peer.port }, resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no address");
    peer.port = address.port;
    peer.#server = server;
    return peer;
  }

  /** Without a port of its own; use `dial`. */
  static dialler(spec: FakePeerSpec): FakePeer {
    return new FakePeer(spec);
  }

  /** Dials from `host` and greets first. */
  dial(to: { readonly host: string; readonly port: number }): FakeConnection {
    const socket = createConnection({ host: to.host, port: to.port, localAddress: this.host });
    const connection = new FakeConnection(socket, this);
    this.#accept(connection);
    socket.once("connect", () => {
      if (this.#spec.behaviour.does !== "silent") this.#greet(connection, this.#spec.torrent.wireHash);
    });
    return connection;
  }

  get blocksSent(): number {
    return this.connections.reduce((sum, one) => sum + one.blocksSent, 0);
  }

  get openConnections(): number {
    return this.connections.filter((one) => !one.closed).length;
  }

  /** Settles when `reached` holds; looked at after everything that happens to this peer. */
  waitFor(what: string, reached: (peer: FakePeer) => boolean, within: number = 30_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!reached(this)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`fake peer: ${what}: not within ${within} ms (${this.summary()})`));
      }, within);
      this.#waiting.add(look);
      look();
    });
  }

  /** One line for error messages. */
  summary(): string {
    const connections = this.connections.map((one) => {
      const received = [...one.received].map(([id, times]) => `${id}×${times}`).join(" ");
      const state = one.closed ? "closed" : "open";
      return `${state}, ${one.handshake === null ? "no handshake" : "handshake"}, sent ${one.blocksSent}, got ${received}`;
    });
    return `${this.requests.length} requests; ${connections.join(" | ")}`;
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) if (!connection.closed) connection.reset();
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  onHandshake(connection: FakeConnection, fields: HandshakeFields): void {
    const { behaviour, torrent } = this.#spec;
    if (behaviour.does === "silent") return this.#happened();
    const { wireHash, infoHashV2 } = torrent;
    const isV2 = infoHashV2 !== null && fields.infoHash.toString("hex") === infoHashV2.slice(0, 40);
    if (!isV2 && !fields.infoHash.equals(wireHash)) {
      connection.reset();
      return this.#happened();
    }
    if (this.#server !== null) this.#greet(connection, fields.infoHash);
    const { has, metadata } = this.#spec;
    if (metadata !== undefined) {
      const offer = new FakeMetadata(metadata);
      this.#metadata.set(connection, offer);
      offer.greet(connection);
    }
    connection.say(MESSAGE.bitfield, bitfield(torrent.pieceCount, has ?? (() => true)));
    if (behaviour.does === "oversized") {
      connection.raw(
        Buffer.concat([words(behaviour.length), Buffer.from([MESSAGE.piece]), Buffer.alloc(BLOCK)]),
      );
    }
    this.#happened();
  }

  onMessage(connection: FakeConnection, { id, payload }: PeerMessage): void {
    const { behaviour } = this.#spec;
    if (behaviour.does === "silent") return this.#happened();
    if (id === MESSAGE.interested && behaviour.does !== "choke") connection.say(MESSAGE.unchoke);
    if (id === MESSAGE.hashRequest) connection.say(MESSAGE.hashReject, payload);
    if (id === MESSAGE.extended) this.#metadata.get(connection)?.onExtended(connection, payload);
    if (id === MESSAGE.piece) {
      this.#spec.onBlock?.(payload.readUInt32BE(0), payload.readUInt32BE(4), payload.subarray(8));
    }
    if (id === MESSAGE.request) {
      const [piece, begin, length] = [0, 4, 8].map((at) => payload.readUInt32BE(at));
      this.#serve(connection, { piece: piece ?? 0, begin: begin ?? 0, length: length ?? 0 });
    }
    this.#happened();
  }

  onClosed(_connection: FakeConnection): void {
    this.#happened();
  }

  #accept(connection: FakeConnection): void {
    this.connections.push(connection);
    this.#happened();
  }

  /** Of a hybrid it speaks the v1 half, unless it was addressed by the other. */
  #greet(connection: FakeConnection, infoHash: Buffer): void {
    const isV1 = this.#spec.torrent.infoHashV1 === infoHash.toString("hex");
    connection.raw(
      handshake(infoHash, this.#peerId, { v2: !isV1, extended: this.#spec.metadata !== undefined }),
    );
  }

  #serve(connection: FakeConnection, request: BlockRequest): void {
    const { behaviour, data, torrent } = this.#spec;
    this.requests.push(request);
    this.#spec.onRequest?.(request, this);
    const { does } = behaviour;
    if (does === "choke" || does === "oversized") return;
    if (does === "stall" && this.blocksSent >= behaviour.afterBlocks) return;
    const from = request.piece * torrent.pieceLength + request.begin;
    const block = Buffer.from(data.subarray(from, from + request.length));
    const isLie = does === "lie" && request.piece === behaviour.piece;
    if (does === "garbage" || (isLie && Math.floor(request.begin / BLOCK) === behaviour.block)) {
      block.forEach((byte, i) => (block[i] = byte ^ 0xa5));
    }
    connection.sendBlock(request, does === "short" ? block.subarray(0, block.length - 1) : block);
    if (does === "die" && connection.blocksSent >= behaviour.afterBlocks) connection.reset();
  }

  #happened(): void {
    for (const look of this.#waiting) look();
  }
}
