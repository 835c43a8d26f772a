import { isIP } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import type { NewShare, NodeInfo, Share, ShareList, Torrent, TorrentList } from "@shoal/schema";

import { stopReason } from "../../context.ts";
import type { DaemonClient } from "../../daemon-client.ts";
import { CliError, interrupted } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { shownPath, userPath } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { clean } from "../../ui/clean.ts";
import type { Output } from "../../ui/output.ts";
import { progressText } from "../../ui/progress.ts";
import { count, formatSize } from "../../ui/sizes.ts";
import type { Invocation } from "../command.ts";
import { chooseKind } from "../option.ts";
import { announce, onKeys, shareFields, shareOf, tellKeys } from "./announce.ts";
import { Audience } from "./audience.ts";
import { DaemonShare } from "./daemon-share.ts";
import type { SendOptions } from "./declaration.ts";
import { ReachabilityNotes } from "./reachability.ts";
import { StopQuestion } from "./stop-question.ts";
import type { Shared } from "./view.ts";

type SendInvocation = Invocation<SendOptions>;

const LOOK_EVERY_MS = 250;
/** Trackers are looked at with each of so many looks. */
const TRACKERS_EVERY = 8;

/** What is shared now. */
interface Sharing {
  readonly share: DaemonShare;
  readonly audience: Audience;
  readonly shared: Shared;
  /** It was shared before this command. */
  readonly known: boolean;
}

/** Has the daemon share paths, and shows who fetches them. Ctrl-C ends the sharing, D only the showing. */
export async function sendInDaemon(invocation: SendInvocation, daemon: DaemonClient): Promise<number> {
  const { context, output, options } = invocation;
  // Those do not end with this command.
  const before = new Set((await daemon.get<TorrentList>("/torrents")).torrents.map(({ id }) => id));
  const made = await makeShares(invocation, daemon);
  const info = await daemon.info();
  const listening = endpointOf(daemon, info);
  const all: Sharing[] = [];
  for (const torrentId of new Set(made.map((share) => share.torrentId!))) {
    const torrent = await daemon.get<Torrent>(`/torrents/${torrentId}`);
    const { shared, metainfo } = await sharedOf(invocation, daemon, torrent, listening);
    const audience = new Audience(context, output);
    const share = new DaemonShare(daemon, torrent, metainfo, (event) => audience.onEvent(event));
    audience.attach(share);
    all.push({ share, audience, shared, known: before.has(torrentId) });
  }
  const shares = all.map(({ shared }) => shared);
  announce(invocation, { endpoint: listening, obstacle: null }, shares, false);
  const reachability = listening === null ? null : new ReachabilityNotes(output, listening);
  reachability?.tell(info.reachability);
  if (options.detach) return detach(invocation, all);
  tellKeys(invocation, "Ctrl-C stops sharing; D leaves it to the background");
  for (const { audience } of all) audience.open();
  const controller = new AbortController();
  const question = new StopQuestion(invocation);
  const stopKeys = onKeys(invocation, shares, {
    d: () => controller.abort("detach"),
    s: () => context.stop("interrupt"),
    ...question.keys,
  });
  const look = async (): Promise<void> => reachability?.tell((await daemon.info()).reachability);
  try {
    await showAudience(invocation, all, { signal: controller.signal, look, question });
  } finally {
    stopKeys();
    output.done();
  }
  if (controller.signal.aborted) return detach(invocation, all);
  return end(invocation, daemon, all);
}

function wishOf({ context, args, options }: SendInvocation): NewShare {
  const { pieceSize, name, comment, verify, label } = options;
  const kind = chooseKind(options);
  return {
    paths: [...new Set(args.map((word) => userPath(context, word)))],
    // What was fetched is shared again as it is, whichever it is, unless one is named.
    ...(kind === "hybrid" && !options.hybrid ? {} : { kind }),
    trackers: [...options.tracker],
    webSeeds: [...options.webSeed],
    private: options.private,
    verify: verify === "full" ? "full" : "stat",
    ...(pieceSize === null ? {} : { pieceSize }),
    ...(name === null ? {} : { name }),
    ...(comment === null ? {} : { comment }),
    ...(label.length === 0 ? {} : { labels: [...label] }),
  };
}

