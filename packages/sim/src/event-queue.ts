import type { Millis } from "@shoal/engine/composition";

/** Something that happens at a moment. One class per kind of event implements it; an object is in the queue at most once. */
export interface QueuedEvent {
  /** Set by the queue. */
  at: Millis;
  /** Set by the queue: breaks ties, first in first out. */
  order: number;
  happen(): void;
}

/** What is going to happen, by time; what is due at the same time happens in the order in which it was added. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #order = 0;
  #now: Millis = 0;

  /** Virtual time, milliseconds. */
  get now(): Millis {
    return this.#now;
  }

  get length(): number {
    return this.#heap.length;
  }

  /** Adds an event that is not in the queue. */
  add(event: QueuedEvent, at: Millis): void {
    event.at = Math.max(at, this.#now);
    event.order = this.#order++;
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      const other = heap[parent]!;
      if (!isBefore(event, other)) break;
      heap[i] = other;
      i = parent;
    }
    heap[i] = event;
  }

  /** Takes out the next event due by `until` and moves the time to it; null when there is none. */
  next(until: Millis): QueuedEvent | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.at > until) return null;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    this.#now = first.at;
    return first;
  }

  /** Lets the time pass up to `until`; nothing may be due before. */
  advance(until: Millis): void {
    this.#now = Math.max(this.#now, until);
  }

  /** Puts an event at the root, and down to its place. */
  #sink(event: QueuedEvent): void {
    const heap = this.#heap;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      const lower = heap[child]!;
      if (!isBefore(lower, event)) break;
      heap[i] = lower;
      i = child;
    }
    heap[i] = event;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
