import { clean, cleanShort } from "../ui/clean.ts";
import type { TorrentEvent } from "../engine.ts";
import type { Output } from "../ui/output.ts";
import { count } from "../ui/sizes.ts";

/** Tells how trackers answer: a failure once until the tracker answers again, an answer only with -v. */
export class TrackerNotes {
  readonly #output: Output;
  /** Trackers whose failure was told and that have not answered since. */
  readonly #silent: Set<string> = new Set();

  constructor(output: Output) {
    this.#output = output;
  }

  onEvent({ url, ok, message, never, peers }: Extract<TorrentEvent, { type: "tracker" }>): void {
    const output = this.#output;
    const shown = clean(shownTracker(url));
    const known = this.#silent.has(url);
    if (ok) {
      this.#silent.delete(url);
      if (known) output.note(`Tracker ${shown} answers again.`);
      else output.detail(`tracker ${shown} named ${count(peers, "peer")}`);
      return;
    }
    this.#silent.add(url);
    const reason = cleanShort(message ?? "no answer").replace(/[\s.]+$/, "");
    const sentence = `Tracker ${shown} can't be used now: ${reason}.${never ? "" : " Trying again."}`;
    if (known) output.detail(sentence);
    else output.warn(sentence);
  }
}

/** "http://tracker.example:6969": what follows may be long, and secret. */
function shownTracker(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
