import type { FinderProgress, TorrentStats, WaitingCode } from "../../engine.ts";
import { clean, cleanShort } from "../../ui/clean.ts";
import { formatRough } from "../../ui/durations.ts";
import { progressText } from "../../ui/progress.ts";
import { count, formatCount, formatRate, formatSize } from "../../ui/sizes.ts";
import type { Style } from "../../ui/style.ts";
import { columnsOf, flow, renderTable, truncateMiddle } from "../../ui/table.ts";
import type { PlannedFile } from "./plan.ts";

/** Files listed before a download; the rest is counted. */
const MAX_LISTED = 20;

/** Why nothing arrives: for programs, and for people. */
interface Waits {
  readonly code: string;
  readonly message: string;
}

/** How far a download is, as the engine or the daemon tells it. */
export type Standing = Pick<TorrentStats, "have" | "wanted" | "downRate" | "etaMs" | "peers"> & {
  readonly waiting: Waits | null;
};

/** What is in a torrent, in short. */
interface Contents {
  readonly name: string;
  readonly layout: { readonly contentSize: number };
}

/** "Wedding: 312 files, 4.1 GB", with what was left out by --select. */
export function headline(metainfo: Contents, files: readonly PlannedFile[]): string {
  const wanted = files.filter((file) => file.wanted);
  const size = wanted.reduce((sum, file) => sum + file.size, 0);
  const all = `${clean(metainfo.name)}: ${count(files.length, "file")}, ${formatSize(metainfo.layout.contentSize)}`;
  return wanted.length === files.length
    ? all
    : `${all}; getting ${count(wanted.length, "file")}, ${formatSize(size)}`;
}

/** The numbered file list; empty for a single file, whose name is the headline. */
export function fileList(files: readonly PlannedFile[], columns: number, style: Style): string[] {
  if (files.length < 2) return [];
  const listed = files.slice(0, MAX_LISTED);
  const rows = listed.map((file, at) => {
    const path = truncateMiddle(
      clean(file.path.slice(file.path.indexOf("/") + 1)),
      Math.max(20, columns - 24),
    );
    const cells = [`  ${at + 1}`, formatSize(file.size), file.wanted ? path : `${path} (left out)`];
    return file.wanted ? cells : cells.map((cell) => style.dim(cell));
  });
  const lines = renderTable(columnsOf(">", ">", ""), rows);
  if (files.length > listed.length)
    lines.push(`  … and ${count(files.length - listed.length, "more file", "more files")}`);
  return lines;
}

/** Reasons that have nothing to do with who is online. */
const UNREACHABLE: ReadonlySet<string> = new Set<WaitingCode>(["no-network", "blocked", "clock"]);

/** The reason in words, with what this command can be told about it. */
function whyText(waiting: Waits): string {
  const advice = waiting.code === "no-peers" ? "; name one with --peer HOST:PORT" : "";
  return clean(waiting.message) + advice;
}

/** The line with the bar while a download runs; while nothing arrives the reason instead of numbers, below where it is too long. */
export function downloadLines(stats: Standing, webServers: number, style: Style, columns: number): string[] {
  const { waiting } = stats;
  const moving = waiting === null;
  const progress = progressText(
    {
      done: stats.have,
      total: stats.wanted,
      rate: moving ? stats.downRate : null,
      etaMs: moving ? stats.etaMs : null,
    },
    style,
  );
  if (moving) return [`   ${progress}   from ${sources(stats.peers, webServers)}`];
  return flow(`   ${progress}   `, whyText(waiting).split(" "), " ", columns, style.dim);
}

/** "3 people and 1 web server". */
function sources(peers: number, webServers: number): string {
  const people = peers > 0 || webServers === 0 ? [count(peers, "person", "people")] : [];
  const servers = webServers > 0 ? [count(webServers, "web server")] : [];
  return [...people, ...servers].join(" and ");
}

/** While shared after the end. */
export function sharingLine(stats: TorrentStats): string {
  const to = count(stats.peers, "person", "people");
  return `   Sharing with ${to}, ${formatRate(stats.upRate)}, given ${formatSize(stats.uploaded)}`;
}

/** Who was asked for the file list so far. */
export interface Asked {
  readonly trackers: number;
  readonly trackersAnswered: number;
  readonly trackersRefused: number;
  readonly peersNamed: number;
  readonly peersContacted: number;
  readonly finders: readonly Pick<FinderProgress, "source" | "answered" | "peers">[];
}

const LOOKING = "Looking for the file list …  ";
/** Who is asked and what answers stands in the line already. */
const SEARCHES: ReadonlySet<string> = new Set<WaitingCode>([
  "searching",
  "asking-tracker",
  "tracker-down",
  "tracker-refused",
  "peers-silent",
]);

