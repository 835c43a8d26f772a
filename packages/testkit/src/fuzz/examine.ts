import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import type { FuzzTarget } from "./target.ts";

/** What is wrong with how a target takes an input. */
export interface Finding {
  readonly kind: "threw" | "slow" | "memory" | "modified" | "hangs";
  readonly message: string;
}

export interface Examination {
  readonly finding: Finding | null;
  /** The target's word for what came of the input; "" with a finding. */
  readonly outcome: string;
  readonly ms: number;
}

const RETRIES = 4;

/** Feeds inputs to a target and holds it to what is promised for every one of them: see `FuzzTarget`. */
export class Examiner {
  readonly #target: FuzzTarget;
  readonly #patience: number;
  readonly #rejections: unknown[] = [];
  readonly #onRejection: (reason: unknown) => void;

  /** Listens for rejections that nobody handles, until `stop`. `patience`: how many times the target's time is allowed. */
  constructor(target: FuzzTarget, patience: number = 1) {
    this.#target = target;
    this.#patience = patience;
    this.#onRejection = (reason) => void this.#rejections.push(reason);
    process.on("unhandledRejection", this.#onRejection);
  }

  stop(): void {
    process.off("unhandledRejection", this.#onRejection);
  }

  async examine(input: Uint8Array): Promise<Examination> {
    const { limitMs = 250, limitBytes = 64 * 1024 * 1024 } = this.#target;
    const allowed = this.#patience * limitMs * Math.max(1, input.length / 65_536);
    const first = await this.#once(input, limitBytes);
    if (first.finding !== null || first.ms <= allowed) return first;
    // Something else may have had the processor, or a compiler been at work: only what is slow each time is slow.
    let best = first.ms;
    for (let i = 0; i < RETRIES && best > allowed; i++) {
      const before = threadCpuMs();
      const { ms } = await this.#once(input, Infinity);
      const after = threadCpuMs();
      best = Math.min(best, before === null || after === null ? ms : after - before);
    }
    if (best <= allowed) return { ...first, ms: best };
    const message = `${best.toFixed(0)} ms for ${input.length} bytes, ${allowed.toFixed(0)} ms are allowed`;
    return { finding: { kind: "slow", message }, outcome: "", ms: best };
  }

  async #once(input: Uint8Array, limitBytes: number): Promise<Examination> {
    const given = input.slice();
    const memory = getHeapStatistics().external_memory;
    const start = performance.now();
    let outcome: string;
    try {
      const result = this.#target.run(given);
      outcome = typeof result === "string" ? result : await result;
      if (typeof result !== "string") await settled();
      const [rejection] = this.#rejections.splice(0);
      if (rejection !== undefined) throw new Error("a rejection that nobody handled", { cause: rejection });
    } catch (error) {
      return {
        finding: { kind: "threw", message: describe(error) },
        outcome: "",
        ms: performance.now() - start,
      };
    }
    const ms = performance.now() - start;
    const added = getHeapStatistics().external_memory - memory;
    if (added > limitBytes) {
      const message = `${Math.round(added / 1_048_576)} MiB for ${input.length} bytes`;
      return { finding: { kind: "memory", message }, outcome: "", ms };
    }
    if (Buffer.compare(given, input) !== 0) {
      return { finding: { kind: "modified", message: "the input was changed" }, outcome: "", ms };
    }
    return { finding: null, outcome, ms };
  }
}

/** Milliseconds that this thread has had the processor; null where the system does not tell (Linux does). */
function threadCpuMs(): number | null {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ", 1)[0]) / 1e6;
  } catch {
    return null;
  }
}

/** Rejections that nobody handles are told after the microtasks have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
