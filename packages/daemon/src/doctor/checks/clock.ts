import { type ClockTrouble, durationText } from "@shoal/engine";
import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { hidden, said } from "../said.ts";

export interface ClockFacts {
  /** What others show. */
  readonly trouble: ClockTrouble | null;
  /** Others that have told their time. */
  readonly witnesses: number;
  /** By how much the clock is ahead of that by which the file system dates what is written now, ms. */
  readonly aheadOfDiskMs: number | null;
}

const TOLERANCE_MS = 5 * 60_000;
const SET = "set the date and time of this computer, best by letting it do that itself";

/** Whether the time of this computer is right, as far as anything shows. */
export function checkClock({ trouble, witnesses, aheadOfDiskMs }: ClockFacts): Finding {
  if (trouble !== null) {
    const host = hidden("server", trouble.host);
    const { aheadMs } = trouble;
    const text =
      aheadMs === null
        ? said`the certificate of ${host} is not valid at the time of this computer`
        : said`${durationText(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead" : "behind"}, as ${host} and others say`;
    return failure("clock", EXIT.network, text, SET);
  }
  if (aheadOfDiskMs !== null && Math.abs(aheadOfDiskMs) > TOLERANCE_MS) {
    const how = `${durationText(Math.abs(aheadOfDiskMs))} ${aheadOfDiskMs > 0 ? "ahead of" : "behind"}`;
    return finding("clock", "warn", said`${how} that of the disk; which of both is right is not known`, SET);
  }
  if (witnesses === 0) return finding("clock", "info", said`nobody has told the time yet`);
  return finding(
    "clock",
    "ok",
    said`right, as ${witnesses} ${witnesses === 1 ? "server says" : "servers say"}`,
  );
}
