import type { IpRanges } from "./ip-ranges.ts";

/** Whom we have nothing to do with; shared by all who decide that. */
export class IpFilter {
  #ranges: IpRanges | null;

  constructor(ranges: IpRanges | null = null) {
    this.#ranges = ranges;
  }

  replace(ranges: IpRanges | null): void {
    this.#ranges = ranges;
  }

  /** `host`: an address literal; others are not blocked. */
  blocks(host: string): boolean {
    return this.#ranges !== null && this.#ranges.has(host);
  }
}
