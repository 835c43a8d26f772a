import { basename, dirname, join } from "node:path";

import type { Context } from "../../context.ts";
import type { CheckProgress, Metainfo, Session, Torrent, TorrentEvent, VerifyLevel } from "../../engine.ts";
import { CliError } from "../../errors.ts";
import { exists, shownPath, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import type { Output } from "../../ui/output.ts";
import { aborted } from "../../ui/ticker.ts";
import { formatCount } from "../../ui/sizes.ts";
import { checkLine } from "../check-line.ts";
import { checkFields } from "../transfer-events.ts";
import { parseTorrent, readTorrentBytes } from "../torrent/source.ts";
import type { VerifyOptions } from "../shared-options.ts";
import { type MadeKey, madeKey } from "@shoal/daemon/made-torrents";
import { createOptions, madeTorrents, makeTorrent } from "../torrent/make.ts";
import type { MakeFlags } from "../torrent/make.ts";

/** What is to be shared, before it is in the session. */
export interface Prepared {
  readonly metainfo: Metainfo;
  /** The .torrent file. */
  readonly bytes: Uint8Array;
  /** Folder in which it lies. */
  readonly dir: string;
  /** Its name there; null when it is the torrent's own. */
  readonly rootName: string | null;
  /** It was hashed just now. */
  readonly fresh: boolean;
  /** A .torrent file that exists already; null when it was made here. */
  readonly torrentFile: string | null;
  /** What a torrent made here is remembered by; null when it need not be. */
  readonly remember: MadeKey | null;
}

/** Hashes a file or folder, unless that gave a torrent before, nothing looks changed since, and not all is to be read again. */
export async function prepareNew(
  context: Context,
  output: Output,
  word: string,
  flags: MakeFlags & VerifyOptions,
): Promise<Prepared> {
  const path = userPath(context, word);
  const before = flags.verify === "full" ? null : await findMade(context, output, path, word, flags);
  if (before !== null) return before;
  const made = await makeTorrent(context, output, path, word, flags, (bytesDone, bytesTotal) => {
    output.hashing(word, bytesDone, bytesTotal);
  });
  for (const warning of made.warnings) output.warn(clean(warning));
  return {
    metainfo: made.metainfo,
    bytes: made.bytes,
    dir: dirname(path),
    rootName: basename(path),
    fresh: true,
    torrentFile: null,
    remember: madeKey(path, createOptions(flags), [], made.fingerprint),
  };
}

/** The torrent that the same path gave with the same flags. Whatever is wrong with it, the files are hashed then. */
async function findMade(
  context: Context,
  output: Output,
  path: string,
  word: string,
  flags: MakeFlags,
): Promise<Prepared | null> {
  const engine = await context.engine();
  try {
    const { fingerprint, warnings } = await engine.fingerprintContent(path, context.signal);
    const torrentFile = await madeTorrents(context).find(
      madeKey(path, createOptions(flags), [], fingerprint),
    );
    if (torrentFile === null) return null;
    const bytes = await readTorrentBytes(context, torrentFile);
    const metainfo = engine.parseMetainfo(bytes);
    for (const warning of warnings) output.warn(clean(warning));
    output.detail(`${clean(word)} looks unchanged: the torrent made of it earlier is used`);
    const where = { dir: dirname(path), rootName: basename(path) };
    return { metainfo, bytes, ...where, fresh: false, torrentFile, remember: null };
  } catch {
    return null;
  }
}

/** Reads a .torrent file and finds what it names: in `data`, or beside it, here, or in the download folder. */
export async function prepareExisting(
  context: Context,
  word: string,
  data: string | null,
  downloadDir: string,
): Promise<Prepared> {
  const bytes = await readTorrentBytes(context, word);
  const metainfo = await parseTorrent(context, bytes, word);
  const engine = await context.engine();
  const { paths } = engine.safePaths(metainfo.name, metainfo.multiFile, metainfo.layout.files);
  const root = (paths[0] ?? "").split("/")[0] ?? "";
  const torrentFile = userPath(context, word);
  const places = data === null ? [dirname(torrentFile), context.cwd, downloadDir] : [userPath(context, data)];
  for (const dir of places) {
    if (await exists(join(dir, root)))
      return { metainfo, bytes, dir, rootName: null, fresh: false, torrentFile, remember: null };
  }
  const where = [...new Set(places.map((dir) => shownPath(context, dir)))].join(" or ");
  throw new CliError(
    "ERR_FILE_NOT_FOUND",
    `${clean(word)} names "${clean(root)}", but there is no such thing in ${where}`,
    data === null
      ? "Say in which folder it lies with --data DIR."
      : "Name the folder that holds it with --data.",
  );
}

/** Puts it into the session and waits until it is being shared. Throws ERR_VERIFY when none of the data is right. */
export async function startSharing(
  context: Context,
  output: Output,
  session: Session,
  prepared: Prepared,
  flags: { readonly trackers: readonly string[]; readonly discovery: boolean; readonly verify: VerifyLevel },
  onEvent: (event: TorrentEvent) => void,
): Promise<Torrent> {
  const { metainfo, dir, rootName, fresh } = prepared;
  let ready = (): void => undefined;
  let failed = (_error: unknown): void => undefined;
  const sharing = new Promise<void>((resolve, reject) => {
    ready = resolve;
    failed = reject;
  });
  let settled = false;
  const listener = (event: TorrentEvent): void => {
    if (event.type === "error" && !settled) {
      failed(event.error);
      return;
    }
    if (event.type === "checked") showCheck(output, metainfo, event);
    if (event.type === "state" && SHARING.includes(event.state)) ready();
    onEvent(event);
  };
  const torrent = await session.add({
    metainfo,
    downloadDir: dir,
    ...(rootName === null || rootName === metainfo.name ? {} : { rootName }),
    seedOnly: true,
    hashed: fresh,
    verify: flags.verify,
    trackers: flags.trackers,
    discovery: flags.discovery,
    listener,
  });
  try {
    await Promise.race([sharing, aborted(context.signal)]);
  } finally {
    settled = true;
    output.live([], true);
  }
  if (context.signal.aborted || fresh) return torrent;
  const { piecesHave, pieceCount } = torrent.stats();
  if (piecesHave === 0) {
    throw new CliError(
      "ERR_VERIFY",
      `Nothing of "${clean(metainfo.name)}" in ${shownPath(context, dir)} is as the torrent says`,
      "See which files differ with: shoal torrent verify FILE DIR",
    );
  }
  if (piecesHave < pieceCount) {
    const missing = `${formatCount(pieceCount - piecesHave)} of ${formatCount(pieceCount)} pieces`;
    const message = `${clean(metainfo.name)}: ${missing} are missing or wrong here; the rest is shared. See which with: shoal torrent verify FILE DIR`;
    output.problem("ERR_VERIFY", message);
  }
  return torrent;
}

/** States in which peers are served; "downloading" is a share of which pieces are missing. */
const SHARING: readonly string[] = ["seeding", "finished", "downloading"];

function showCheck(output: Output, metainfo: Metainfo, progress: CheckProgress): void {
  const { layout, name } = metainfo;
  const line = checkLine(clean(name), progress, layout.pieceCount, output.noteStyle);
  output.checked({ name, ...checkFields(progress) });
  output.live([line]);
  output.status(() => line);
}
