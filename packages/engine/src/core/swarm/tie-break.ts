import { compareBytes } from "../../base/bytes.ts";

/**
 * Two connections to the same peer: whether the new one is kept and the old one closed (true), or the other way round. Both
 * sides come to the same answer, so exactly one survives.
 *
 * When each side opened one, that of the side with the lower peer id is kept. When both were opened by the same side, the
 * old one is kept: a stranger that copies a peer's id must not be able to push it out. The ids must differ (equal ones mean
 * that we are connected to ourselves).
 */
export function keepsConnection(
  ownId: Uint8Array,
  peerId: Uint8Array,
  newIsOurs: boolean,
  oldIsOurs: boolean,
): boolean {
  if (newIsOurs === oldIsOurs) return false;
  return compareBytes(ownId, peerId) < 0 === newIsOurs;
}
