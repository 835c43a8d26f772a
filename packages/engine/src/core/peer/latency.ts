/** Four steps per doubling, from 1 ms to about 65 s. */
const STEPS_PER_DOUBLING = 4;
const BUCKETS = 64;
/** Samples after which all counts are halved, so that old times fade. */
const HALVE_AT = 512;

const NOTHING = new Uint16Array(BUCKETS);

/** Times from request to block of one peer: 95th percentile over the last hundreds, minimum over all. */
export class LatencyMeter {
  /** Made with the first sample: most connections have none. */
  #counts: Uint16Array = NOTHING;
  #samples = 0;
  #min = Infinity;

  get hasSamples(): boolean {
    return this.#samples > 0;
  }

  /**
   * Smallest latency in milliseconds, or 0 when nothing was measured: the round trip. Of the whole connection, because later
   * samples contain the time that requests wait behind each other.
   */
  get min(): number {
    return this.#min === Infinity ? 0 : this.#min;
  }

  add(latencyMs: number): void {
    if (this.#counts === NOTHING) this.#counts = new Uint16Array(BUCKETS);
    const bucket = latencyMs <= 1 ? 0 : Math.ceil(Math.log2(latencyMs) * STEPS_PER_DOUBLING);
    this.#counts[Math.min(BUCKETS - 1, bucket)]!++;
    if (++this.#samples >= HALVE_AT) this.#halve();
    if (latencyMs < this.#min) this.#min = Math.max(0, latencyMs);
  }

  /** Upper bound in milliseconds for 95 % of the samples, within 19 %; 0 without samples. */
  get p95(): number {
    let left = Math.ceil(this.#samples * 0.95);
    if (left === 0) return 0;
    let bucket = 0;
    while (bucket < BUCKETS - 1 && (left -= this.#counts[bucket]!) > 0) bucket++;
    return 2 ** (bucket / STEPS_PER_DOUBLING);
  }

  #halve(): void {
    this.#samples = 0;
    for (let i = 0; i < BUCKETS; i++) this.#samples += this.#counts[i]! >>>= 1;
  }
}
