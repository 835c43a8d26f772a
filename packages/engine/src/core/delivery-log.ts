import type { FileIndex, Millis, PieceIndex } from "../base/brand.ts";
import type { Metainfo } from "../meta/metainfo.ts";

/** Somebody with whom bytes are exchanged. */
export interface Party {
  /** A web seed is a server that has the files (BEP 19). */
  readonly kind: "peer" | "web-seed";
  /** "host:port", or the URL of a web seed without what it takes to be let in. */
  readonly address: string;
  /** What the peer calls itself; "" while that is unknown. Unchecked text. */
  client: string;
}

/** The torrent that a piece belongs to, as it is when somebody looks. */
export interface DeliveredContent {
  /** The torrent's number in the session. */
  readonly number: number;
  readonly metainfo: Metainfo;
  /** Path of a file below the download folder. */
  pathOf(file: FileIndex): string;
}

/** Bytes of one file in one piece that one party gave us, or got from us. */
export interface Delivery {
  readonly direction: "down" | "up";
  readonly content: DeliveredContent;
  readonly piece: PieceIndex;
  readonly file: FileIndex;
  /** Null: somebody in an earlier run. */
  readonly party: Party | null;
  readonly bytes: number;
  /** How long ago it was noted. */
  readonly ageMs: Millis;
}

/**
 * Who delivered what, between two calls of `take`: columns that are filled without allocating. Nothing is noted before `open`. What
 * doesn't fit is counted and lost.
 */
export class DeliveryLog {
  readonly #now: () => Millis;
  #capacity = 0;
  #onWaiting: () => void = () => undefined;
  #length = 0;
  #dropped = 0;
  #isUp: Uint8Array = new Uint8Array(0);
  #pieces: Int32Array = new Int32Array(0);
  #files: Int32Array = new Int32Array(0);
  #bytes: Float64Array = new Float64Array(0);
  #times: Float64Array = new Float64Array(0);
  #contents: (DeliveredContent | null)[] = [];
  #parties: (Party | null)[] = [];

  /** `now` is monotonic. */
  constructor(now: () => Millis) {
    this.#now = now;
  }

  /** Begins to note, up to `capacity` deliveries between two calls of `take`; `onWaiting` is called when there is a first one to take. */
  open(capacity: number, onWaiting: () => void): void {
    this.#capacity = capacity;
    this.#onWaiting = onWaiting;
    this.#isUp = new Uint8Array(capacity);
    this.#pieces = new Int32Array(capacity);
    this.#files = new Int32Array(capacity);
    this.#bytes = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#contents = Array.from({ length: capacity }, () => null);
    this.#parties = Array.from({ length: capacity }, () => null);
  }

  /** There is something to take. */
  get isWaiting(): boolean {
    return this.#length > 0;
  }

  get isOpen(): boolean {
    return this.#capacity > 0;
  }

  add(
    direction: "down" | "up",
    content: DeliveredContent,
    piece: PieceIndex,
    file: FileIndex,
    party: Party | null,
    bytes: number,
  ): void {
    if (this.#length === this.#capacity) {
      if (this.#capacity > 0) this.#dropped++;
      return;
    }
    const at = this.#length++;
    this.#isUp[at] = direction === "up" ? 1 : 0;
    this.#pieces[at] = piece;
    this.#files[at] = file;
    this.#bytes[at] = bytes;
    this.#times[at] = this.#now();
    this.#contents[at] = content;
    this.#parties[at] = party;
    if (at === 0) this.#onWaiting();
  }

  /** What was noted since the last call, and how many found no room. */
  take(): { readonly deliveries: Delivery[]; readonly dropped: number } {
    const now = this.#now();
    const deliveries = Array.from({ length: this.#length }, (_, at): Delivery => ({
      direction: this.#isUp[at] === 1 ? "up" : "down",
      content: this.#contents[at]!,
      piece: this.#pieces[at]!,
      file: this.#files[at]!,
      party: this.#parties[at]!,
      bytes: this.#bytes[at]!,
      ageMs: now - this.#times[at]!,
    }));
    this.#contents.fill(null, 0, this.#length);
    this.#parties.fill(null, 0, this.#length);
    const dropped = this.#dropped;
    this.#length = 0;
    this.#dropped = 0;
    return { deliveries, dropped };
  }
}
