import { Bench } from "tinybench";

/** Something that is done over and over. */
export interface Subject {
  readonly name: string;
  /** One call does this many of what is counted. */
  readonly operations: number;
  readonly run: () => void;
  /** Not measured, before each call. */
  readonly before?: () => void;
  /** Bytes of one operation, where speed is what counts. */
  readonly bytes?: number;
  /** What we promised, in words. */
  readonly target?: string;
}

export interface Measured {
  readonly name: string;
  readonly nanoseconds: number;
  /** Of calls with a single operation: the 99th percentile. Null where calls do many. */
  readonly p99: number | null;
  readonly bytesPerSecond: number | null;
  readonly target: string;
}

const MEASURE_MS = 600;
const WARMUP_MS = 200;
const LEAST_CALLS = 5;

/** Runs each subject alone for a while. */
export function measureAll(subjects: readonly Subject[]): Measured[] {
  return subjects.map((subject) => {
    const bench = new Bench({
      time: MEASURE_MS,
      iterations: LEAST_CALLS,
      warmupTime: WARMUP_MS,
      warmupIterations: LEAST_CALLS,
      throws: true,
    });
    const { before, operations } = subject;
    bench.add(subject.name, subject.run, before === undefined ? {} : { beforeEach: before });
    bench.runSync();
    const [task] = bench.tasks;
    const result = task?.result;
    if (result === undefined || !("latency" in result)) throw new Error(`${subject.name} was not measured`);
    const { p50, p99 } = result.latency;
    const nanoseconds = (p50 * 1e6) / operations;
    return {
      name: subject.name,
      nanoseconds,
      p99: operations === 1 ? p99 * 1e6 : null,
      bytesPerSecond: subject.bytes === undefined ? null : (subject.bytes / nanoseconds) * 1e9,
      target: subject.target ?? "",
    };
  });
}
