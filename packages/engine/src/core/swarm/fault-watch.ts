import type { Millis } from "../../base/brand.ts";

/** How long failures and successes count, at least; at most twice as long. */
const WINDOW: Millis = 5 * 60_000;
/** Failures with no peer in common that make a fault of ours thinkable. */
const INDEPENDENT_FAILURES = 3;
/**
 * If failures were ours, they would hit all peers alike. So many of them would be expected with those who never had one: then those
 * who had are liars. (The chance of none where two are expected is 14 %.)
 */
const EXPECTED_WITH_CLEAN = 2;
/** A peer with less than this part in failures is taken for clean: it was there when somebody else lied. */
const CLEAN_SHARE = 0.5;
/** How long a fault that was seen on our side counts. */
const PROVED_FOR: Millis = 10 * 60_000;
const MAX_FAILURES = 256;
const MAX_NAMES = 4_096;

export type FaultJudgement =
  /** Who fails is to blame. */
  | "sound"
  /** Nothing has been right lately: too early to blame anybody. */
  | "undecided"
  /** Memory or disk of this computer, or the torrent itself, is most likely at fault. */
  | "faulty";

interface Failure {
  readonly at: Millis;
  /** Whose blocks were in it. */
  readonly names: ReadonlySet<string>;
}

/**
 * Tells lies of peers from faults of this computer, over all torrents of a session: what fails with many peers that have nothing
 * in common, and would fail with the others too, is hardly theirs. Peers are named by any text that is one for each.
 */
export class FaultWatch {
  #failures: Failure[] = [];
  /** Verified pieces of each peer in this window, and in the one before. */
  #verified: Map<string, number> = new Map();
  #verifiedBefore: Map<string, number> = new Map();
  #window = 0;
  #provedUntil: Millis = -Infinity;

  /** A piece with blocks of these peers was right. */
  onVerified(name: string, now: Millis): void {
    this.#enterWindow(now);
    if (this.#verified.size < MAX_NAMES || this.#verified.has(name))
      this.#verified.set(name, (this.#verified.get(name) ?? 0) + 1);
  }

  /** A piece, or blocks of it, with data of these peers alone was wrong. */
  onFailed(names: Iterable<string>, now: Millis): void {
    const failure = { at: now, names: new Set(names) };
    if (failure.names.size === 0) return;
    if (this.#failures.length >= MAX_FAILURES) this.#failures.shift();
    this.#failures.push(failure);
  }

  /** The same data on disk gave two different hashes. */
  onUnstable(now: Millis): void {
    this.#provedUntil = now + PROVED_FOR;
  }

  judge(now: Millis): FaultJudgement {
    if (now < this.#provedUntil) return "faulty";
    this.#enterWindow(now);
    if (this.#failures.length > 0 && this.#failures[0]!.at <= now - 2 * WINDOW)
      this.#failures = this.#failures.filter(({ at }) => at > now - 2 * WINDOW);
    const { all, clean } = this.#countVerified();
    const failed = this.#failures.length;
    const expected = failed === 0 ? 0 : (failed / (failed + all)) * clean;
    if (expected < EXPECTED_WITH_CLEAN && this.#independentFailures() >= INDEPENDENT_FAILURES)
      return "faulty";
    return all === 0 ? "undecided" : "sound";
  }

  #countVerified(): { all: number; clean: number } {
    const shares = this.#shares();
    let all = 0;
    let clean = 0;
    for (const verified of [this.#verified, this.#verifiedBefore]) {
      for (const [name, count] of verified) {
        all += count;
        if ((shares.get(name) ?? 0) < CLEAN_SHARE) clean += count;
      }
    }
    return { all, clean };
  }

  /** How much of the failures is put down to whom: who also failed alone takes it off those who did not. */
  #shares(): Map<string, number> {
    const alone = new Set<string>();
    for (const { names } of this.#failures) if (names.size === 1) for (const name of names) alone.add(name);
    const shares = new Map<string, number>();
    for (const { names } of this.#failures) {
      const known = [...names].filter((name) => alone.has(name));
      const blamed = known.length > 0 ? known : [...names];
      for (const name of blamed) shares.set(name, (shares.get(name) ?? 0) + 1 / blamed.length);
    }
    return shares;
  }

  #independentFailures(): number {
    const blamed = new Set<string>();
    let independent = 0;
    for (const { names } of this.#failures) {
      if ([...names].some((name) => blamed.has(name))) continue;
      independent++;
      for (const name of names) blamed.add(name);
    }
    return independent;
  }

  #enterWindow(now: Millis): void {
    const window = Math.floor(now / WINDOW);
    if (window === this.#window) return;
    this.#verifiedBefore = window === this.#window + 1 ? this.#verified : new Map();
    this.#verified = new Map();
    this.#window = window;
  }
}
