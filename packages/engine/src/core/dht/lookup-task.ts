import type { Millis } from "../../base/brand.ts";
import { copyBytes } from "../../base/bytes.ts";
import type { Answer, KrpcAnswer } from "../../wire/krpc.ts";
import type { Query } from "../../wire/krpc-query.ts";
import type { LookupEvents, LookupProgress, LookupResult, Urgency } from "./dht-types.ts";
import { type Candidate, NodeSearch } from "./node-search.ts";
import type { Asker, Question } from "./questions.ts";
import type { Storage } from "./storage.ts";

/** Questions of one lookup at the same time (Kademlia's alpha), slow ones not counted: at first, and one more for so many that were silent. */
const CONCURRENCY = 4;
const SILENT_FOR_ONE = 4;
const MAX_CONCURRENCY = 12;

/** A question that we can ask. */
export type OwnQuery = Exclude<Query, { method: "unknown" }>;

/** What a lookup asks for, and what it does with the answers. */
export interface Purpose {
  readonly target: Uint8Array;
  readonly query: OwnQuery;
  /** Takes what our own storage has, before others are asked. True when that is all that was wanted. */
  onBegin?(own: Storage, now: Millis): boolean;
  /** True when the answer is all that was wanted. */
  onAnswer?(packet: KrpcAnswer, candidate: Candidate): boolean;
  /** After the search, before anything is stored. */
  onFound?(): void;
  /** What to store at a node that was found, null for nothing. */
  store?(candidate: Candidate): OwnQuery | null;
}

/** What a lookup needs of its node. */
export interface LookupHost {
  readonly onEnd: (lookup: LookupTask, now: Millis) => void;
  /** It may have something to ask again. */
  readonly onReady: (lookup: LookupTask) => void;
  /** Feeds what was learned of other nodes to the search. */
  readonly onNodes: (lookup: LookupTask, answer: Answer, by: Candidate, now: Millis) => void;
}

/** One lookup from its first question to its last: the search, then the storing. */
export class LookupTask implements Asker {
  readonly urgency: Urgency;
  readonly #purpose: Purpose;
  readonly #events: LookupEvents;
  readonly #host: LookupHost;
  #search: NodeSearch | null = null;
  /** By whom is asked now. */
  readonly #asking: Map<Question, Candidate> = new Map();
  #toStore: { candidate: Candidate; query: OwnQuery }[] = [];
  #phase: "waiting" | "searching" | "storing" | "ended" = "waiting";
  #startedAt: Millis = 0;
  #stored = 0;

  constructor(purpose: Purpose, events: LookupEvents, host: LookupHost) {
    this.urgency = events.urgency ?? "normal";
    this.#purpose = purpose;
    this.#events = events;
    this.#host = host;
  }

  get target(): Uint8Array {
    return this.#purpose.target;
  }

  get search(): NodeSearch | null {
    return this.#search;
  }

  get isEnded(): boolean {
    return this.#phase === "ended";
  }

  get progress(): LookupProgress {
    return { asked: this.#search?.asked ?? 0, answered: this.#search?.answered ?? 0 };
  }

  /** `networkSize`: see `NodeSearch`. */
  start(networkSize: number, now: Millis): NodeSearch {
    this.#phase = "searching";
    this.#startedAt = now;
    this.#search = new NodeSearch(this.#purpose.target, networkSize);
    return this.#search;
  }

  /** What we keep for others is for us, too: nobody else may have it. */
  takeOwn(own: Storage, now: Millis): void {
    if (this.#purpose.onBegin?.(own, now) === true && !this.isEnded) this.#beginStoring(now);
  }

  /** Whom to ask what now; null when the lookup waits for answers, or is over. */
  next(now: Millis): { readonly candidate: Candidate; readonly query: OwnQuery } | null {
    if (this.#phase === "searching") {
      const search = this.#search!;
      const more = Math.floor(search.silent / SILENT_FOR_ONE);
      const isFull = search.inFlight >= Math.min(CONCURRENCY + more, MAX_CONCURRENCY);
      const candidate = isFull ? null : search.next();
      if (candidate !== null) return { candidate, query: this.#purpose.query };
      if (search.isDone()) this.#beginStoring(now);
    }
    return this.#phase === "storing" ? (this.#toStore.shift() ?? null) : null;
  }

  /** What `next` gave has been sent. */
  onAsked(question: Question, candidate: Candidate): void {
    this.#asking.set(question, candidate);
    if (this.#phase === "searching") this.#search!.onAsked(candidate);
  }

  onAnswer(question: Question, packet: KrpcAnswer, now: Millis): void {
    const candidate = this.#asking.get(question);
    if (candidate === undefined || this.isEnded) return;
    this.#asking.delete(question);
    if (this.#phase === "storing") {
      this.#stored++;
      this.#endWhenStored(now);
      return;
    }
    this.#search!.onAnswer(candidate, copyBytes(packet.id), packet.answer.token);
    this.#host.onNodes(this, packet.answer, candidate, now);
    const isEnough = this.#purpose.onAnswer?.(packet, candidate) === true;
    this.#events.onProgress?.(this.progress);
    if (this.isEnded) return;
    if (isEnough) this.#beginStoring(now);
    else this.#moveOn(now);
  }

  onSlow(question: Question, _now: Millis): void {
    const candidate = this.#asking.get(question);
    if (candidate === undefined || this.#phase !== "searching") return;
    this.#search!.onSlow(candidate);
    this.#host.onReady(this);
  }

  onOverdue(question: Question, now: Millis): void {
    // A search that goes on takes an answer that comes late.
    this.#onSilence(question, now, this.#phase === "storing");
  }

  onFailure(question: Question, now: Millis): void {
    this.#onSilence(question, now, true);
  }

  #onSilence(question: Question, now: Millis, isFinal: boolean): void {
    const candidate = this.#asking.get(question);
    if (candidate === undefined || this.isEnded) return;
    if (isFinal) this.#asking.delete(question);
    if (this.#phase === "storing") {
      this.#endWhenStored(now);
    } else if (candidate.state !== "failed") {
      this.#search!.onFailure(candidate);
      this.#moveOn(now);
    }
  }

  /** Ends without a word. */
  cancel(): void {
    this.#phase = "ended";
    this.#asking.clear();
    this.#toStore = [];
  }

  #moveOn(now: Millis): void {
    if (this.#search!.isDone()) this.#beginStoring(now);
    else this.#host.onReady(this);
  }

  #beginStoring(now: Millis): void {
    this.#phase = "storing";
    this.#asking.clear();
    this.#purpose.onFound?.();
    if (this.isEnded) return;
    for (const candidate of this.#search!.neighbours()) {
      const query = candidate.token === null ? null : (this.#purpose.store?.(candidate) ?? null);
      if (query !== null) this.#toStore.push({ candidate, query });
    }
    this.#endWhenStored(now);
    if (!this.isEnded) this.#host.onReady(this);
  }

  #endWhenStored(now: Millis): void {
    if (this.#toStore.length > 0 || this.#asking.size > 0) return;
    this.#phase = "ended";
    this.#host.onEnd(this, now);
    const closest = this.#search!.neighbours().map(({ id, endpoint }) => ({ id, endpoint }));
    const durationMs = now - this.#startedAt;
    const result: LookupResult = { ...this.progress, closest, stored: this.#stored, durationMs };
    this.#events.onDone?.(result);
  }
}
