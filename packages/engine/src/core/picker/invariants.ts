import { BLOCK_REQUESTED } from "./partial-piece.ts";
import type { PickerState } from "./picker-state.ts";

function check(value: boolean, what: string): void {
  if (!value) throw new Error(`picker: ${what}`);
}

/** Counts everything anew and throws when a counter of the picker differs. Slow: for tests and the simulator. */
export function pickerInvariants(state: PickerState): void {
  const { layout, pool, order, have, peers } = state;
  const outstanding = new Map<number, number>();
  let unverified = 0;
  let duplicates = 0;
  pool.invariants();
  for (const list of [pool.open, pool.busy]) {
    for (const part of list) {
      const { piece } = part;
      check(!have.get(piece), `piece ${piece} is verified and under way`);
      check(part.free < part.blockCount, `piece ${piece} is under way without any block`);
      check(part.blockCount === layout.blockCount(piece), `piece ${piece} has the wrong size`);
      if (state.isWanted(piece)) unverified += state.pieceBytes(piece);
      for (let block = 0; block < part.blockCount; block++) {
        if (part.requesters(block) === 2) duplicates++;
        for (const slot of [part.first[block]!, part.second[block]!].slice(0, part.requesters(block))) {
          check(
            peers[slot] !== undefined,
            `piece ${piece} block ${block} is requested by ${slot}, who has gone`,
          );
          outstanding.set(slot, (outstanding.get(slot) ?? 0) + 1);
        }
        if (part.state[block] === BLOCK_REQUESTED) {
          check(part.requesters(block) > 0, `piece ${piece} block ${block} is requested by nobody`);
        }
      }
    }
  }
  check(unverified === state.unverified, `unverified ${state.unverified}, counted ${unverified}`);
  check(duplicates === state.duplicates, `duplicates ${state.duplicates}, counted ${duplicates}`);

  let all = 0;
  for (const peer of peers) {
    if (peer === undefined) continue;
    const counted = outstanding.get(peer.slot) ?? 0;
    check(
      peer.outstanding === counted,
      `peer ${peer.slot} has ${peer.outstanding} requests, counted ${counted}`,
    );
    all += counted;
    if (peer.seed || peer.interestEpoch !== state.interestEpoch) continue;
    let interesting = 0;
    for (const piece of peer.have) if (state.lacking.get(piece)) interesting++;
    check(peer.interesting === interesting, `peer ${peer.slot}: interest`);
  }
  check(all === state.outstanding, `outstanding ${state.outstanding}, counted ${all}`);

  let wanted = 0;
  let missing = 0;
  let remaining = 0;
  for (let piece = 0; piece < layout.pieceCount; piece++) {
    const lacking = state.isWanted(piece) && !have.get(piece);
    check(state.lacking.get(piece) === lacking, `piece ${piece}: lacking`);
    if (state.isWanted(piece)) wanted++;
    if (!lacking) continue;
    missing++;
    remaining += layout.blockCount(piece) - (pool.get(piece)?.received ?? 0);
  }
  check(wanted === state.wanted && missing === state.lacking.count, "wanted pieces");
  check(remaining === state.remainingBlocks, `remaining ${state.remainingBlocks}, counted ${remaining}`);
  order.invariants(
    peers,
    (piece) =>
      state.isWanted(piece) && !have.get(piece) && pool.get(piece) === null && layout.blockCount(piece) > 0,
  );
}
