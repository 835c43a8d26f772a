import { compareBytes } from "../../base/bytes.ts";
export function keepsConnection(ownId: Uint8Array, peerId: Uint8Array, newIsOurs: boolean, oldIsOurs: boolean): boolean {
  if (newIsOurs === oldIsOurs) return false;
  return compareBytes(ownId, peerId) < 0 === newIsOurs;
}
