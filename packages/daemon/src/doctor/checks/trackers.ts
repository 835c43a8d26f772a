import { EXIT, failure, type Finding, finding } from "../finding.ts";
import { hidden, joined, type Said, said } from "../said.ts";

/** What became of asking one tracker. */
export interface TrackerFact {
  readonly host: string;
  readonly outcome: "answered" | "refused" | "failed" | "asking" | "unasked";
  /** Its words, or why it can't be reached; unchecked text. */
  readonly message: string | null;
}

/** So many are named. */
const NAMED = 3;

export function checkTrackers(trackers: readonly TrackerFact[], isOfOne: boolean): Finding {
  if (trackers.length === 0)
    return finding("trackers", "info", isOfOne ? said`it has none` : said`no transfer has one`);
  const count = (outcome: TrackerFact["outcome"]): number =>
    trackers.filter((tracker) => tracker.outcome === outcome).length;
  const answered = count("answered");
  const bad = trackers.filter(({ outcome }) => outcome === "refused" || outcome === "failed");
  const rest = bad.length > NAMED ? [said`${bad.length - NAMED} more don't answer`] : [];
  const words = [...bad.slice(0, NAMED).map(describe), ...rest];
  const sum = joined([said`${answered} of ${trackers.length} answered`, ...words], "; ");
  if (bad.length === 0) {
    const open = trackers.length - answered;
    const asking = open === 0 ? said`` : said`; ${open} not asked yet`;
    return finding("trackers", open === trackers.length ? "info" : "ok", said`${sum}${asking}`);
  }
  const advice = bad.some(({ outcome }) => outcome === "refused")
    ? "ask whoever runs the tracker, with its words"
    : "leave it: trackers that don't answer are asked again";
  if (bad.length < trackers.length) return finding("trackers", "warn", sum, advice);
  return failure("trackers", EXIT.network, sum, advice);
}

function describe({ host, outcome, message }: TrackerFact): Said {
  const who = hidden("tracker", host);
  if (outcome === "refused") return said`${who} says “${hidden("words", message ?? "no")}”`;
  if (message === null) return said`${who} does not answer`;
  const reason = hidden("reason", message);
  return message.includes(host) ? reason : said`${who}: ${reason}`;
}
