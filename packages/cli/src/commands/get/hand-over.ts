import type { AddTorrent, GetFile, KnownFile, Torrent, TorrentList } from "@shoal/schema";

import type { Context } from "../../context.ts";
import type { DaemonClient } from "../../daemon-client.ts";
import { CliError } from "../../errors.ts";
import { userPath } from "../../paths.ts";
import { hashFields } from "../torrent/describe.ts";
import { formatPeer } from "../option.ts";
import type { GetOptions } from "./declaration.ts";
import type { Thing } from "./thing.ts";

/** A thing that the daemon has. */
export interface Handed {
  readonly torrent: Torrent;
  /** It had it before. */
  readonly known: boolean;
}

/** Gives a download to the daemon; one that it has already goes on. Throws what the daemon refuses. */
export async function handOver(
  context: Context,
  daemon: DaemonClient,
  thing: Thing,
  wishes: Omit<AddTorrent, "magnet" | "infoHash" | "url" | "torrent">,
): Promise<Handed> {
  const id = await fileIdOf(daemon, thing);
  if (id !== null) {
    // The id says which file.
    const { select: _select, priorities: _priorities, sequential, firstLast, ...rest } = wishes;
    const how: GetFile = {
      ...rest,
      // Without those flags it stays as it is.
      ...(sequential === true ? { sequential } : {}),
      ...(firstLast === true ? { firstLast } : {}),
    };
    return { torrent: await daemon.post<Torrent>(`/files/${id}/get`, how), known: false };
  }
  const body: AddTorrent = { ...(await sourceOf(context, thing)), ...wishes };
  try {
    return { torrent: await daemon.post<Torrent>("/torrents", body), known: false };
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "ERR_DUPLICATE_TORRENT") throw error;
    const known = await findKnown(daemon, thing);
    if (known === null) throw error;
    if (known.state !== "paused" || wishes.paused === true) return { torrent: known, known: true };
    return { torrent: await daemon.post<Torrent>(`/torrents/${known.id}/resume`), known: true };
  }
}

/** What the flags of `get` say of a transfer; `share`: whether it is shared afterwards, null where the settings decide. */
export function wishesOf(
  context: Context,
  options: GetOptions,
  share: boolean | null,
): Parameters<typeof handOver>[3] {
  return {
    ...(options.output === null ? {} : { downloadDir: userPath(context, options.output) }),
    paused: options.paused,
    labels: [...options.label],
    sequential: options.sequential,
    firstLast: options.firstLast,
    ...(options.select.length === 0 ? {} : { select: [...options.select] }),
    ...(options.priority.length === 0
      ? {}
      : { priorities: options.priority.map(({ pattern, level }) => ({ files: pattern, priority: level })) }),
    ...(options.limitDown === null ? {} : { limits: { down: options.limitDown } }),
    ...(options.seedRatio === null ? {} : { goals: { ratio: options.seedRatio } }),
    ...(share === null ? {} : { share }),
    ...(options.ignoreSpace ? { ignoreSpace: true } : {}),
    peers: options.peer.map(formatPeer),
    trackers: [...options.tracker],
  };
}

/** The file that is meant; a whole id looks like an info-hash, and is one unless such a file is known. */
async function fileIdOf(daemon: DaemonClient, thing: Thing): Promise<string | null> {
  if (thing.type === "fileId") return encodeURIComponent(thing.id);
  if (thing.type !== "infoHash" || thing.infoHash.length !== 64) return null;
  return daemon.get<KnownFile>(`/files/${thing.infoHash}`).then(
    ({ id }) => id,
    () => null,
  );
}

async function findKnown(daemon: DaemonClient, thing: Thing): Promise<Torrent | null> {
  const hashes = hashesOf(thing);
  const { torrents } = await daemon.get<TorrentList>("/torrents");
  const isMeant = (hash: string | null): boolean => hash !== null && hashes.includes(hash);
  return torrents.find(({ v1, v2 }) => isMeant(v1) || isMeant(v2)) ?? null;
}

function hashesOf(thing: Thing): readonly (string | null)[] {
  if (thing.type === "infoHash") return [thing.infoHash];
  if (thing.type === "fileId") return [];
  const { infoHashes } = thing.type === "magnet" ? thing.magnet : thing.metainfo;
  const { infoHashV1, infoHashV2 } = hashFields(infoHashes);
  return [infoHashV1, infoHashV2];
}

async function sourceOf(
  context: Context,
  thing: Thing,
): Promise<Pick<AddTorrent, "magnet" | "infoHash" | "torrent">> {
  const engine = await context.engine();
  switch (thing.type) {
    case "magnet":
      return { magnet: engine.formatMagnet(thing.magnet) };
    case "infoHash":
      return { infoHash: thing.infoHash };
    case "fileId":
      return {};
    case "torrent":
      return { torrent: Buffer.from(engine.encodeTorrent(thing.metainfo)).toString("base64") };
  }
}
