import { promiseHooks } from "node:v8";

/** Turns of the microtask queue without promises after which nothing is going on any more. */
const QUIET_TURNS = 2;

/**
 * Knows whether promises may still have something to do. Virtual time must stand still until they are done, but most events
 * touch none, and waiting after each one would cost more than the events themselves.
 */
export class PromiseWatch {
  #turnsLeft = QUIET_TURNS;
  readonly #stop: () => void;

  constructor() {
    const note = (): void => {
      this.#turnsLeft = QUIET_TURNS;
    };
    this.#stop = promiseHooks.createHook({ init: note, before: note, settled: note }) as () => void;
  }

  /** Nothing that waits for a promise is left to run. */
  get isQuiet(): boolean {
    return this.#turnsLeft === 0;
  }

  /** Calls `resume` after one turn of the microtask queue. No promise is involved in that. */
  turn(resume: () => void): void {
    this.#turnsLeft--;
    queueMicrotask(resume);
  }

  stop(): void {
    this.#stop();
  }
}