/** Waits until all is made into torrents; Ctrl-C gives that up. */
async function makeShares(invocation: SendInvocation, daemon: DaemonClient): Promise<readonly Share[]> {
  const { context, output } = invocation;
  const { signal } = context;
  let { shares } = await daemon.post<ShareList>("/shares", wishOf(invocation));
  try {
    while (shares.some(({ state }) => state === "waiting" || state === "hashing")) {
      await pause(LOOK_EVERY_MS, undefined, { signal });
      shares = await Promise.all(shares.map(({ id }) => daemon.get<Share>(`/shares/${id}`)));
      for (const share of shares) if (share.state === "hashing") showHashing(invocation, share);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    // With a signal that is not over yet.
    const again = daemon.withSignal(AbortSignal.timeout(5_000));
    for (const { id } of shares) await again.delete(`/shares/${id}`).catch(() => undefined);
    throw interrupted(signal, "Nothing was shared yet.");
  } finally {
    output.live([], true);
  }
  for (const { warnings } of shares) for (const warning of warnings) output.warn(clean(warning));
  for (const { error } of shares)
    if (error !== null) throw new CliError(error.code as CliError["code"], clean(error.message));
  if (shares.some(({ torrentId }) => torrentId === null))
    throw new CliError("ERR_INTERRUPTED", "The sharing was given up elsewhere");
  return shares;
}

function showHashing({ context, output }: SendInvocation, { path, doneBytes, totalBytes }: Share): void {
  const total = totalBytes ?? 0;
  const progress = { done: doneBytes, total: Math.max(1, total), rate: null, etaMs: null };
  const line = `Fingerprinting ${shownPath(context, path)}  ${progressText(progress, output.noteStyle)}`;
  output.hashing(path, doneBytes, total);
  output.live([line]);
  output.status(() => line);
}

/** Where people reach the daemon, as far as it can be told from here. */
function endpointOf(
  daemon: DaemonClient,
  { peerPort, peerHost }: NodeInfo,
): { host: string; port: number } | null {
  if (peerPort === null || peerHost === null) return null;
  const { address } = daemon;
  const isWild = peerHost === "::" || peerHost === "0.0.0.0";
  const away = address.type === "url" ? address.url.hostname.replace(/^\[|\]$/g, "") : "";
  // The addresses of another computer are not those of this one.
  const isAway = isIP(away) !== 0 && !isLoopback(away);
  return { host: isWild && isAway ? away : peerHost, port: peerPort };
}

function isLoopback(host: string): boolean {
  return host === "::1" || host.startsWith("127.");
}

async function sharedOf(
  { context, options }: SendInvocation,
  daemon: DaemonClient,
  { id, v1, v2 }: Torrent,
  endpoint: { host: string; port: number } | null,
): Promise<{ shared: Shared; metainfo: DaemonShare["metainfo"] }> {
  const bytes = await daemon.bytes(`/torrents/${id}/torrent-file`);
  const isHere = daemon.address.type === "socket";
  const { torrentsDir } = await profileOf(context, null);
  const file = isHere ? join(torrentsDir, `${(v1 ?? v2 ?? "").slice(0, 40)}.torrent`) : null;
  const { parseMetainfo } = await context.engine();
  const metainfo = parseMetainfo(bytes);
  return { shared: await shareOf(context, options, { endpoint }, metainfo, bytes, file), metainfo };
}

interface Showing {
  /** Aborted when only the showing is to end. */
  readonly signal: AbortSignal;
  /** Looks at what becomes otherwise by and by. */
  readonly look: () => Promise<void>;
  readonly question: StopQuestion;
}

/** Until the command is to end, or nothing is left that could be shared. */
async function showAudience(
  { context, output }: SendInvocation,
  all: readonly Sharing[],
  { signal: detached, look: lookAround, question }: Showing,
): Promise<void> {
  const signal = AbortSignal.any([context.signal, detached]);
  for (let look = 0; !signal.aborted; look++) {
    try {
      const isFull = look % TRACKERS_EVERY === 0;
      if (isFull) await lookAround();
      for (const { share } of all) await share.look(isFull);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const lines = all.flatMap(({ audience }) => audience.tick(all.length > 1));
    output.live([...lines, ...question.lines(all)]);
    output.status(() => all.map(({ audience }) => audience.summary()).join("; "));
    const failures = all.map(({ share }) => share.torrent.error);
    if (failures.every((error) => error !== null)) {
      const { code, message } = failures[0]!;
      throw new CliError(code as CliError["code"], clean(message));
    }
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function detach({ output, options }: SendInvocation, all: readonly Sharing[]): number {
  tellDetached(output, all);
  if (options.detach)
    output.event("detached", {
      shares: all.map(({ shared, share }) => ({ id: share.torrent.id, ...shareFields(shared) })),
    });
  return EXIT_CODES.ok.code;
}

function tellDetached(output: Output, all: readonly Sharing[]): void {
  const ids = all.map(({ share }) => share.torrent.id).join(",");
  output.note(`Sharing goes on in the background. See: shoal watch ${ids}   Stop: shoal rm ${ids}`);
}

async function end(
  { context, output }: SendInvocation,
  daemon: DaemonClient,
  all: readonly Sharing[],
): Promise<number> {
  const reason = stopReason(context.signal);
  // A terminal that is closed ends nothing that can go on without it.
  if (reason === "terminate") {
    tellDetached(output, all);
    return EXIT_CODES.terminated.code;
  }
  const ending = daemon.withSignal(AbortSignal.timeout(10_000));
  for (const { share, known } of all) if (!known) await ending.delete(`/torrents/${share.torrent.id}`);
  const served = all.reduce((sum, { audience }) => sum + audience.served, 0);
  const given = all.reduce((sum, { share }) => sum + share.torrent.uploaded, 0);
  const stays = all.filter(({ known }) => known).map(({ share }) => share.torrent.id);
  output.note(
    `Stopped sharing. ${count(served, "person", "people")} got all of it; given ${formatSize(given)} in all.`,
  );
  if (stays.length > 0)
    output.note(
      `What was shared before goes on: transfer ${stays.join(", ")}. Stop: shoal rm ${stays.join(",")}`,
    );
  return reason === "interrupt" ? EXIT_CODES.ok.code : EXIT_CODES.timeout.code;
}
