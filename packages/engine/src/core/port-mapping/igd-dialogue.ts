import type { Millis } from "../../base/brand.ts";
import type { Rng } from "../../base/rng.ts";
import type { Route } from "../../base/route.ts";
import type { OpenerHost, OpeningFailure } from "./opening.ts";

/** What is to be opened, and who hears of it. */
export interface IgdDialogueSpec extends OpenerHost {
  readonly route: Route;
  readonly port: number;
  readonly rng: Rng;
  /** This device opens nothing: neither protocol was asked for. */
  onFailed(failure: OpeningFailure, now: Millis): void;
}

/** The calls by which one device opens our port, once it has been described. */
export interface IgdDialogue {
  readonly isOpen: boolean;
  /** Opens for both protocols, or renews what is open. */
  open(now: Millis): void;
  close(now: Millis): void;
}
