import type { FinderProgress, Metainfo, TorrentStats, WaitingReason } from "../../engine.ts";
import { clean, cleanShort } from "../../ui/clean.ts";
import { formatRough } from "../../ui/durations.ts";
import { progressText } from "../../ui/progress.ts";
import { count, formatRate, formatSize } from "../../ui/sizes.ts";
import type { Style } from "../../ui/style.ts";
import { renderTable, truncateMiddle } from "../../ui/table.ts";
import type { PlannedFile } from "./plan.ts";

/** Files listed before a download; the rest is counted. */
const MAX_LISTED = 20;

/** "Wedding: 312 files, 4.1 GB", with what was left out by --select. */
export function headline(metainfo: Metainfo, files: readonly PlannedFile[]): string {
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
  const lines = renderTable(
    [
      { heading: "", align: "right" },
      { heading: "", align: "right" },
      { heading: "", align: "left" },
    ],
    rows,
  );
  if (files.length > listed.length)
    lines.push(`  … and ${count(files.length - listed.length, "more file", "more files")}`);
  return lines;
}

/** The line with the bar while a download runs; the reason instead of numbers while nothing arrives. */
export function downloadLine(stats: TorrentStats, style: Style): string {
  const moving = stats.waiting === null;
  const progress = progressText(
    {
      done: stats.have,
      total: stats.wanted,
      rate: moving ? stats.downRate : null,
      etaMs: moving ? stats.etaMs : null,
    },
    style,
  );
  return moving
    ? `   ${progress}   from ${count(stats.peers, "person", "people")}`
    : `   ${progress}   ${style.dim(clean(stats.waiting?.message ?? ""))}`;
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
  readonly peersNamed: number;
  readonly peersContacted: number;
  readonly finders: readonly FinderProgress[];
}

/** "Looking for the file list … asked 2 trackers (1 answered, 84 peers), DHT 61 nodes, local network, 12 peers contacted". */
export function lookingLine(asked: Asked, waiting: WaitingReason | null): string {
  const parts: string[] = [];
  if (asked.trackers > 0) {
    const answers = `${asked.trackersAnswered} answered, ${count(asked.peersNamed, "peer")}`;
    parts.push(`asked ${count(asked.trackers, "tracker")} (${answers})`);
  }
  for (const { source, answered, peers } of asked.finders) {
    const found = peers > 0 ? ` (${count(peers, "peer")})` : "";
    parts.push(source === "dht" ? `DHT ${count(answered, "node")}${found}` : `local network${found}`);
  }
  if (asked.peersContacted > 0) parts.push(`${count(asked.peersContacted, "peer")} contacted`);
  // Who is asked stands here already.
  if (waiting !== null && waiting.code !== "searching" && waiting.code !== "asking-tracker")
    parts.push(clean(waiting.message));
  return `Looking for the file list …  ${parts.join(", ")}`;
}

/** "192.0.2.7:41873 can't be used: connection refused", where the engine's reason may name the address once more. */
export function failedPeer(shown: string, reason: string): string {
  const rest = cleanShort(reason).replace(` by ${shown}`, "").replace(`${shown} `, "");
  return `${shown} can't be used now: ${rest.charAt(0).toLowerCase()}${rest.slice(1)}`;
}

/** After a minute without a file list. */
export function stillLooking(connected: number, contacted: number): string {
  return `Still no file list. ${connected === 0 ? `${contacted === 0 ? "No peer was found" : contacted === 1 ? "The one peer known did not answer" : `None of ${count(contacted, "peer")} answered`}` : `0 of ${count(contacted, "peer")} answered with it`}. Likely: nobody online has it now. Waiting; Ctrl-C gives up (exit 6).`;
}

/** One line for logs: "38 %, 11.2 MB/s, 3 min left, 4 peers". */
export function statusLine(name: string, stats: TorrentStats): string {
  const fraction = stats.wanted === 0 ? 0 : stats.have / stats.wanted;
  const parts = [`${Math.floor(fraction * 100)} %`, formatRate(stats.downRate)];
  if (stats.etaMs !== null) parts.push(`${formatRough(stats.etaMs)} left`);
  parts.push(count(stats.peers, "peer"));
  if (stats.waiting !== null) parts.push(clean(stats.waiting.message));
  return `${clean(name)}: ${parts.join(", ")}`;
}
