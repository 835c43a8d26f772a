import type { PiecePicker } from "../core/picker/piece-picker.ts";
import type { BlockSource } from "./block-source.ts";

function check(value: boolean, what: string): void {
  if (!value) throw new Error(`exchange: ${what}`);
}

/**
 * Throws when the picker and the peers' queues disagree: a block is requested if and only if it is in the queue of a peer that
 * is still there, and nobody is asked for more than the budget. Slow: for tests and the simulator.
 */
export function exchangeInvariants(
  picker: PiecePicker,
  sources: Iterable<BlockSource>,
  maxOutstandingRequests: number,
): void {
  picker.invariants();
  let requested = 0;
  for (const peer of sources) {
    const { slot, requests } = peer;
    if (!peer.inPicker) {
      check(requests.length === 0, `peer ${slot} is not in the picker and has ${requests.length} requests`);
      continue;
    }
    const outstanding = picker.outstanding(slot);
    check(
      outstanding === requests.length,
      `peer ${slot} has ${requests.length} requests in its queue and ${outstanding} in the picker`,
    );
    check(outstanding <= maxOutstandingRequests, `peer ${slot} has ${outstanding} requests`);
    requests.forEach((piece, block) => {
      check(
        picker.isRequestedBy(slot, piece, block),
        `block ${block} of piece ${piece} is in the queue of peer ${slot} and not requested`,
      );
    });
    requested += outstanding;
  }
  check(
    requested === picker.allOutstanding,
    `${picker.allOutstanding} requests, ${requested} of them to peers that are there`,
  );
}
