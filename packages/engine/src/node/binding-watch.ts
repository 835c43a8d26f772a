const LOOK_MS = 1000;

/** Looks once a second, while somebody wants to know, whether something has changed. */
export class BindingWatch {
  readonly #look: () => string;
  readonly #listeners: Set<() => void> = new Set();
  #timer: NodeJS.Timeout | null = null;
  #seen = "";

  /** `look` tells what there is. */
  constructor(look: () => string) {
    this.#look = look;
  }

  /** Calls `listener` after each change until the returned function is called. */
  subscribe(listener: () => void): () => void {
    if (this.#timer === null) {
      this.#seen = this.#look();
      this.#timer = setInterval(() => this.#compare(), LOOK_MS);
      this.#timer.unref();
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  #compare(): void {
    const now = this.#look();
    if (now === this.#seen) return;
    this.#seen = now;
    for (const listener of this.#listeners) listener();
  }
}
