import { clean } from "../../ui/clean.ts";
import type { Invocation } from "../command.ts";
import { canPress } from "./announce.ts";
import type { Audience } from "./audience.ts";
import type { SendOptions } from "./declaration.ts";
import type { Shared } from "./view.ts";

/** "Stop sharing Wedding? [Y/n]": asked each time that somebody has got all of it, where keys can be pressed. */
export class StopQuestion {
  readonly #context: Invocation<SendOptions>["context"];
  readonly #isAsked: boolean;
  #answered = 0;
  #served = 0;

  constructor({ context, output, options }: Invocation<SendOptions>) {
    this.#context = context;
    this.#isAsked = canPress(context, options) && output.interactive && !options.yes;
  }

  /** What keys mean while it stands there. */
  get keys(): Readonly<Record<string, () => void>> {
    const yes = (): void => {
      if (this.#served > this.#answered) this.#context.stop("interrupt");
    };
    return { y: yes, "\r": yes, "\n": yes, n: () => (this.#answered = this.#served) };
  }

  /** Below what goes on. */
  lines(all: readonly { readonly audience: Audience; readonly shared: Shared }[]): string[] {
    this.#served = all.reduce((sum, { audience }) => sum + audience.served, 0);
    if (!this.#isAsked || this.#served <= this.#answered) return [];
    const what = all.length === 1 ? ` ${clean(all[0]!.shared.metainfo.name)}` : "";
    return [`Stop sharing${what}? [Y/n]`];
  }
}
