// One target's run, on a thread of its own: a run that never ends, or takes all memory, ends that thread alone.
import { parentPort, workerData } from "node:worker_threads";
import { fuzz } from "./fuzzer.ts";
import { isUnderTest, loadTargets, readFixtures } from "./target-files.ts";

/** What the thread is told. */
export interface FuzzOrder {
  readonly module: string;
  readonly name: string;
  readonly fixtures: string;
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
  /** Number of the input that is being fed, its length, and then the input itself. */
  readonly shared: SharedArrayBuffer;
}

const order = workerData as FuzzOrder;
const target = (await loadTargets(order.module)).find(({ name }) => name === order.name)!;
const head = new Int32Array(order.shared, 0, 2);
const body = new Uint8Array(order.shared, 8);
const result = await fuzz(target, {
  seed: order.seed,
  runs: order.runs,
  seconds: order.seconds,
  corpus: readFixtures(order.fixtures).map(({ bytes }) => bytes),
  isUnderTest,
  onInput(input) {
    const length = Math.min(input.length, body.length);
    body.set(input.subarray(0, length));
    head[1] = length;
    Atomics.add(head, 0, 1);
  },
});
parentPort!.postMessage(result);
