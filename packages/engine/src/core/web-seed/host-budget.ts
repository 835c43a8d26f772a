const MAX_PER_HOST = 8;

/** Requests to web servers that go on at the same time, over all torrents of a session. */
export class HostBudget {
  readonly #running: Map<string, number> = new Map();

  /** False when the host has enough to do; else `release` must follow. */
  tryTake(host: string): boolean {
    const running = this.#running.get(host) ?? 0;
    if (running >= MAX_PER_HOST) return false;
    this.#running.set(host, running + 1);
    return true;
  }

  release(host: string): void {
    const running = this.#running.get(host)! - 1;
    if (running === 0) this.#running.delete(host);
    else this.#running.set(host, running);
  }
}
