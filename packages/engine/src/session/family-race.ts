import { ShoalError } from "../base/errors.ts";
import type { Clock, Timer } from "../ports/clock.ts";
import type { AnnounceAnswer, AnnounceRefusal, AnnounceSuccess } from "../wire/announce.ts";

/** Once one family has answered, the others get so much longer. */
const LATE_MS = 15_000;

export interface RaceOptions {
  readonly clock: Clock;
  /** Ends all of them. */
  readonly ending: AbortController;
  /** Gets answers that come after the outcome is known. */
  readonly onLate: (answer: AnnounceSuccess) => void;
  /** All of them have ended. */
  readonly onEnded: () => void;
  /** The outcome is known only when all have ended: nobody is there any more for what comes later. */
  readonly waitForAll: boolean;
}

/**
 * The same announce over each address family that the tracker and we have (BEP 7): it knows us by the address that we come from, and may know
 * other peers there. The first success decides; else a refusal, which says more than that nobody answered. Throws what the last
 * one threw when none has answered.
 */
export async function raceFamilies(
  announces: readonly ((signal: AbortSignal) => Promise<AnnounceAnswer>)[],
  { clock, ending, onLate, onEnded, waitForAll }: RaceOptions,
): Promise<AnnounceAnswer> {
  if (announces.length === 1) return announces[0]!(ending.signal).finally(onEnded);
  const endLate = (): void =>
    ending.abort(new ShoalError("ERR_TRACKER", "no answer over the other address family"));
  let success: AnnounceSuccess | null = null;
  let refusal: AnnounceRefusal | null = null;
  let silence: unknown = null;
  let late: Timer | null = null;
  let running = announces.length;
  await new Promise<void>((resolve) => {
    const onEnd = (): void => {
      if (--running > 0) return;
      late?.cancel();
      onEnded();
      resolve();
    };
    const onAnswer = (answer: AnnounceAnswer): void => {
      if (!answer.ok) {
        refusal = answer;
      } else if (success !== null) {
        onLate(answer);
      } else {
        success = answer;
        if (!waitForAll) {
          resolve();
          late = clock.setTimer(LATE_MS, endLate);
        }
      }
      onEnd();
    };
    const onSilence = (error: unknown): void => {
      silence = error;
      onEnd();
    };
    for (const announce of announces) announce(ending.signal).then(onAnswer, onSilence);
  });
  const outcome = success ?? refusal;
  if (outcome === null) throw silence;
  return outcome;
}
