import type { DoctorReport, Torrent, GivenAddress } from "@shoal/schema";
import { SCHEMA_VERSION } from "@shoal/schema";
import { type ReasonArea, REASONS, type WaitingCode } from "@shoal/engine";
import type { Finding } from "./finding.ts";

/** More advice helps nobody. */
const MOST_TRIES = 5;

/** Checks that tell about what a reason for waiting is about. */
const AREA_CHECKS: Readonly<Record<ReasonArea, readonly string[]>> = {
  shoal: [],
  user: [],
  disk: ["disk"],
  network: ["network", "listening", "DHT", "clock"],
  trackers: ["trackers"],
  peers: ["reachable", "DHT", "trackers"],
};

/** Joins what was found out to one answer. `transfer`: the one that was asked about. */
export function makeReport(
  findings: readonly Finding[],
  transfer: Torrent | null,
  addresses: readonly GivenAddress[],
): DoctorReport {
  const first = findings.find(({ status }) => status === "fail");
  return {
    schema: SCHEMA_VERSION,
    torrent: transfer === null ? null : summaryOf(transfer),
    summary: summarize(findings, transfer),
    checks: findings.map(({ check, status, said, tries }) => ({ check, status, ...said, tries: [...tries] })),
    tries: triesOf(findings, transfer),
    addresses: [...addresses],
    exitCode: first?.exit ?? 0,
  };
}

/** What helps most first: what fails where the transfer waits, then what to do about its waiting, then the rest. */
function triesOf(findings: readonly Finding[], transfer: Torrent | null): string[] {
  const reason = transfer === null ? null : reasonOf(transfer);
  const concerned = reason === null ? [] : AREA_CHECKS[REASONS[reason].area];
  const of = (status: Finding["status"], isConcerned: boolean): string[] =>
    findings
      .filter((one) => one.status === status && concerned.includes(one.check) === isConcerned)
      .flatMap(({ tries }) => tries)
      .filter((one) => reason === null || !one.startsWith("leave it"));
  const actions =
    reason === null
      ? []
      : REASONS[reason].actions.map((action) => action.replaceAll("<t>", String(transfer!.id)));
  const goesOn = reason !== null && REASONS[reason].ends === "itself";
  // What goes on by itself is best left alone: that is said first.
  const [leave, ...more] = goesOn ? actions : ["", ...actions];
  const all = [
    leave!,
    ...of("fail", true),
    ...more,
    ...of("fail", false),
    ...of("warn", true),
    ...of("warn", false),
  ];
  if (all.filter(Boolean).length === 0 && reason !== null) all.push(...of("info", true));
  return [...new Set(all)].filter(Boolean).slice(0, MOST_TRIES);
}

function reasonOf({ waiting }: Torrent): WaitingCode | null {
  const code = waiting?.code;
  return code !== undefined && Object.hasOwn(REASONS, code) ? (code as WaitingCode) : null;
}

function summaryOf(transfer: Torrent): NonNullable<DoctorReport["torrent"]> {
  const { id, name, state, waiting } = transfer;
  return { id, name, state, percent: percentOf(transfer), waiting };
}

function percentOf({ wanted, have }: Torrent): number | null {
  return wanted === 0 ? null : Math.floor((have / wanted) * 100);
}

const DOING: Readonly<Record<Torrent["state"], string>> = {
  metadata: "is looking for its list of files",
  checking: "is being checked",
  downloading: "is being downloaded",
  seeding: "is complete and shared",
  finished: "is done",
  paused: "is paused",
  queued: "waits for its turn",
  error: "has failed",
};

function summarize(findings: readonly Finding[], transfer: Torrent | null): string {
  if (transfer !== null) {
    const { name, state, error, waiting } = transfer;
    const percent = percentOf(transfer);
    const who = percent === null ? name : `${name} (${percent} %)`;
    if (error !== null) return `${who} has failed: ${error.message}`;
    if (waiting === null) return `${who} ${DOING[state]}`;
    return state === "finished" ? `${who} is done; ${waiting.message}` : `${who} waits: ${waiting.message}`;
  }
  const count = (status: Finding["status"]): number => findings.filter((one) => one.status === status).length;
  const fails = count("fail");
  const warns = count("warn");
  if (fails === 0 && warns === 0) return "All is well";
  const parts = [
    ...(fails === 0 ? [] : [`${fails} ${fails === 1 ? "thing fails" : "things fail"}`]),
    ...(warns === 0 ? [] : [`${warns} ${warns === 1 ? "thing needs" : "things need"} a look`]),
  ];
  return parts.join(", ");
}
