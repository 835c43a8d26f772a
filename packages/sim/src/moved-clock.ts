import type { Millis } from "@shoal/engine/composition";
import { SimulatedClock } from "./clock.ts";
import { EventQueue } from "./event-queue.ts";

/** A clock with a time to itself, which a test moves. */
export class MovedClock extends SimulatedClock {
  readonly #queue: EventQueue;

  constructor() {
    const queue = new EventQueue();
    super(queue, () => {});
    this.#queue = queue;
  }

  /** Timers go off one by one; before each, and at the end, promises settle. */
  async advance(ms: Millis): Promise<void> {
    const end = this.#queue.now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const event = this.#queue.next(end);
      if (event === null) break;
      event.happen();
    }
    this.#queue.advance(end);
  }
}
