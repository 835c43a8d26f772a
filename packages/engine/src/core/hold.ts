import { because, type WaitingReason } from "./reasons.ts";

/** Why a paused torrent is paused, as whoever paused it knows: the engine does not. */
export type Hold =
  | { readonly code: "paused-user" }
  /** `rule`: a clause, such as "ratio 2 is reached". */
  | { readonly code: "paused-rule"; readonly rule: string }
  /** `before`: others that come first. `running`: so many run at once, as many as may. */
  | { readonly code: "queued"; readonly before: number; readonly running: number };

/** The same as a reason for waiting; what nobody explains a user has done. */
export function explainHold(hold: Hold | null): WaitingReason {
  switch (hold?.code) {
    case "queued": {
      const place =
        hold.before === 0
          ? "next in the queue"
          : `in the queue behind ${hold.before === 1 ? "one other" : `${hold.before} others`}`;
      return because("queued", `${place}; ${hold.running} ${hold.running === 1 ? "runs" : "run"} at once`);
    }
    case "paused-rule":
      return because("paused-rule", `sharing has ended: ${hold.rule}`);
    default:
      return because("paused-user", "paused by a user");
  }
}
