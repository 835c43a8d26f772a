import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Invocation } from "../command.ts";
import type { Context } from "../../context.ts";
import { stopReason } from "../../context.ts";
import type { Magnet, Metainfo, Session } from "../../engine.ts";
import { CliError, fileSystemError, interrupted, usageError } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { fileNameOf, shownPath, statPath, userPath, writeTorrentFile, writeWhole } from "../../paths.ts";
import { closeSession, openSession, reachableAt, torrentsDir } from "../../session.ts";
import { networkSettings, openSettings } from "../../settings.ts";
import { clean } from "../../ui/clean.ts";
import { listenForKeys } from "../../ui/keys.ts";
import { count, formatSize } from "../../ui/sizes.ts";
import { aborted, every } from "../../ui/ticker.ts";
import { chooseKind } from "../option.ts";
import { hashFields, hex, listFiles, magnetOf } from "../torrent/describe.ts";
import { Audience } from "./audience.ts";
import type { SendOptions } from "./declaration.ts";
import { madeTorrents } from "../torrent/make.ts";
import { tellReachability } from "./reachability.ts";
import { prepareExisting, prepareNew, startSharing } from "./share.ts";
import type { Prepared } from "./share.ts";
import { listeningLines, qrLines, shareLines } from "./view.ts";
import type { Shared } from "./view.ts";

type SendInvocation = Invocation<SendOptions>;

const FRAME_MS = 200;

/** `shoal send PATH…`. */
export async function runSend(invocation: SendInvocation): Promise<number> {
  const { context, output, args, options } = invocation;
  await checkArguments(invocation);
  // Before the hashing, which may take long: a taken port is told at once.
  const settings = await openSettings(context, networkSettings(context, options));
  const session = await openSession(context, output, settings);
  const audiences: Audience[] = [];
  try {
    const shares: Shared[] = [];
    const words = new Map(args.map((word) => [userPath(context, word), word]));
    for (const word of words.values()) {
      const prepared = await prepare(invocation, word, settings.get("downloads.dir"));
      const twin = shares.find(({ metainfo }) => sameTorrent(metainfo, prepared.metainfo));
      if (twin !== undefined) {
        output.warn(`${clean(word)} is the same torrent as ${clean(twin.metainfo.name)}: it is shared once.`);
        continue;
      }
      const audience = new Audience(context, output);
      const flags = {
        trackers: prepared.fresh ? [] : options.tracker,
        discovery: !options.noDiscovery,
        verify: options.verify,
      };
      const torrent = await startSharing(context, output, session, prepared, flags, (event) =>
        audience.onEvent(event),
      );
      if (context.signal.aborted) break;
      audience.attach(torrent);
      audiences.push(audience);
      shares.push(await publish(invocation, session, prepared));
    }
    if (context.signal.aborted) throw interrupted(context.signal, "Nothing was shared yet.");
    announce(invocation, session, shares, settings.get("network.proxy") !== null);
    for (const audience of audiences) audience.open();
    await share(invocation, audiences, shares);
    return endOf(invocation, session, audiences);
  } catch (error) {
    if (context.signal.aborted && !(error instanceof CliError)) {
      throw interrupted(context.signal, "Nothing was shared yet.");
    }
    throw error;
  } finally {
    await closeSession(output, session);
  }
}

/** Everything that can be wrong with the words is told before any work is done. */
async function checkArguments({ context, args, options }: SendInvocation): Promise<void> {
  chooseKind(options);
  for (const word of args) await statPath(userPath(context, word), word);
  if (options.data !== null && !args.some(isTorrentFile)) {
    throw usageError(
      "--data says where the files of a .torrent file lie",
      "Name the .torrent file, or leave --data out.",
    );
  }
  if (args.length > 1 && options.name !== null) {
    throw usageError("--name names one torrent, but several paths are given", "Share them one at a time.");
  }
  if (args.length > 1 && options.output !== null && !(await isFolder(userPath(context, options.output)))) {
    throw usageError("-o names one file, but several paths are given", "Give an existing folder with -o.");
  }
}

function sameTorrent(a: Metainfo, b: Metainfo): boolean {
  return hexes(a) === hexes(b);
}

function hexes({ infoHashes }: Metainfo): string {
  return [infoHashes.v1, infoHashes.v2].map((hash) => (hash === null ? "" : hex(hash))).join();
}

