import { parseRate } from "@shoal/schema/settings";

import type { Declaration } from "../command.ts";
import { flag, list, parseLabel, parsePeer, parseTrackerUrl, text, value } from "../option.ts";
import type { PeerAddress, SpecsOf } from "../option.ts";
import type { NetworkOptions, VerifyOptions } from "../shared-options.ts";
import { NETWORK_OPTIONS, VERIFY_OPTIONS } from "../shared-options.ts";
import { parsePriority, type PriorityRule } from "./priority-rule.ts";

export interface GetOptions extends NetworkOptions, VerifyOptions {
  readonly output: string | null;
  readonly select: readonly string[];
  readonly choose: boolean;
  readonly failIfExists: boolean;
  readonly once: boolean;
  readonly detach: boolean;
  readonly paused: boolean;
  readonly label: readonly string[];
  readonly seedRatio: number | null;
  /** Bytes per second. */
  readonly limitDown: number | null;
  readonly priority: readonly PriorityRule[];
  readonly sequential: boolean;
  readonly firstLast: boolean;
  readonly overwrite: boolean;
  readonly ignoreSpace: boolean;
  readonly peer: readonly PeerAddress[];
  readonly tracker: readonly string[];
}

const OPTIONS: SpecsOf<GetOptions> = {
  output: text("-o, --output <dir>", "folder to save in (default: ~/Downloads)"),
  select: list(
    "--select <glob>",
    "only these: a pattern such as '*.iso', a folder, or numbers such as 1,3-5; repeatable",
    (word) => word,
  ),
  priority: list(
    "--priority <glob=level>",
    "how soon: high, normal, low or skip, as in '*.nfo=low'; repeatable",
    parsePriority,
  ),
  choose: flag("--choose", "be asked which files, on a terminal"),
  failIfExists: flag("--fail-if-exists", "end with 11 when it is on the list of the daemon already"),
  once: flag("--once", "end when complete, without sharing afterwards"),
  detach: flag("-d, --detach", "leave it to the daemon and end at once"),
  paused: flag("--paused", "only put it on the list of the daemon, to be begun with: shoal resume"),
  label: list("--label <name>", "put it under this label; repeatable", parseLabel),
  seedRatio: value(
    "--seed-ratio <ratio>",
    "share it until so many times its size were given (0: not at all)",
    parseRatio,
  ),
  limitDown: value("--limit-down <rate>", "no faster than this, such as 500k or 2M a second", parseLimit),
  sequential: flag("--sequential", "fetch in order, so that a film can be watched meanwhile"),
  firstLast: flag("--first-last", "the ends of each file first, so that a film can be looked into"),
  overwrite: flag("--overwrite", "replace files that are in the way"),
  ignoreSpace: flag("--ignore-space", "begin though it does not fit on the disk: it waits for room"),
  peer: list("--peer <host:port>", "somebody who has it; repeatable", parsePeer),
  tracker: list(
    "--tracker <url>",
    "a tracker to ask besides those named in the link; repeatable",
    parseTrackerUrl,
  ),
  ...VERIFY_OPTIONS,
  ...NETWORK_OPTIONS,
};

function parseRatio(word: string): number {
  const ratio = /^\d{1,6}(\.\d{1,3})?$/.test(word) ? Number(word) : NaN;
  if (Number.isNaN(ratio)) throw new Error("write it as 2 or 1.5");
  return ratio;
}

function parseLimit(word: string): number {
  const rate = parseRate(word);
  if (rate === null || rate < 1) throw new Error("write it as 500k or 2M");
  return rate;
}

export const getDeclaration: Declaration<GetOptions> = {
  name: "get",
  summary: "fetch what a magnet link or .torrent file names",
  about: [
    "LINK is a magnet link, a .torrent file, an info-hash, the web address of a .torrent file, or - to read them from stdin: a .torrent file, or one link on each line.",
    "The daemon does the work; it is started when it does not run. Ctrl-C leaves the download to it. With --foreground, with flags about the network (--port, --host, …), and where no daemon may be started, this command does the work itself and ends with it.",
    "On a terminal the daemon waits until you have said where to save, and what of it; -y says yes to that.",
    "Every piece is checked. A file that is not part of this download is never overwritten. An interrupted download continues when the same command is run again.",
    "When all is there the daemon goes on sharing; in the foreground, on a terminal, shoal does so until Ctrl-C. With --once, or when stdout is not a terminal, nothing is shared afterwards. Ctrl-C before that ends with 130; while the file list is still unknown, with 6.",
    "What was checked in an earlier run is not read again when size and date of the files are as they were (--verify stat). sample reads some of it, full all of it, and none only looks whether the files are there. Whatever is sent is compared once more before.",
    "With --json each line is an object with an event: ip-filter, listening, metadata, files, checked, first-block, progress, tracker, web-seed, peer-connected, peer-disconnected, peer-failed, banned, warning, complete, error. Twice a second progress has the numbers and, in trackerList, finderList (DHT and local network), webSeedList and peerList, who is asked and what came of it.",
  ],
  arguments: [
    {
      name: "link",
      description: "magnet link, .torrent file, info-hash, web address, or - for stdin",
      completes: "files",
      many: true,
    },
  ],
  options: OPTIONS,
  examples: [
    { line: "shoal get Holiday.torrent", about: "into ~/Downloads" },
    {
      line: "shoal get Holiday.torrent -o . --select '*.jpg' --once",
      about: "only the pictures, here, and end",
    },
    {
      line: "shoal get 'magnet:?xt=urn:btih:…' --peer 192.0.2.7:41873",
      about: "straight from a computer you know",
    },
  ],
  exits: [
    "notFound",
    "daemon",
    "network",
    "noSpace",
    "fileSystem",
    "exists",
    "inUse",
    "unfinished",
    "partial",
    "timeout",
    "interrupted",
    "terminated",
  ],
};
