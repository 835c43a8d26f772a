/** Lets a bounded number of requests to one host go on at a time; the others wait in line. */
export class HostSlots {
  readonly #perHost: number;
  readonly #busy: Map<string, { running: number; readonly waiting: (() => void)[] }> = new Map();

  constructor(perHost: number) {
    this.#perHost = perHost;
  }

  /** Runs `task` when there is room for it at `host`. */
  async run<T>(host: string, task: () => Promise<T>): Promise<T> {
    const line = this.#busy.get(host) ?? { running: 0, waiting: [] };
    this.#busy.set(host, line);
    if (line.running < this.#perHost) line.running++;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The place goes to the next in line, or away.
      const next = line.waiting.shift();
      if (next !== undefined) next();
      else if (--line.running === 0) this.#busy.delete(host);
    }
  }
}
