import { Session } from "node:inspector";

/** Which parts of the code under test have run, as V8 counts them: what inputs are judged by. */
export class Coverage {
  readonly #session: Session = new Session();
  readonly #isOurs: (url: string) => boolean;
  /** For each function, by script and place: which of its characters have been seen to run. */
  readonly #seen: Map<string, Uint8Array> = new Map();
  #covered = 0;

  /** `isOurs` says of which scripts (file URLs) the coverage counts. Ends with `stop`. */
  constructor(isOurs: (url: string) => boolean) {
    this.#isOurs = isOurs;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Characters of code that have run. */
  get covered(): number {
    return this.#covered;
  }

  /** Takes in what ran since the last call; true when something did that never had before. */
  take(): boolean {
    const before = this.#covered;
    for (const { key, ran } of this.#ranSince()) {
      let seen = this.#seen.get(key);
      if (seen === undefined) this.#seen.set(key, (seen = new Uint8Array(ran.length)));
      for (let at = 0; at < ran.length; at++) {
        if (ran[at] === 0 || seen[at] === 1) continue;
        seen[at] = 1;
        this.#covered++;
      }
    }
    return this.#covered > before;
  }

  /** As `take`, without taking anything in. */
  hasNew(): boolean {
    let isNew = false;
    for (const { key, ran } of this.#ranSince()) {
      const seen = this.#seen.get(key);
      isNew ||= seen === undefined || ran.some((did, at) => did > (seen[at] as number));
    }
    return isNew;
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** Functions that ran since the last look, and which of their characters did. */
  #ranSince(): { key: string; ran: Uint8Array }[] {
    const found: { key: string; ran: Uint8Array }[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error !== null) throw error;
      for (const { url, scriptId, functions } of answer.result) {
        if (!this.#isOurs(url)) continue;
        for (const { ranges } of functions) {
          const whole = ranges[0];
          if (whole === undefined || whole.count === 0) continue;
          const { startOffset, endOffset } = whole;
          const ran = new Uint8Array(endOffset - startOffset);
          // Ranges come from the outside in: an inner one corrects the one around it.
          for (const range of ranges)
            ran.fill(range.count > 0 ? 1 : 0, range.startOffset - startOffset, range.endOffset - startOffset);
          found.push({ key: `${scriptId}:${startOffset}:${endOffset}`, ran });
        }
      }
    });
    return found;
  }
}
