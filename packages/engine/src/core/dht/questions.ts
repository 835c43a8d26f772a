import type { Endpoint } from "../../base/address.ts";
import type { Millis } from "../../base/brand.ts";
import { readU32 } from "../../base/bytes.ts";
import type { KrpcAnswer } from "../../wire/krpc.ts";

/** A question without an answer has failed after this time: most of those that answer at all do so far sooner. */
const FAILED_AFTER_MS = 5_000;
/** Bounds of the time after which a question is slow, and somebody else is asked beside. */
const SLOW_MIN_MS = 250;
const SLOW_MAX_MS = 2_000;
/** After so many times that nobody waits for the answer any more. */
const OVERDUE_FACTOR = 3;
/** Before the first answer. */
const SLOW_AT_FIRST_MS = 1_000;
const MAX_OPEN = 2_048;
const TRANSACTION_BYTES = 4;

/** Who asked, and is told what becomes of it: at most one `onSlow`, then at most one `onOverdue`, then one of the others. */
export interface Asker {
  onAnswer(question: Question, packet: KrpcAnswer, now: Millis): void;
  onSlow(question: Question, now: Millis): void;
  /** The answer is not worth waiting for; it may still come. */
  onOverdue(question: Question, now: Millis): void;
  /** It refused, or nothing came in time. */
  onFailure(question: Question, now: Millis): void;
}

/** A question of ours that is on its way. */
export interface Question {
  readonly to: Endpoint;
  readonly askedAt: Millis;
  readonly asker: Asker;
  state: "open" | "slow" | "overdue";
}

/** Our questions that have not been answered: who may answer them, and until when. */
export class Questions {
  readonly #randomBytes: (target: Uint8Array) => Uint8Array;
  /** By transaction number, in the order in which they were asked. */
  readonly #open: Map<number, Question> = new Map();
  #dueAt: Millis = Number.POSITIVE_INFINITY;
  /** Round trip and its deviation, smoothed as TCP does (RFC 6298); 0 before the first. */
  #roundTripMs = 0;
  #deviationMs = 0;

  constructor(randomBytes: (target: Uint8Array) => Uint8Array) {
    this.#randomBytes = randomBytes;
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_OPEN;
  }

  /** Notes a question; the transaction number to send with it is one that nobody can guess. */
  add(
    to: Endpoint,
    asker: Asker,
    now: Millis,
  ): { readonly transaction: Uint8Array; readonly question: Question } {
    const transaction = new Uint8Array(TRANSACTION_BYTES);
    do this.#randomBytes(transaction);
    while (this.#open.has(readU32(transaction, 0)));
    const question: Question = { to, askedAt: now, asker, state: "open" };
    this.#open.set(readU32(transaction, 0), question);
    this.#note(question, this.slowAfterMs);
    return { transaction, question };
  }

  /** The question a packet answers, which is closed by it; null when it comes from elsewhere or was not asked for. */
  take(transaction: Uint8Array, from: Endpoint, now: Millis): Question | null {
    if (transaction.length !== TRANSACTION_BYTES) return null;
    const number = readU32(transaction, 0);
    const question = this.#open.get(number);
    if (question === undefined || question.to.host !== from.host || question.to.port !== from.port)
      return null;
    this.#open.delete(number);
    this.#measure(now - question.askedAt);
    return question;
  }

  /** Never too late; too early when the question meant has been answered. */
  nextDeadline(): Millis {
    return this.#dueAt;
  }

  /** `onFailed` is told of each question that failed before its asker is. */
  onTime(now: Millis, onFailed: (question: Question) => void): void {
    if (now < this.#dueAt) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const slowAfter = this.slowAfterMs;
    for (const [number, question] of this.#open) {
      if (now < dueAt(question, slowAfter)) {
        this.#note(question, slowAfter);
      } else if (question.state === "overdue") {
        this.#open.delete(number);
        onFailed(question);
        question.asker.onFailure(question, now);
      } else {
        const wasSlow = question.state === "slow";
        question.state = wasSlow ? "overdue" : "slow";
        this.#note(question, slowAfter);
        if (wasSlow) question.asker.onOverdue(question, now);
        else question.asker.onSlow(question, now);
      }
    }
  }

  /** How long an answer usually takes at most. */
  get slowAfterMs(): number {
    if (this.#roundTripMs === 0) return SLOW_AT_FIRST_MS;
    return Math.min(Math.max(this.#roundTripMs + 4 * this.#deviationMs, SLOW_MIN_MS), SLOW_MAX_MS);
  }

  #note(question: Question, slowAfterMs: Millis): void {
    this.#dueAt = Math.min(this.#dueAt, dueAt(question, slowAfterMs));
  }

  #measure(roundTripMs: number): void {
    if (this.#roundTripMs === 0) {
      this.#roundTripMs = Math.max(roundTripMs, 1);
      this.#deviationMs = roundTripMs / 2;
      return;
    }
    this.#deviationMs += (Math.abs(roundTripMs - this.#roundTripMs) - this.#deviationMs) / 4;
    this.#roundTripMs = Math.max(this.#roundTripMs + (roundTripMs - this.#roundTripMs) / 8, 1);
  }
}

/** When a question becomes slow, or overdue, or has failed. */
function dueAt({ askedAt, state }: Question, slowAfterMs: Millis): Millis {
  if (state === "open") return askedAt + slowAfterMs;
  if (state === "overdue") return askedAt + FAILED_AFTER_MS;
  return askedAt + Math.min(OVERDUE_FACTOR * slowAfterMs, FAILED_AFTER_MS);
}
