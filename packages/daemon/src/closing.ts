type Close = () => void | Promise<void>;

/** What can be ended, or what ends it. */
export type Closable = { close(): void | Promise<void> } | Close;

/** What is open, in the order of opening: it is closed from the end, so that nothing loses what it stands on. */
export class Closing {
  readonly #open: { readonly thing: Closable; readonly close: Close }[] = [];

  /** Returns what it is given, which is closed before everything that is open now. */
  add<T extends Closable>(thing: T): T {
    this.#open.push(entry(thing));
    return thing;
  }

  /** As `add`, for what listens to `other` and is to hear its last words: it is closed right after that. */
  addListener<T extends Closable>(other: Closable, thing: T): T {
    const at = this.#open.findIndex((open) => open.thing === other);
    if (at < 0) throw new RangeError("what it listens to is not open");
    this.#open.splice(at, 0, entry(thing));
    return thing;
  }

  /** Closes everything, also when something of it fails; throws the first failure at the end. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      try {
        await last.close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

function entry(thing: Closable): { thing: Closable; close: Close } {
  return { thing, close: typeof thing === "function" ? thing : () => thing.close() };
}
