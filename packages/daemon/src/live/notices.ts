import type { Notice } from "@shoal/schema";

/** What somebody may want to know, told to who listens at the moment. */
export class Notices {
  readonly #now: () => number;
  readonly #listeners: Set<(notice: Notice) => void> = new Set();

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** `message`: one sentence. `torrent`: number of the transfer that it is about. */
  tell(
    kind: Notice["kind"],
    message: string,
    about: { readonly torrent?: number; readonly code?: string } = {},
  ): void {
    if (this.#listeners.size === 0) return;
    const at = new Date(this.#now()).toISOString();
    const notice: Notice = { at, kind, message, code: about.code ?? null, torrent: about.torrent ?? null };
    for (const listener of this.#listeners) listener(notice);
  }

  /** Returns what ends it. */
  on(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
