import type { Millis } from "../../base/brand.ts";

/** A newcomer has to be better by so much of the whole range, or all slots would change hands all the time. */
const MARGIN = 2 ** 32 / 16;
/** Who came just now has had no chance yet. */
const GRACE: Millis = 60_000;

/** A connected peer, as far as its slot is concerned. */
export interface SlotHolder {
  /** See `peerPriority`; null when it can't be calculated: its slot is not for others then. */
  readonly priority: number | null;
  readonly openedAt: Millis;
  /** Data goes in either direction, or a person named the peer. */
  readonly isOfUse: boolean;
}

/**
 * Whose slot a peer with `priority` gets that came in when all are taken (BEP 40): of those that exchange nothing the one with the lowest priority, if
 * the newcomer's is clearly higher. Null when it has to go.
 */
export function slotToGiveUp<H extends SlotHolder>(
  holders: Iterable<H>,
  priority: number | null,
  now: Millis,
): H | null {
  if (priority === null) return null;
  let worst: H | null = null;
  let lowest = priority - MARGIN;
  for (const holder of holders) {
    if (holder.priority === null || holder.isOfUse || now - holder.openedAt < GRACE) continue;
    if (holder.priority >= lowest) continue;
    worst = holder;
    lowest = holder.priority;
  }
  return worst;
}
