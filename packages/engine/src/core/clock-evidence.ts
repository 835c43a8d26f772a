import type { Millis } from "../base/brand.ts";
import { setLatest } from "../base/set-latest.ts";

/** What is said about a certificate by the time of this computer. */
export type CertificateTrouble = "expired" | "not-yet-valid";

/** Hosts that are remembered, the last ones. */
const MAX_HOSTS = 32;
/** Answers take a while, and clocks of others are not exact either. */
const TOLERANCE: Millis = 5 * 60_000;

/** What speaks for the clock of this computer being wrong. */
export interface ClockTrouble {
  /** By how much it is ahead of others, below 0 when it is behind; null when that is not known. */
  readonly aheadMs: number | null;
  /** One of those who say so. */
  readonly host: string;
}

/**
 * Whether the clock of this computer is right, as far as others tell: by the time that their answers bear, and by certificates
 * that are not valid at ours. One server may be wrong itself; what the most of them say counts.
 */
export class ClockEvidence {
  /** By how much our clock is ahead of each host's. */
  readonly #ahead: Map<string, Millis> = new Map();
  readonly #certificates: Map<string, CertificateTrouble> = new Map();
  /** Null while nothing speaks against our clock. */
  trouble: ClockTrouble | null = null;

  /** `host` says that it is `theirs`, while it is `ours` here; milliseconds since 1970. */
  onDate(host: string, theirs: number, ours: number): void {
    setLatest(this.#ahead, host, ours - theirs, MAX_HOSTS);
    this.trouble = this.#judge();
  }

  /** The certificate of `host` is not valid at our time; null: it is, which a clock that is wrong mostly does not achieve. */
  onCertificate(host: string, trouble: CertificateTrouble | null): void {
    if (trouble === null) this.#certificates.delete(host);
    else setLatest(this.#certificates, host, trouble, MAX_HOSTS);
    this.trouble = this.#judge();
  }

  /** Hosts that have told their time. */
  get witnesses(): number {
    return this.#ahead.size;
  }

  #judge(): ClockTrouble | null {
    const [host, aheadMs] = this.#median() ?? [null, 0];
    const invalid = [...this.#certificates];
    if (host !== null) {
      const isOff = Math.abs(aheadMs) > TOLERANCE && (this.witnesses > 1 || invalid.length > 0);
      return isOff ? { aheadMs, host } : null;
    }
    // Old certificates are found often, ones from the future never: one alone tells only in the second case.
    const early = invalid.find(([, trouble]) => trouble === "not-yet-valid");
    const [first] = early ?? (invalid.length > 2 ? invalid[0]! : []);
    return first === undefined ? null : { aheadMs: null, host: first };
  }

  #median(): [string, Millis] | null {
    const sorted = [...this.#ahead].toSorted(([, a], [, b]) => a - b);
    return sorted[sorted.length >>> 1] ?? null;
  }
}
