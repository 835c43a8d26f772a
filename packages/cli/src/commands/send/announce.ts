import { join } from "node:path";

import type { Context } from "../../context.ts";
import type { Magnet, Metainfo, Session } from "../../engine.ts";
import { fileNameOf, isFolder, shownPath, userPath, writeTorrentFile } from "../../paths.ts";
import { reachableAt } from "../../session.ts";
import { clean } from "../../ui/clean.ts";
import { listenForKeys } from "../../ui/keys.ts";
import type { Invocation } from "../command.ts";
import { hashFields, listFiles, magnetOf } from "../torrent/describe.ts";
import type { SendOptions } from "./declaration.ts";
import { listeningLines, qrLines, type Shared, shareLines } from "./view.ts";

type SendInvocation = Invocation<SendOptions>;

/** What is given away of a torrent; with -o its file is written where that says. */
export async function shareOf(
  context: Context,
  options: SendOptions,
  session: Pick<Session, "endpoint">,
  metainfo: Metainfo,
  bytes: Uint8Array,
  torrentFile: string | null,
): Promise<Shared> {
  let file = torrentFile;
  if (options.output !== null) {
    const target = userPath(context, options.output);
    file = (await isFolder(target)) ? join(target, `${fileNameOf(metainfo.name)}.torrent`) : target;
    await writeTorrentFile(file, shownPath(context, file), bytes, options.overwrite);
  }
  const { formatMagnet } = await context.engine();
  const magnet: Magnet = magnetOf(metainfo, reachableAt(context, session));
  const trackers = [...new Set([...magnet.trackers, ...options.tracker])];
  return { metainfo, magnet: formatMagnet({ ...magnet, trackers }), torrentFile: file };
}

export function shareFields({ metainfo, magnet, torrentFile }: Shared): Record<string, unknown> {
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
export function announce(
  { context, output, options }: SendInvocation,
  session: Pick<Session, "endpoint" | "obstacle">,
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
  if (shares.some(({ metainfo }) => metainfo.private && metainfo.trackers.length === 0)) {
    output.warn(
      "A private torrent without --tracker can only be fetched by people who name this address with --peer.",
    );
  }
}

/** What keys do, besides `rest`: what else ends the command, and how. */
export function tellKeys({ context, output, options }: SendInvocation, rest: string): void {
  const key = canPress(context, options) ? "Press Q for a QR code. " : "";
  output.note(`${key}Keep this window open; ${rest}.`);
  output.note();
}

/** Listens for Q, and for the keys of `others`, until the returned function is called. */
export function onKeys(
  { context, output, options }: SendInvocation,
  shares: readonly Shared[],
  others: Readonly<Record<string, () => void>>,
): () => void {
  if (!canPress(context, options)) return () => undefined;
  return listenForKeys(context, (key) => {
    if (Object.hasOwn(others, key)) others[key]?.();
    if (key !== "q") return;
    for (const { magnet } of shares) for (const line of qrLines(magnet, output.columns)) output.note(line);
  });
}

/** Somebody presses keys, and sees what they do. */
export function canPress(context: Context, options: SendInvocation["options"]): boolean {
  return context.stdin.isTTY === true && context.stderr.isTTY === true && !options.noInput && !options.quiet;
}
