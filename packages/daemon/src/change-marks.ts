/** Things that were changed and wait to be dealt with; others may listen. */
export class ChangeMarks<T> {
  readonly #marked: Set<T> = new Set();
  readonly #listeners: Set<(thing: T) => void> = new Set();

  add(thing: T): void {
    this.#marked.add(thing);
    this.#tell(thing);
  }

  /** It is gone: nothing is left to deal with. */
  delete(thing: T): void {
    this.#marked.delete(thing);
    this.#tell(thing);
  }

  /** All that are marked; then none is. */
  take(): T[] {
    const marked = [...this.#marked];
    this.#marked.clear();
    return marked;
  }

  /** For each mark that is made or taken back, at once. Returns what ends it. */
  on(listener: (thing: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(thing: T): void {
    for (const listener of this.#listeners) listener(thing);
  }
}
