/** Who waits to be checked. */
interface Checked {
  /** The smaller, the earlier. */
  readonly rank: number;
  /** It has another place in the line, or it is its turn. */
  onCheckLine(): void;
}

/** So many are told when the line moves. */
const MOST_TOLD = 100;

/** Lets torrents check their files one after another: several that read at once only make each other slow. */
export class CheckTurns {
  #current: Checked | null = null;
  readonly #waiting: Map<Checked, (isIts: boolean) => void> = new Map();

  /** Resolves with true when it is its turn, which ends with `end`; with false when it has given up. */
  take(one: Checked): Promise<boolean> {
    if (this.#current === null) {
      this.#current = one;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => this.#waiting.set(one, resolve));
  }

  end(one: Checked): void {
    if (this.#current !== one) return;
    this.#current = null;
    let next: Checked | null = null;
    for (const other of this.#waiting.keys()) if (next === null || other.rank < next.rank) next = other;
    if (next === null) return;
    this.#current = next;
    this.#resolve(next, true);
    next.onCheckLine();
    let told = 0;
    for (const other of this.#waiting.keys()) {
      if (++told > MOST_TOLD) return;
      other.onCheckLine();
    }
  }

  /** It does not want to wait any more. */
  giveUp(one: Checked): void {
    this.#resolve(one, false);
  }

  /** How many come before it; null when it doesn't wait. */
  before(one: Checked): number | null {
    if (!this.#waiting.has(one)) return null;
    let before = 1;
    for (const { rank } of this.#waiting.keys()) if (rank < one.rank) before++;
    return before;
  }

  #resolve(one: Checked, isIts: boolean): void {
    const resolve = this.#waiting.get(one);
    this.#waiting.delete(one);
    resolve?.(isIts);
  }
}
