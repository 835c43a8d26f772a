import { bitfield, FakeConnection, handshake, MESSAGE, words } from "@shoal/testkit";
import type { FakeConnectionSink, PeerMessage, TestRandom, TorrentFacts } from "@shoal/testkit";
import { connect } from "node:net";

const BLOCK = 16_384;
/** Requests out at once, when it is served. */
const REQUESTS = 32;

/** What a raw peer does all the time. */
export interface RawPeerHabits {
  /** Per cent of the pieces that it has. */
  readonly has: number;
  /** Tells of so many pieces at once, now and then: 0 is never. */
  readonly havesAtOnce: number;
  /** Asks for blocks when it is served. */
  readonly asks: boolean;
}

let count = 0;

/** A peer over raw TCP that says much and delivers nothing: what it asks for it throws away. */
export class RawPeer implements FakeConnectionSink {
  readonly connection: FakeConnection;
  readonly #torrent: TorrentFacts;
  readonly #habits: RawPeerHabits;
  readonly #random: TestRandom;
  readonly #onGone: () => void;
  blocks = 0;

  /** Dials at once. */
  constructor(
    port: number,
    torrent: TorrentFacts,
    habits: RawPeerHabits,
    random: TestRandom,
    onGone: () => void,
  ) {
    this.#torrent = torrent;
    this.#habits = habits;
    this.#random = random;
    this.#onGone = onGone;
    const socket = connect({ host: "127.0.0.1", port });
    this.connection = new FakeConnection(socket, this);
    const id = Buffer.from(`-RAW000-${String(++count).padStart(12, "0")}`);
    this.connection.raw(handshake(torrent.wireHash, id, { fast: true }));
  }

  onHandshake(): void {
    const { pieceCount } = this.#torrent;
    if (this.#habits.has === 0) this.connection.say(MESSAGE.haveNone);
    else {
      const chance = this.#habits.has;
      this.connection.say(
        MESSAGE.bitfield,
        bitfield(pieceCount, () => this.#random.below(100) < chance),
      );
    }
    if (this.#habits.asks) this.connection.say(MESSAGE.interested);
  }

  onMessage(_connection: FakeConnection, { id }: PeerMessage): void {
    if (id === MESSAGE.piece) this.blocks++;
    if (id === MESSAGE.unchoke) for (let i = 0; i < REQUESTS; i++) this.#ask();
    else if (id === MESSAGE.piece) this.#ask();
  }

  onClosed(): void {
    this.#onGone();
  }

  /** A storm of news. */
  storm(): void {
    const { pieceCount } = this.#torrent;
    for (let i = 0; i < this.#habits.havesAtOnce; i++) {
      this.connection.say(MESSAGE.have, words(this.#random.below(pieceCount)));
    }
  }

  leave(): void {
    this.connection.reset();
  }

  #ask(): void {
    // The last piece may be short.
    this.connection.request(this.#random.below(this.#torrent.pieceCount - 1), 0, BLOCK);
  }
}
