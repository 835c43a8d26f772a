import { join } from "node:path";

import type { Settings } from "@shoal/daemon/settings";

import type { Invocation } from "../command.ts";
import type { Context } from "../../context.ts";
import { stopReason } from "../../context.ts";
import type { Metainfo, Session, Torrent } from "../../engine.ts";
import { CliError, interrupted } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { ensureWritableDir, freeSpace, shownPath, userPath } from "../../paths.ts";
import { closeSession, openSession } from "../../session.ts";
import { clean } from "../../ui/clean.ts";
import { formatDuration } from "../../ui/durations.ts";
import type { Output } from "../../ui/output.ts";
import { formatPercent, formatSize } from "../../ui/sizes.ts";
import { aborted, every } from "../../ui/ticker.ts";
import { hashFields } from "../torrent/describe.ts";
import type { GetOptions } from "./declaration.ts";
import { Download } from "./download.ts";
import { makeWishes, unmatchedFlags, type Wishes } from "./selection.ts";
import { planFiles } from "./plan.ts";
import type { Plan } from "./plan.ts";
import type { Thing as AnyThing } from "./thing.ts";
import { whyNoMetadata } from "./view.ts";

/** Files by their ids are known to the daemon alone. */
type Thing = Exclude<AnyThing, { readonly type: "fileId" }>;

type GetInvocation = Invocation<GetOptions>;

const FRAME_MS = 200;

/** Gets one thing in this process. */
export async function getInForeground(
  invocation: GetInvocation,
  settings: Settings,
  thing: Thing,
): Promise<number> {
  const { context, output, options } = invocation;
  const chosen = thing.type === "magnet" ? thing.magnet.selectOnly : null;
  const engine = await context.engine();
  const wishes = makeWishes(options.select, options.priority, (index) => engine.isSelected(chosen, index));
  const dir = options.output === null ? settings.get("downloads.dir") : userPath(context, options.output);
  await ensureWritableDir(dir, shownPath(context, dir));
  if (context.signal.aborted) throw interrupted(context.signal, "Nothing was fetched.");
  const session = await openSession(context, output, settings);
  try {
    const plan = (metainfo: Metainfo): Plan => {
      const files = planFiles(engine, metainfo, wishes);
      const paths = files.map(({ path }) => path);
      return { files, unmatched: unmatchedFlags(options.select, options.priority, paths) };
    };
    const download = new Download(context, output, plan, await freeSpace(dir), options.peer);
    output.event("listening", { port: session.endpoint?.port ?? null, host: session.endpoint?.host ?? null });
    warnWhenAlone(thing, options, output);
    const torrent = await session.add({
      ...sourceOf(thing),
      downloadDir: dir,
      peers: options.peer,
      trackers: options.tracker,
      discovery: !options.noDiscovery,
      sequential: options.sequential,
      verify: options.verify,
      select: selector(wishes),
      firstLast: options.firstLast,
      existing: options.overwrite ? "overwrite" : "refuse",
      listener: (event) => download.onEvent(event),
    });
    download.attach(torrent);
    const stopTicking = every(FRAME_MS, () => download.tick());
    try {
      await Promise.race([download.finished, aborted(context.signal)]);
      if (!download.complete) throw gaveUp(context, download, torrent);
      return await finish(invocation, download, torrent, dir);
    } finally {
      stopTicking();
    }
  } finally {
    await closeSession(output, session);
  }
}

