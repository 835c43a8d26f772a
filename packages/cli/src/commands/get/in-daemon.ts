import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import type { SettingsDocument } from "@shoal/schema";

import type { Context } from "../../context.ts";
import { stopReason } from "../../context.ts";
import type { DaemonClient } from "../../daemon-client.ts";
import { CliError, interrupted, toFailure, usageError } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { ensureWritableDir, shownPath, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { formatDuration, formatRough } from "../../ui/durations.ts";
import { mayAsk } from "../../ui/prompt.ts";
import { formatPercent } from "../../ui/sizes.ts";
import type { Invocation } from "../command.ts";
import { agree } from "./agree.ts";
import type { GetOptions } from "./declaration.ts";
import { Followed } from "./followed.ts";
import { type Handed, handOver, wishesOf } from "./hand-over.ts";
import { unmatchedFlags } from "./selection.ts";
import type { Thing } from "./thing.ts";
import { whyNoMetadata } from "./view.ts";

type GetInvocation = Invocation<GetOptions>;

const LOOK_EVERY_MS = 250;

/** Has the daemon get things, and shows how it goes until all are there. Ctrl-C ends the showing. */
export async function getInDaemon(
  invocation: GetInvocation,
  daemon: DaemonClient,
  things: readonly Thing[],
): Promise<number> {
  const { context, output, options } = invocation;
  if (options.output !== null && daemon.address.type === "socket") {
    const dir = userPath(context, options.output);
    await ensureWritableDir(dir, shownPath(context, dir));
  }
  const share = options.once || (output.piped && !options.detach) ? false : null;
  const follows = !options.detach && !options.paused;
  const asks = asksFirst(invocation, things, follows);
  const wishes = {
    ...wishesOf(context, options, options.seedRatio === null ? share : null),
    // What a link names is found out while it runs.
    ...(asks && things[0]!.type === "torrent" ? { paused: true } : {}),
  };
  const failures: CliError[] = [];
  const handed: Handed[] = [];
  for (const thing of things) {
    try {
      const one = await handOver(context, daemon, thing, wishes);
      if (one.known && options.failIfExists)
        throw new CliError(
          "ERR_DUPLICATE_TORRENT",
          `${clean(one.torrent.name)} is on the list already, as transfer ${one.torrent.id}`,
        );
      handed.push(one);
      tellHanded(invocation, one, follows);
    } catch (error) {
      if (things.length === 1 || !(error instanceof CliError)) throw error;
      failures.push(error);
      output.problem(error.code, toFailure(error).message);
    }
  }
  if (!follows) {
    const torrents = handed.map(({ torrent }) => torrent);
    // One thing is one document, as it always was.
    output.document(things.length === 1 ? torrents[0]! : { torrents });
    return endCode(handed.length, failures);
  }
  const wish = {
    named: things.length > 1,
    unmatched: (paths: readonly string[]) => unmatchedFlags(options.select, options.priority, paths),
  };
  const followed = handed.map((one) => new Followed(context, output, daemon, one, wish));
  if (asks && !(await begin(invocation, daemon, followed[0]!, handed[0]!))) return EXIT_CODES.ok.code;
  await follow(invocation, followed, everyEnded);
  const unfinished = followed.filter(({ ended }) => !ended);
  if (unfinished.length > 0) throw left(context, unfinished);
  const sharing = await sharingGoals(daemon, options);
  for (const one of followed) {
    if (one.failure === null) finish(invocation, one, sharing);
    else if (things.length === 1) throw one.failure;
    else {
      failures.push(one.failure);
      output.problem(one.failure.code, toFailure(one.failure).message);
    }
  }
  return endCode(things.length - failures.length, failures);
}

function endCode(done: number, failures: readonly CliError[]): number {
  if (failures.length === 0) return EXIT_CODES.ok.code;
  if (done === 0) throw failures[0]!;
  return EXIT_CODES.partial.code;
}

function tellHanded({ output }: GetInvocation, { torrent, known }: Handed, follows: boolean): void {
  const { id, name } = torrent;
  if (follows) output.event("added", { id, name, known });
  if (known) output.note(`${clean(name)} is on the list already, as transfer ${id}.`);
  else if (!follows)
    output.note(`${clean(name)} is transfer ${id} of the daemon. How it goes: shoal watch ${id}`);
}

function everyEnded(followed: readonly Followed[]): boolean {
  return followed.every(({ ended }) => ended);
}

/** Whether somebody is asked where to save, and what. Throws ERR_USAGE when that is wanted and can't be. */
function asksFirst(
  { context, output, options }: GetInvocation,
  things: readonly Thing[],
  follows: boolean,
): boolean {
  const can = mayAsk(context, output, options) && follows && things.length === 1;
  if (options.choose && !can)
    throw usageError("--choose asks which files, and nobody can be asked here", "Name them with --select.");
  return can && !output.quiet && (options.choose || !options.yes);
}

/** Asks about one thing that is new, as soon as its files are known. False: it is not wanted, and off the list. */
async function begin(
  invocation: GetInvocation,
  daemon: DaemonClient,
  followed: Followed,
  { known }: Handed,
): Promise<boolean> {
  if (known) return true;
  const isKnown = (): boolean => followed.hasMetadata || followed.ended;
  await follow(invocation, [followed], isKnown);
  const { id } = followed.torrent;
  if (followed.ended || !isKnown()) return true;
  await daemon.post(`/torrents/${id}/pause`);
  if (await agree(invocation, daemon, followed)) {
    await daemon.post(`/torrents/${id}/resume`);
    return true;
  }
  await daemon.withSignal(AbortSignal.timeout(10_000)).delete(`/torrents/${id}`);
  invocation.output.note("Nothing was saved.");
  return false;
}

/** Until it is over, or the command is asked to. */
async function follow(
  { context, output }: GetInvocation,
  followed: readonly Followed[],
  isOver: (followed: readonly Followed[]) => boolean,
): Promise<void> {
  const { signal } = context;
  while (!signal.aborted) {
    try {
      for (const one of followed) await one.look();
    } catch (error) {
      if (signal.aborted) break;
      throw error instanceof CliError && error.code === "ERR_DAEMON" ? unfinished(followed, error) : error;
    }
    if (isOver(followed)) break;
    output.live(followed.flatMap((one) => one.lines()));
    output.status(() => followed.map((one) => one.status()).join("; "));
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  output.done();
}

/** The daemon has ended, and with it what it was doing; nothing is lost. */
function unfinished(followed: readonly Followed[], cause: CliError): CliError {
  const [one] = followed.filter(({ ended }) => !ended);
  const { have = 0, wanted = 0 } = one?.torrent ?? {};
  const at = followed.length === 1 ? ` at ${formatPercent(wanted === 0 ? 0 : have / wanted)}` : "";
  const rest = "The download goes on when it is started again: shoal daemon start";
  return new CliError("ERR_UNFINISHED", `The daemon has ended${at}`, rest, cause);
}

function finish({ context, output }: GetInvocation, one: Followed, sharing: string): void {
  const { id, name, v1, v2, downloadDir, wanted, downloaded, uploaded, wasted, state } = one.torrent;
  const path = join(downloadDir, one.rootName);
  one.finalProgress();
  output.event("complete", {
    id,
    name,
    infoHashV1: v1,
    infoHashV2: v2,
    path,
    totalSize: wanted,
    downloaded,
    uploaded,
    wasted,
    elapsedMs: Math.round(one.elapsedMs),
  });
  const how = one.fetched
    ? `Done in ${formatDuration(one.elapsedMs)}. Every piece checked.`
    : "All of it was there already.";
  output.note(`${output.noteStyle.good(how)} ${shownPath(context, path)}`);
  if (output.piped || output.quiet) output.data(clean(path));
  if (state === "seeding" && sharing !== "")
    output.note(`Sharing goes on in the background${sharing}.  Stop: shoal rm ${id}`);
}

/** " until ratio 2.0 or 24 h"; empty when nothing is shared. */
async function sharingGoals(daemon: DaemonClient, { once, seedRatio }: GetOptions): Promise<string> {
  if (once) return "";
  const { settings } = await daemon.get<SettingsDocument>("/settings");
  const valueOf = (key: string): unknown => settings.find((one) => one.key === key)?.value;
  const ratio = seedRatio ?? valueOf("sharing.ratio");
  const time = valueOf("sharing.time");
  const until = [
    ...(typeof ratio === "number" ? [`ratio ${Number.isInteger(ratio) ? ratio.toFixed(1) : ratio}`] : []),
    ...(typeof time === "number" ? [formatRough(time)] : []),
  ];
  return until.length === 0 ? " until you stop it" : ` until ${until.join(" or ")}`;
}

/** The command ends before the download does, which goes on in the daemon. */
function left(context: Context, followed: readonly Followed[]): CliError {
  const ids = followed.map(({ torrent }) => torrent.id).join(",");
  const rest = `It goes on in the background. See: shoal watch ${ids}   Stop: shoal rm ${ids}`;
  const [one] = followed;
  if (one === undefined || followed.length > 1) return interrupted(context.signal, rest, watching(context));
  if (!one.hasMetadata) {
    const why = whyNoMetadata(one.torrent.peers);
    if (stopReason(context.signal) === "interrupt")
      return new CliError("ERR_NO_METADATA", `Still without the file list: ${why}`, rest);
    return interrupted(context.signal, rest, `${watching(context)} without a file list: ${why}`);
  }
  const { have, wanted, waiting } = one.torrent;
  const why = waiting === null ? "" : ` (${clean(waiting.message)})`;
  const done = formatPercent(wanted === 0 ? 0 : have / wanted);
  return interrupted(context.signal, rest, `${watching(context)} at ${done}${why}`);
}

/** Only the watching has stopped. */
function watching({ signal }: Context): string {
  return stopReason(signal) === "timeout" ? "" : " watching";
}
