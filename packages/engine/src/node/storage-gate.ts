/**
 * Lets operations on a storage in, or, while something needs the storage for itself, keeps them waiting in the order in
 * which they came.
 */
export class StorageGate {
  #inside = 0;
  #shut = false;
  #waiting: (() => void)[] = [];
  #onEmpty: (() => void) | null = null;
  /** Those who want the storage for themselves come one after another. */
  #turns: Promise<void> = Promise.resolve();

  /** Operations have to wait: hand them to `afterwards`. */
  get isShut(): boolean {
    return this.#shut;
  }

  afterwards(run: () => void): void {
    this.#waiting.push(run);
  }

  /** An operation begins that the next one who wants the storage for himself waits for. Only while the gate is open. */
  enter(): void {
    this.#inside++;
  }

  leave(): void {
    this.#inside--;
    if (this.#inside === 0) this.#onEmpty?.();
  }

  /** Carries out an operation that takes its time. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    while (this.#shut) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Carries out work with nothing else inside. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turns.then(async () => {
      this.#shut = true;
      try {
        if (this.#inside > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
        return await work();
      } finally {
        this.#onEmpty = null;
        this.#shut = false;
        for (const run of this.#waiting.splice(0)) run();
      }
    });
    this.#turns = done.then(
      () => {},
      () => {},
    );
    return done;
  }
}