/** "Looking for the file list … asked 2 trackers (1 answered, 84 peers), DHT 61 nodes, local network, 12 peers contacted". */
export function lookingLine(asked: Asked, waiting: Waits | null): string {
  return LOOKING + lookingParts(asked, waiting).join(", ");
}

/** The same in as many lines as it takes. */
export function lookingLines(asked: Asked, waiting: Waits | null, columns: number): string[] {
  return flow(LOOKING, lookingParts(asked, waiting), ", ", columns);
}

function lookingParts(asked: Asked, waiting: Waits | null): string[] {
  // What is asked then reaches nobody.
  if (waiting?.code === "no-network") return [clean(waiting.message)];
  const parts: string[] = [];
  if (asked.trackers > 0) {
    const { trackersAnswered, trackersRefused, peersNamed } = asked;
    const answers: string[] = [];
    if (trackersAnswered > 0) answers.push(`${trackersAnswered} answered, ${count(peersNamed, "peer")}`);
    if (trackersRefused > 0) answers.push(`${trackersRefused} refused`);
    if (answers.length === 0) answers.push("no answer yet");
    parts.push(`asked ${count(asked.trackers, "tracker")} (${answers.join("; ")})`);
  }
  for (const { source, answered, peers } of asked.finders) {
    const found = peers > 0 ? ` (${count(peers, "peer")})` : "";
    if (source === "lsd") parts.push(`local network${found}`);
    else parts.push(answered > 0 ? `DHT ${count(answered, "node")}${found}` : "DHT (no answer yet)");
  }
  const silent = waiting?.code === "peers-silent" ? " (no answer)" : "";
  if (asked.peersContacted > 0) parts.push(`${count(asked.peersContacted, "peer")} contacted${silent}`);
  if (waiting !== null && !SEARCHES.has(waiting.code)) parts.push(whyText(waiting));
  return parts;
}

/** "192.0.2.7:41873 can't be used: connection refused", where the engine's reason may name the address once more. */
export function failedPeer(shown: string, reason: string): string {
  const rest = cleanShort(reason).replace(` by ${shown}`, "");
  if (rest.startsWith(`${shown} `)) return `${shown} can't be used now: ${rest.slice(shown.length + 1)}`;
  return `${shown} can't be used now: ${rest.charAt(0).toLowerCase()}${rest.slice(1)}`;
}

/** Why there is no file list, for the end of the wait for it. */
export function whyNoMetadata(peersContacted: number): string {
  if (peersContacted === 0) return "no peer was found";
  if (peersContacted === 1) return "the one peer contacted did not send it";
  return `none of ${formatCount(peersContacted)} peers contacted sent it`;
}

/** After a minute without a file list; `rest` says what Ctrl-C would do. */
export function stillLooking(asked: Asked, connected: number, waiting: Waits | null, rest: string): string {
  return `Still no file list. ${whyNotFound(asked, connected, waiting)} Waiting; ${rest}.`;
}

function whyNotFound(asked: Asked, connected: number, waiting: Waits | null): string {
  if (waiting !== null && UNREACHABLE.has(waiting.code))
    return `Nobody can be reached: ${clean(waiting.message)}.`;
  const nobody = "Likely: nobody online has it now.";
  const { peersContacted, trackers, trackersAnswered, trackersRefused } = asked;
  if (connected > 0) return `0 of ${count(peersContacted, "peer")} answered with it. ${nobody}`;
  if (peersContacted === 1) return `The one peer known did not answer. ${nobody}`;
  if (peersContacted > 1) return `None of ${count(peersContacted, "peer")} answered. ${nobody}`;
  const dht = asked.finders.find(({ source }) => source === "dht");
  if (trackersAnswered + trackersRefused > 0 || (dht?.answered ?? 0) > 0)
    return `No peer was found. ${nobody}`;
  const silent = [
    ...(trackers > 0 ? [trackers === 1 ? "the tracker" : "the trackers"] : []),
    ...(dht === undefined ? [] : ["the DHT"]),
  ];
  if (silent.length === 0) return "No peer was found. Likely: nobody near has it now.";
  const who =
    silent.length === 1 ? `No answer came from ${silent[0]}` : `Neither ${silent.join(" nor ")} answered`;
  return `${who}. Likely: this computer is not connected to the internet, or a firewall is in the way.`;
}

/** One line for logs: "38 %, 11.2 MB/s, 3 min left, 4 peers". */
export function statusLine(name: string, stats: Standing): string {
  const fraction = stats.wanted === 0 ? 0 : stats.have / stats.wanted;
  const parts = [`${Math.floor(fraction * 100)} %`, formatRate(stats.downRate)];
  if (stats.etaMs !== null) parts.push(`${formatRough(stats.etaMs)} left`);
  parts.push(count(stats.peers, "peer"));
  if (stats.waiting !== null) parts.push(whyText(stats.waiting));
  return `${clean(name)}: ${parts.join(", ")}`;
}
