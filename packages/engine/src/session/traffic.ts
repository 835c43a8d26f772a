import { RateMeter } from "../base/rate-meter.ts";

/** Payload of all torrents of a session together, since it began. */
export class Traffic {
  readonly down: RateMeter = new RateMeter();
  readonly up: RateMeter = new RateMeter();
}
