import type { LogLevel, LogLine, Notice, Topic } from "@shoal/schema";
import type { DetailKey } from "./detail-feed.ts";
import type { ColumnChoice } from "./torrent-rows.ts";

/** What one reader wants to see. */
export interface Subscription {
  readonly topics: ReadonlySet<Topic>;
  readonly columns: ColumnChoice;
  /** What the reader knows already; null for nothing. */
  readonly since: number | null;
  readonly logLevel: LogLevel;
  /** What it looks at closely; those of one transfer stand together. */
  readonly details: readonly DetailKey[];
}

/** The way to one reader; `EventStream` is one. */
export interface EventSink {
  readonly hasRoom: boolean;
  send(event: string, data: string, id?: number): void;
  close(): void;
}

/** What all readers are shown, computed once for all. */
export interface LiveSource {
  readonly revision: number;
  /** Event and data for who knows `since`: a delta, or a reset and a snapshot. */
  rows(since: number | null, columns: ColumnChoice): readonly (readonly [string, string])[];
  /** The node's numbers that changed since they were counted at `since`; null when none did. */
  detail(key: DetailKey): string | null;
  node(since: number): { readonly at: number; readonly json: string } | null;
}

/** Notices and lines of the log that wait for a slow reader. */
const MAX_WAITING = 200;

/**
 * One reader of what goes on. A slow one gets the latest state when it has caught up, never what was in between; of notices and lines of the log
 * it misses the oldest.
 */
export class Subscriber {
  readonly subscription: Subscription;
  readonly #sink: EventSink;
  readonly #source: LiveSource;
  readonly #notices: Notice[] = [];
  readonly #lines: Omit<LogLine, "dropped">[] = [];
  #droppedLines = 0;
  #knows: number | null;
  #nodeAt = 0;
  #first = true;
  /** Of each of `details` what was sent last. */
  readonly #details: (string | null)[] = [];

  constructor(subscription: Subscription, sink: EventSink, source: LiveSource) {
    this.subscription = subscription;
    this.#sink = sink;
    this.#source = source;
    this.#knows = subscription.since;
  }

  /** Sends what is new, as far as the reader takes it. */
  flush(): void {
    const { topics, columns } = this.subscription;
    const sink = this.#sink;
    if (topics.has("node") && sink.hasRoom) {
      const status = this.#source.node(this.#nodeAt);
      if (status !== null) sink.send("node", status.json);
      this.#nodeAt = status?.at ?? this.#nodeAt;
    }
    if (topics.has("torrents") && sink.hasRoom && (this.#first || this.#knows !== this.#source.revision)) {
      const { revision } = this.#source;
      for (const [event, data] of this.#source.rows(this.#knows, columns)) sink.send(event, data, revision);
      this.#knows = revision;
      this.#first = false;
    }
    this.flushDetails();
    this.#flushWaiting();
  }

  /** Sends of what is looked at closely the parts that changed. */
  flushDetails(): void {
    const fresh = new Map<number, string[]>();
    if (!this.#sink.hasRoom) return;
    for (const [i, key] of this.subscription.details.entries()) {
      const json = this.#source.detail(key);
      if (json === null || json === this.#details[i]) continue;
      this.#details[i] = json;
      const parts = fresh.get(key.id) ?? [`"id":${key.id}`];
      fresh.set(key.id, [...parts, `"${key.detail}":${json}`]);
    }
    for (const parts of fresh.values()) this.#sink.send("detail", `{${parts.join()}}`);
  }

  onNotice(notice: Notice): void {
    if (this.#notices.push(notice) > MAX_WAITING) this.#notices.shift();
    this.#flushWaiting();
  }

  onLine(line: Omit<LogLine, "dropped">): void {
    if (this.#lines.push(line) > MAX_WAITING) {
      this.#lines.shift();
      this.#droppedLines++;
    }
    this.#flushWaiting();
  }

  close(): void {
    this.#sink.close();
  }

  #flushWaiting(): void {
    while (this.#sink.hasRoom && this.#notices.length > 0)
      this.#sink.send("notice", JSON.stringify(this.#notices.shift()));
    while (this.#sink.hasRoom && this.#lines.length > 0) {
      const line: LogLine = { ...this.#lines.shift()!, dropped: this.#droppedLines };
      this.#droppedLines = 0;
      this.#sink.send("log", JSON.stringify(line));
    }
  }
}