function isTorrentFile(word: string): boolean {
  return /\.torrent$/i.test(word);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function prepare(
  { context, output, options }: SendInvocation,
  word: string,
  dataDir: string,
): Promise<Prepared> {
  const folder = await isFolder(userPath(context, word));
  return isTorrentFile(word) && !folder
    ? prepareExisting(context, word, options.data, dataDir)
    : prepareNew(context, output, word, options);
}

/** Writes the .torrent file and makes the link. */
async function publish(
  { context, options }: SendInvocation,
  session: Session,
  prepared: Prepared,
): Promise<Shared> {
  const { metainfo, bytes } = prepared;
  let torrentFile = prepared.torrentFile;
  if (torrentFile === null) {
    const hash = hex(metainfo.infoHashes.v1 ?? metainfo.infoHashes.v2 ?? new Uint8Array());
    const dir = torrentsDir(context);
    torrentFile = join(dir, `${fileNameOf(metainfo.name)}-${hash.slice(0, 8)}.torrent`);
    await mkdir(dir, { recursive: true }).catch((error: unknown) => {
      throw fileSystemError(error, shownPath(context, dir));
    });
    await writeWhole(torrentFile, shownPath(context, torrentFile), bytes);
    if (prepared.remember !== null) await madeTorrents(context).remember(prepared.remember, torrentFile);
  }
  if (options.output !== null) {
    const target = userPath(context, options.output);
    const file = (await isFolder(target)) ? join(target, `${fileNameOf(metainfo.name)}.torrent`) : target;
    await writeTorrentFile(file, shownPath(context, file), bytes, options.overwrite);
    torrentFile = file;
  }
  const { formatMagnet } = await context.engine();
  const magnet: Magnet = magnetOf(metainfo, reachableAt(context, session));
  const trackers = [...new Set([...magnet.trackers, ...options.tracker])];
  return { metainfo, magnet: formatMagnet({ ...magnet, trackers }), torrentFile };
}

function shareFields({ metainfo, magnet, torrentFile }: Shared): Record<string, unknown> {
  const { layout } = metainfo;
  return {
    name: metainfo.name,
    ...hashFields(metainfo.infoHashes),
    magnet,
    torrentFile,
    pieceLength: layout.pieceLength,
    pieceCount: layout.pieceCount,
    totalSize: layout.contentSize,
    fileCount: listFiles(metainfo).length,
  };
}

/** Tells people and programs that everything is ready. */
function announce(
  { context, output, options }: SendInvocation,
  session: Session,
  shares: readonly Shared[],
  isProxied: boolean,
): void {
  const only = shares.length === 1 ? shares[0] : undefined;
  output.event("listening", {
    port: session.endpoint?.port ?? null,
    host: session.endpoint?.host ?? null,
    ...(only === undefined ? {} : shareFields(only)),
  });
  for (const shared of shares) {
    output.event("sharing", shareFields(shared));
    if (output.quiet) {
      output.data(clean(shared.magnet));
      continue;
    }
    for (const line of shareLines(context, shared, output.style)) output.data(line);
    if (options.qr) for (const line of qrLines(shared.magnet, output.columns)) output.data(line);
    output.data();
  }
  for (const line of listeningLines(session, reachableAt(context, session), isProxied)) output.note(line);
  tellReachability(output, session);
  if (shares.some(({ metainfo }) => metainfo.private && metainfo.trackers.length === 0)) {
    output.warn(
      "A private torrent without --tracker can only be fetched by people who name this address with --peer.",
    );
  }
  const key = canPress(context, options) ? "Press Q for a QR code. " : "";
  output.note(`${key}Keep this window open; Ctrl-C stops sharing.`);
  output.note();
}

function canPress(context: Context, options: SendInvocation["options"]): boolean {
  return context.stdin.isTTY === true && context.stderr.isTTY === true && !options.noInput && !options.quiet;
}

/** Until the command is asked to end, or no torrent is left that could be shared. */
async function share(
  { context, output, options }: SendInvocation,
  audiences: readonly Audience[],
  shares: readonly Shared[],
): Promise<void> {
  const stopKeys = canPress(context, options)
    ? listenForKeys(context, (key) => {
        if (key !== "q") return;
        for (const { magnet } of shares)
          for (const line of qrLines(magnet, output.columns)) output.note(line);
      })
    : (): void => undefined;
  let allFailed = (): void => undefined;
  const failed = new Promise<void>((resolve) => (allFailed = resolve));
  const stopTicking = every(FRAME_MS, () => {
    output.live(audiences.flatMap((audience) => audience.tick(audiences.length > 1)));
    output.status(() => audiences.map((audience) => audience.summary()).join("; "));
    if (audiences.every((audience) => audience.failed !== null)) allFailed();
  });
  try {
    await Promise.race([aborted(context.signal), failed]);
  } finally {
    stopTicking();
    stopKeys();
  }
}

function endOf(
  { context, output }: SendInvocation,
  session: Session,
  audiences: readonly Audience[],
): number {
  output.done();
  if (!context.signal.aborted) {
    const error = audiences.find((audience) => audience.failed !== null)?.failed;
    throw error ?? new CliError("ERR_INTERNAL", "Sharing ended without a reason");
  }
  const served = audiences.reduce((sum, audience) => sum + audience.served, 0);
  const given = session.torrents().reduce((sum, torrent) => sum + torrent.stats().uploaded, 0);
  output.note(
    `Stopped sharing. ${count(served, "person", "people")} got all of it; given ${formatSize(given)} in all.`,
  );
  const reason = stopReason(context.signal);
  return reason === "interrupt"
    ? EXIT_CODES.ok.code
    : reason === "terminate"
      ? EXIT_CODES.terminated.code
      : EXIT_CODES.timeout.code;
}
