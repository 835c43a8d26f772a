import { ShoalError } from "../base/errors.ts";

/** Steps that come one after another: each begins when the one before has ended, well or not. */
export class Steps {
  #last: Promise<void> = Promise.resolve();
  #left = 0;

  /** Ends when the steps asked for so far have. */
  get done(): Promise<void> {
    return this.#last;
  }

  /** Steps that have not ended. */
  get left(): number {
    return this.#left;
  }

  add<T>(step: () => T | Promise<T>): Promise<T> {
    this.#left++;
    const done = this.#last.then(step).finally(() => void this.#left--);
    this.#last = done.then(
      () => {},
      () => {},
    );
    return done;
  }
  /** As `add`; what the step throws on purpose goes to `onFailed`. */
  attempt(step: () => void | Promise<void>, onFailed: (error: ShoalError) => void): Promise<void> {
    return this.add(step).catch((error: unknown) => {
      if (!(error instanceof ShoalError)) throw error;
      onFailed(error);
    });
  }
}
