import type { Session } from "@shoal/engine";
import type { Transfers } from "../transfers.ts";
import type { Limits } from "../limits/limits.ts";
import { DetailFeed, type DetailKey } from "./detail-feed.ts";
import type { LogTap } from "./log-tap.ts";
import { NodeNumbers } from "./node-numbers.ts";
import type { Notices } from "./notices.ts";
import { type EventSink, type LiveSource, Subscriber, type Subscription } from "./subscriber.ts";
import { type ColumnChoice, TorrentRows } from "./torrent-rows.ts";

/** Between two looks at what changed. */
const TICK_MS = 1_000;
/** After the last reader has gone, what was computed is kept so long. */
const FORGET_MS = 300_000;

export interface LiveParts {
  readonly session: Session;
  readonly transfers: Transfers;
  readonly notices: Notices;
  readonly log: LogTap;
  readonly limits: Limits;
  readonly downloadDir: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What goes on, for everybody who watches: computed once for all, and not at all when nobody does. */
export class Live implements LiveSource {
  readonly #parts: LiveParts;
  /** Each with what ends its listening. */
  readonly #subscribers: Map<Subscriber, () => void> = new Map();
  /** Rows as JSON, by what their reader knows and wants; of the current revision only. */
  readonly #answers: Map<string, readonly (readonly [string, string])[]> = new Map();
  readonly #numbers: NodeNumbers;
  readonly #details: DetailFeed;
  #rows: TorrentRows | null = null;
  #closed = false;
  #ticker: NodeJS.Timeout | null = null;
  #forgetting: NodeJS.Timeout | null = null;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#numbers = new NodeNumbers(parts.session, parts.downloadDir, parts.limits);
    this.#details = new DetailFeed(parts.transfers, () => {
      for (const subscriber of this.#subscribers.keys()) subscriber.flushDetails();
    });
  }

  /** All transfers, as they are now. */
  look(): TorrentRows {
    const { session, transfers, now } = this.#parts;
    this.#rows ??= new TorrentRows(session, transfers, now());
    const { revision } = this.#rows;
    this.#rows.update();
    if (this.#rows.revision !== revision) this.#answers.clear();
    if (this.#subscribers.size === 0) this.#forgetLater();
    return this.#rows;
  }

  /** How many watch. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Shows `sink` what it asked for, from now on until it is taken off. */
  subscribe(subscription: Subscription, sink: EventSink): Subscriber {
    const subscriber = new Subscriber(subscription, sink, this);
    this.#subscribers.set(subscriber, this.#listen(subscriber));
    if (this.#forgetting !== null) clearTimeout(this.#forgetting);
    this.#forgetting = null;
    this.#ticker ??= setInterval(() => this.#onTick(), TICK_MS);
    this.look();
    if (subscription.topics.has("node")) this.#numbers.update(this.#rows!.views());
    subscriber.flush();
    if (this.#closed) subscriber.close();
    return subscriber;
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.get(subscriber)?.();
    if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0) return;
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#ticker = null;
    this.#forgetLater();
  }

  get revision(): number {
    return this.#rows!.revision;
  }

  rows(since: number | null, columns: ColumnChoice): readonly (readonly [string, string])[] {
    const key = `${since} ${columns.places.join()}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#answer(since, columns);
    this.#answers.set(key, answer);
    return answer;
  }

  detail(key: DetailKey): string | null {
    return this.#details.json(key);
  }

  node(since: number): { readonly at: number; readonly json: string } | null {
    return this.#numbers.since(since);
  }

  /** Ends all streams. */
  close(): void {
    this.#closed = true;
    for (const subscriber of [...this.#subscribers.keys()]) {
      subscriber.close();
      this.unsubscribe(subscriber);
    }
    if (this.#forgetting !== null) clearTimeout(this.#forgetting);
    this.#rows?.close();
    this.#rows = null;
  }

  #answer(since: number | null, columns: ColumnChoice): [string, string][] {
    const rows = this.#rows!;
    const delta = since === null ? null : rows.since(since, columns);
    if (delta !== null) return [["delta", JSON.stringify(delta)]];
    const { revision } = rows;
    const snapshot = { schema: 1, revision, columns: columns.names, rows: rows.table(columns) };
    const answer: [string, string][] = [["snapshot", JSON.stringify(snapshot)]];
    if (since !== null) answer.unshift(["reset", JSON.stringify({ revision })]);
    return answer;
  }

  #listen(subscriber: Subscriber): () => void {
    const { notices, log } = this.#parts;
    const { topics, logLevel } = subscriber.subscription;
    const ends = [this.#details.watch(subscriber.subscription.details)];
    if (topics.has("notices")) ends.push(notices.on((notice) => subscriber.onNotice(notice)));
    if (topics.has("log")) ends.push(log.on(logLevel, (line) => subscriber.onLine(line)));
    return () => {
      for (const end of ends) end();
    };
  }

  #onTick(): void {
    const rows = this.look();
    const isCounted = [...this.#subscribers.keys()].some(({ subscription }) =>
      subscription.topics.has("node"),
    );
    if (isCounted) this.#numbers.update(rows.views());
    for (const subscriber of this.#subscribers.keys()) subscriber.flush();
  }

  #forgetLater(): void {
    this.#forgetting ??= setTimeout(() => {
      this.#forgetting = null;
      this.#rows?.close();
      this.#rows = null;
      this.#answers.clear();
    }, FORGET_MS).unref();
  }
}
