import { ShoalError } from "@shoal/engine";
import type { AddTorrent } from "@shoal/schema";
import type { TokenRecord } from "@shoal/server";
import { setFilePriorities } from "../edits/edit-files.ts";
import type { ShoalNode } from "../shoal-node.ts";
import type { Transfer } from "../transfer.ts";
import { ArgumentReader } from "./arguments.ts";
import { chosenPriorities, choosesFiles } from "./file-choice.ts";
import { namedFolder } from "./folders.ts";
import { readLabels } from "./labels.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";
import { MOST_PEERS } from "./limit-fields.ts";
import { readPriority } from "./torrent-set.ts";

/** Letters of an info-hash alone: v1 or v2 in hex. */
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/i;

/** `torrent-add`: of a .torrent file in base64, a magnet link, an info-hash or the web address of a .torrent file. */
export async function addTorrent(
  node: ShoalNode,
  args: RpcArguments,
  bearer: TokenRecord,
): Promise<RpcArguments> {
  // Of a torrent that is added, an empty list of files means none.
  const said = Object.entries(args).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  const read = new ArgumentReader(Object.fromEntries(said));
  const dir = read.text("download-dir") ?? "";
  const refusal = "download directory path is not absolute";
  const downloadDir = dir === "" ? undefined : await namedFolder(node, bearer, dir, refusal);
  const labels = readLabels(read);
  const paused = read.flag("paused");
  const peers = read.whole("peer-limit", 0, MOST_PEERS) ?? 0;
  const priority = readPriority(read);
  const sequential = read.flag("sequential_download") ?? read.flag("sequential-download");
  try {
    const transfer = await node.add({
      ...sourceOf(read),
      // Which files are wanted is said after it was added: what does not fit of them waits for room.
      ...(choosesFiles(read) ? { ignoreSpace: true } : {}),
      ...(downloadDir === undefined ? {} : { downloadDir }),
      ...(paused === undefined ? {} : { paused }),
      ...(labels === undefined ? {} : { labels }),
      ...(sequential === undefined ? {} : { sequential }),
      ...(peers === 0 ? {} : { limits: { maxConnections: peers } }),
    });
    const files = choosesFiles(read) ? await chosenPriorities(read, transfer.torrent) : null;
    if (files !== null) await setFilePriorities(node.transfers, transfer, files.priorities);
    const remote = { ...priority, ...(files === null ? {} : { files: files.remembered }) };
    if (Object.keys(remote).length > 0) await node.transfers.change(transfer, { remote });
    return { "torrent-added": briefly(transfer) };
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    const twin = error.code === "ERR_DUPLICATE_TORRENT" ? node.transfers.twinOf(error) : null;
    if (twin !== null) return { "torrent-duplicate": briefly(twin) };
    if (error.code === "ERR_METAINFO" || error.code === "ERR_BENCODE" || error.code === "ERR_MAGNET")
      throw new RpcError("invalid or corrupt torrent file");
    throw error;
  }
}

function sourceOf(read: ArgumentReader): Pick<AddTorrent, "magnet" | "infoHash" | "url" | "torrent"> {
  // Some programs send the one that they don't mean as an empty text.
  const metainfo = read.long("metainfo") ?? "";
  if (metainfo !== "") return { torrent: metainfo };
  const filename = (read.text("filename") ?? "").trim();
  if (filename === "") throw new RpcError("no filename or metainfo specified");
  if (/^magnet:/i.test(filename)) return { magnet: filename };
  if (HASH.test(filename)) return { infoHash: filename.toLowerCase() };
  if (/^https?:\/\//i.test(filename)) return { url: filename };
  // A path is one of the computer of who asks, or none that it may read.
  throw new RpcError("invalid or corrupt torrent file");
}

function briefly(transfer: Transfer): RpcArguments {
  return { id: transfer.id, name: transfer.name, hashString: transfer.hash };
}
