import { TestRandom } from "../random.ts";
import { Coverage } from "./coverage.ts";
import { Examiner } from "./examine.ts";
import type { Finding } from "./examine.ts";
import { minimise } from "./minimise.ts";
import { Mutator } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

/** Outcomes for which an input is kept although it ran no new code. */
const MAX_OUTCOMES = 500;
/** Inputs between two looks at the coverage. */
const MIN_BATCH = 8;
const MAX_BATCH = 1_024;

export interface FuzzOptions {
  readonly seed: number;
  /** Whichever is reached first ends the run. */
  readonly runs: number;
  readonly seconds: number;
  /** Inputs kept from earlier runs. */
  readonly corpus: readonly Uint8Array[];
  /** Which scripts count for coverage. */
  readonly isUnderTest: (url: string) => boolean;
  /** Called before an input is fed, so that it is known should it never end. */
  readonly onInput: (input: Uint8Array) => void;
}

export interface FuzzResult {
  readonly runs: number;
  readonly seconds: number;
  /** Inputs in the corpus at the end. */
  readonly corpus: number;
  /** Those of them that this run has found and that ran new code. */
  readonly found: readonly Uint8Array[];
  /** Characters of code that ran. */
  readonly covered: number;
  readonly slowestMs: number;
  readonly slowest: Uint8Array;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly finding: Finding;
  /** Made as small as could be. */
  readonly input: Uint8Array;
}

/** Feeds a target its seeds and corpus and then what mutation makes of them, until time or runs are up or one fails. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const run = new Run(target, options);
  try {
    return await run.all();
  } finally {
    run.stop();
  }
}

class Run {
  readonly #target: FuzzTarget;
  readonly #options: FuzzOptions;
  readonly #random: TestRandom;
  readonly #mutator: Mutator;
  readonly #examiner: Examiner;
  readonly #coverage: Coverage | null;
  readonly #outcomes: Set<string> = new Set();
  readonly #corpus: Uint8Array[] = [];
  readonly #found: Uint8Array[] = [];
  readonly #start: number = performance.now();
  #runs = 0;
  #batchSize = MIN_BATCH;
  #slowestMs = 0;
  #slowest: Uint8Array = new Uint8Array(0);

  constructor(target: FuzzTarget, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
    this.#random = new TestRandom(options.seed);
    this.#mutator = new Mutator(
      this.#random,
      target.mutations ?? [],
      target.dictionary ?? [],
      target.maxBytes ?? 65_536,
    );
    this.#examiner = new Examiner(target);
    this.#coverage = target.usesCoverage === false ? null : new Coverage(options.isUnderTest);
  }

  stop(): void {
    this.#coverage?.stop();
    this.#examiner.stop();
  }

  async all(): Promise<FuzzResult> {
    const given = [...(await this.#target.seeds()), ...this.#options.corpus];
    for (const input of given) {
      const failure = await this.#feed(input);
      if (failure !== null) return this.#result(failure);
      this.#corpus.push(input);
    }
    this.#coverage?.take();
    if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array(0));
    const { runs } = this.#options;
    while (this.#runs < runs && this.#hasTime()) {
      const failure = await this.#batch(Math.min(this.#batchSize, runs - this.#runs));
      if (failure !== null) return this.#result(failure);
    }
    return this.#result(null);
  }

  #hasTime(): boolean {
    return performance.now() - this.#start < this.#options.seconds * 1000;
  }

  /** Looking at the coverage takes as long as many an input, so inputs are fed in batches, which grow while nothing is new. */
  async #batch(count: number): Promise<Failure | null> {
    const fed: Uint8Array[] = [];
    for (let i = 0; i < count && this.#hasTime(); i++) {
      const input = this.#mutator.mutate(this.#choose(), () => this.#choose());
      const known = this.#outcomes.size;
      const failure = await this.#feed(input);
      if (failure !== null) return failure;
      if (this.#outcomes.size > known) this.#corpus.push(input);
      fed.push(input);
    }
    if (this.#coverage === null) return null;
    const isNew = this.#coverage.hasNew();
    this.#batchSize = isNew
      ? Math.max(MIN_BATCH, this.#batchSize >> 1)
      : Math.min(MAX_BATCH, 2 * this.#batchSize);
    if (isNew) await this.#isolate(this.#coverage, fed);
    return null;
  }

  /** Keeps those inputs of a batch that run new code: by halves, until one is left. */
  async #isolate(coverage: Coverage, inputs: readonly Uint8Array[]): Promise<void> {
    if (!this.#hasTime()) return;
    for (const input of inputs) await this.#feed(input, false);
    if (inputs.length > 1) {
      if (!coverage.hasNew()) return;
      const middle = inputs.length >> 1;
      await this.#isolate(coverage, inputs.slice(0, middle));
      await this.#isolate(coverage, inputs.slice(middle));
    } else if (coverage.take()) {
      this.#corpus.push(...inputs);
      this.#found.push(...inputs);
    }
  }

  /** Newer inputs more often: they are the ones that nobody has looked behind yet. */
  #choose(): Uint8Array {
    const { length } = this.#corpus;
    const recent = Math.min(length, 32);
    const at =
      this.#random.below(3) === 0 ? length - 1 - this.#random.below(recent) : this.#random.below(length);
    return this.#corpus[at]!;
  }

  async #feed(input: Uint8Array, counts: boolean = true): Promise<Failure | null> {
    this.#options.onInput(input);
    if (counts) this.#runs++;
    const { finding, outcome, ms } = await this.#examiner.examine(input);
    if (finding !== null) return this.#fail(finding, input);
    if (ms > this.#slowestMs) {
      this.#slowestMs = ms;
      this.#slowest = input;
    }
    if (this.#outcomes.size < MAX_OUTCOMES) this.#outcomes.add(outcome);
    return null;
  }

  async #fail(finding: Finding, input: Uint8Array): Promise<Failure> {
    const small = await minimise(input, async (candidate) => {
      this.#options.onInput(candidate);
      const again = (await this.#examiner.examine(candidate)).finding;
      return again !== null && again.kind === finding.kind && firstLine(again) === firstLine(finding);
    });
    return { finding: (await this.#examiner.examine(small)).finding ?? finding, input: small };
  }

  #result(failure: Failure | null): FuzzResult {
    return {
      runs: this.#runs,
      seconds: (performance.now() - this.#start) / 1000,
      corpus: this.#corpus.length,
      found: this.#found,
      covered: this.#coverage?.covered ?? 0,
      slowestMs: this.#slowestMs,
      slowest: this.#slowest,
      failure,
    };
  }
}

/** What identifies a finding; figures in it may differ. */
function firstLine({ message }: Finding): string {
  return message.split("\n", 1)[0]!.replace(/\d+/g, "?");
}
