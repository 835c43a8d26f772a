import { Worker } from "node:worker_threads";
import type { FuzzOrder } from "./fuzz-worker.ts";
import type { Finding } from "./examine.ts";
import type { FuzzResult } from "./fuzzer.ts";
import type { FoundTarget } from "./target-files.ts";

/** An input that takes longer than this never ends. */
const HANG_MS = 20_000;
const LOOK_MS = 500;
const MAX_HEAP_MIB = 768;

export interface RunSpec {
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
}

/** Runs a target on its own thread and watches it: an input on which it hangs or dies is a failure like any other. */
export function runWatched({ target, module, fixtures }: FoundTarget, spec: RunSpec): Promise<FuzzResult> {
  const shared = new SharedArrayBuffer(8 + Math.max(target.maxBytes ?? 65_536, 1 << 20));
  const head = new Int32Array(shared, 0, 2);
  const workerData: FuzzOrder = { module, name: target.name, fixtures, ...spec, shared };
  const worker = new Worker(new URL("fuzz-worker.js", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB },
  });
  const start = performance.now();
  return new Promise((resolve) => {
    const finish = (result: FuzzResult): void => {
      clearInterval(timer);
      resolve(result);
      void worker.terminate();
    };
    const fail = (kind: Finding["kind"], message: string): void => {
      const input = new Uint8Array(shared, 8, Atomics.load(head, 1)).slice();
      const seconds = (performance.now() - start) / 1000;
      const failure = { finding: { kind, message }, input };
      const none = { corpus: 0, found: [], covered: 0, slowestMs: 0, slowest: new Uint8Array(0) };
      finish({ runs: Atomics.load(head, 0), seconds, ...none, failure });
    };
    let seen = -1;
    let since = performance.now();
    const timer = setInterval(() => {
      const number = Atomics.load(head, 0);
      if (number !== seen) {
        seen = number;
        since = performance.now();
      } else if (performance.now() - since > HANG_MS) {
        fail("hangs", `an input has not ended within ${HANG_MS} ms`);
      }
    }, LOOK_MS);
    worker.once("message", finish);
    worker.once("error", (error: Error) => fail("threw", error.stack ?? error.message));
    worker.once("exit", (code) => fail("threw", `the thread ended with ${code}`));
  });
}
