import type { Family } from "./address.ts";
/** A router that leads outside, and our own address towards it. */
export interface Route {
  readonly family: Family;
  /** Address literal; null when this machine does not tell. */
  readonly gateway: string | null;
  /** Our address on that network: where packets from outside are to arrive. */
  readonly local: string;
}
