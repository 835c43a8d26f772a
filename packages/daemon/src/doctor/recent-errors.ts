import type { LogFacts } from "./checks/log.ts";
import type { LogTap } from "../live/log-tap.ts";

/** What has gone wrong since the start, as the log has it: how often, and what last. */
export class RecentErrors {
  readonly #stop: () => void;
  #errors = 0;
  #last: { readonly message: string; readonly at: number } | null = null;

  constructor(log: LogTap) {
    this.#stop = log.on("error", ({ at, message, fields }) => {
      this.#errors++;
      const cause = fields["error"];
      this.#last = {
        message: typeof cause === "string" ? `${message}: ${cause}` : message,
        at: Date.parse(at),
      };
    });
  }

  /** `now`: milliseconds since 1970. */
  facts(now: number): LogFacts {
    const last =
      this.#last === null ? null : { message: this.#last.message, agoMs: Math.max(0, now - this.#last.at) };
    return { errors: this.#errors, last };
  }

  close(): void {
    this.#stop();
  }
}
