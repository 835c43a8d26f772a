const SAMPLES = 15;

/**
 * About how many nodes the DHT has, from how near to their targets lookups got: the middle one of the last estimates, so that who crowds
 * around a few targets changes little.
 */
export class NetworkSize {
  readonly #estimates: number[] = [];

  /** `count` nodes answered of which the last is at `distance` from the target, as a part of the whole space. */
  add(count: number, distance: number): void {
    if (count === 0 || distance <= 0) return;
    this.#estimates.push(count / distance);
    if (this.#estimates.length > SAMPLES) this.#estimates.shift();
  }

  /** 0 before anything is known. */
  get nodes(): number {
    const sorted = this.#estimates.toSorted((a, b) => a - b);
    return sorted[sorted.length >>> 1] ?? 0;
  }

  /** Distance from any point within which about `count` nodes are; 0 while unknown. */
  radiusOf(count: number): number {
    const { nodes } = this;
    return nodes === 0 ? 0 : Math.min(count / nodes, 1);
  }
}
