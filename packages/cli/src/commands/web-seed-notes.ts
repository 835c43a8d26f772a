import type { TorrentEvent } from "../engine.ts";
import { clean, cleanShort } from "../ui/clean.ts";
import type { Output } from "../ui/output.ts";

/** Tells how web servers with the torrent's files do: a failure once until the server delivers, the rest only with -v. */
export class WebSeedNotes {
  readonly #output: Output;
  /** Servers whose failure was told. */
  readonly #failed: Set<string> = new Set();

  constructor(output: Output) {
    this.#output = output;
  }

  onEvent({ url, ok, message }: Extract<TorrentEvent, { type: "web-seed" }>): void {
    const output = this.#output;
    output.event("web-seed", { url, ok, message });
    const shown = clean(url);
    if (ok) {
      this.#failed.delete(url);
      output.detail(`web server ${shown} sends data`);
      return;
    }
    const sentence = `Web server ${shown} can't be used now: ${cleanShort(message ?? "no answer")}.`;
    if (this.#failed.has(url)) output.detail(sentence);
    else output.warn(sentence);
    this.#failed.add(url);
  }
}
