import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { Settings } from "@shoal/daemon/settings";

import type { Invocation } from "../command.ts";
import { stopReason } from "../../context.ts";
import type { Metainfo, Session } from "../../engine.ts";
import { CliError, fileSystemError, interrupted } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { fileNameOf, isFolder, shownPath, userPath, writeWhole } from "../../paths.ts";
import { closeSession, openSession, torrentsDir } from "../../session.ts";
import { clean } from "../../ui/clean.ts";
import { count, formatSize } from "../../ui/sizes.ts";
import { aborted, every } from "../../ui/ticker.ts";
import { hex } from "../torrent/describe.ts";
import { isTorrentFile } from "../torrent/source.ts";
import { Audience } from "./audience.ts";
import type { SendOptions } from "./declaration.ts";
import { madeTorrents } from "../torrent/make.ts";
import { tellReachability } from "./reachability.ts";
import { prepareExisting, prepareNew, startSharing } from "./share.ts";
import type { Prepared } from "./share.ts";
import { announce, onKeys, shareOf, tellKeys } from "./announce.ts";
import type { Shared } from "./view.ts";

type SendInvocation = Invocation<SendOptions>;

const FRAME_MS = 200;

/** Shares in this process. */
export async function sendInForeground(invocation: SendInvocation, settings: Settings): Promise<number> {
  const { context, output, args, options } = invocation;
  // Before the hashing, which may take long: a taken port is told at once.
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
    tellReachability(output, session);
    tellKeys(invocation, "Ctrl-C stops sharing");
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

function sameTorrent(a: Metainfo, b: Metainfo): boolean {
  return hexes(a) === hexes(b);
}

function hexes({ infoHashes }: Metainfo): string {
  return [infoHashes.v1, infoHashes.v2].map((hash) => (hash === null ? "" : hex(hash))).join();
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
  return shareOf(context, options, session, metainfo, bytes, torrentFile);
}

/** Until the command is asked to end, or no torrent is left that could be shared. */
async function share(
  invocation: SendInvocation,
  audiences: readonly Audience[],
  shares: readonly Shared[],
): Promise<void> {
  const { context, output } = invocation;
  const stopKeys = onKeys(invocation, shares, {});
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