/** Everything is there: says so, and goes on sharing where that was asked for. */
async function finish(
  { context, output, options }: GetInvocation,
  download: Download,
  torrent: Torrent,
  dir: string,
): Promise<number> {
  const path = join(dir, download.rootName);
  const stays = !options.once && !output.piped && !context.signal.aborted;
  const stats = torrent.stats();
  download.finalProgress();
  const complete = {
    name: torrent.name,
    ...hashFields(torrent.infoHashes),
    path,
    totalSize: stats.wanted,
    downloaded: stats.downloaded,
    uploaded: stats.uploaded,
    wasted: stats.wasted,
    elapsedMs: Math.round(download.elapsedMs),
  };
  output.done();
  output.event("complete", complete);
  const { good } = output.noteStyle;
  const how = download.fetched
    ? `Done in ${formatDuration(download.elapsedMs)}. Every piece checked.`
    : download.wasRead
      ? "All of it was there already. Every piece checked."
      : "All of it was there already, as it was when it was checked.";
  const shown = shownPath(context, path);
  const sharing = stays ? "  (still sharing; Ctrl-C stops)" : "";
  output.note(`${good(how)} ${shown}${sharing}`);
  if (output.piped || output.quiet) output.data(clean(path));
  if (!stays) return endCode(context);
  await aborted(context.signal);
  output.done();
  const { uploaded, wanted } = torrent.stats();
  output.note(
    `Stopped sharing. Given back: ${formatSize(uploaded)} (ratio ${(uploaded / Math.max(1, wanted)).toFixed(2)}).`,
  );
  return endCode(context);
}

/** The download is complete: Ctrl-C only ended the sharing. */
function endCode(context: Context): number {
  if (!context.signal.aborted) return EXIT_CODES.ok.code;
  const reason = stopReason(context.signal);
  if (reason === "terminate") return EXIT_CODES.terminated.code;
  return EXIT_CODES.ok.code;
}

function sourceOf(thing: Thing): Pick<Parameters<Session["add"]>[0], "metainfo" | "magnet" | "infoHash"> {
  switch (thing.type) {
    case "torrent":
      return { metainfo: thing.metainfo };
    case "magnet":
      return { magnet: thing.magnet };
    case "infoHash":
      return { infoHash: thing.infoHash };
  }
}

/** Numbers files as the list shows them: pad files don't count. */
function selector(wishes: Wishes): NonNullable<Parameters<Session["add"]>[0]["select"]> {
  let number = 0;
  let lastIndex = -1;
  return (file, path) => {
    // Asked anew from the first file on.
    if (file.index <= lastIndex) number = 0;
    lastIndex = file.index;
    return wishes(++number, path, file.index);
  };
}

/** Nobody named to ask: it can still work when somebody connects to us, but it will most likely wait for ever. */
function warnWhenAlone(thing: Thing, options: GetInvocation["options"], output: Output): void {
  const looksElsewhere = !options.noDiscovery && !(options.noDht && options.noLsd);
  if (looksElsewhere || options.peer.length > 0 || options.tracker.length > 0) return;
  const named =
    thing.type === "torrent"
      ? thing.metainfo.trackers.length + (options.noWebSeeds ? 0 : thing.metainfo.webSeeds.length)
      : thing.type === "magnet"
        ? thing.magnet.trackers.length + thing.magnet.peers.length
        : 0;
  if (named > 0) return;
  const what =
    thing.type === "torrent" ? "This torrent" : thing.type === "magnet" ? "This link" : "An info-hash";
  output.warn(
    `${what} names no tracker and no peer. Ask the sender for an address and add: --peer HOST:PORT`,
  );
}

/** The command was asked to end before everything was there. */
function gaveUp(context: Context, download: Download, torrent: Torrent): CliError {
  const stats = torrent.stats();
  if (!download.hasMetadata) {
    const { peersContacted } = download.asked;
    const why = whyNoMetadata(peersContacted);
    if (stopReason(context.signal) === "interrupt") {
      return new CliError(
        "ERR_NO_METADATA",
        `Gave up without the file list: ${why}`,
        "Try again later, or name somebody who has it with --peer HOST:PORT.",
      );
    }
    return interrupted(context.signal, "The same command goes on asking.", ` without a file list: ${why}`);
  }
  const done = formatPercent(stats.wanted === 0 ? 0 : stats.have / stats.wanted);
  const why = stats.waiting === null ? "" : ` (${clean(stats.waiting.message)})`;
  return interrupted(context.signal, "The same command goes on from here.", ` at ${done}${why}`);
}
