import { isAbsolute } from "node:path";
import { ShoalError } from "@shoal/engine";
import type { TokenRecord } from "@shoal/server";
import { assertAllowed } from "../api/allowed-folders.ts";
import type { ShoalNode } from "../shoal-node.ts";
import { NO_WISHES } from "../transfer-record.ts";
import type { Transfer } from "../transfer.ts";
import type { NewTransfer } from "../transfers.ts";
import { ArgumentReader } from "./arguments.ts";
import { choosePriorities, choosesFiles } from "./file-choice.ts";
import { readLabels } from "./labels.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";

/** Letters of an info-hash alone: v1 or v2 in hex. */
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/i;

/** `torrent-add`: of a .torrent file in base64, a magnet link, an info-hash or the web address of a .torrent file. */
export async function addTorrent(
  node: ShoalNode,
  args: RpcArguments,
  bearer: TokenRecord,
): Promise<RpcArguments> {
  const read = new ArgumentReader(args);
  const dir = read.text("download-dir") ?? "";
  if (dir !== "" && !isAbsolute(dir)) throw new RpcError("download directory path is not absolute");
  if (dir !== "") await assertAllowed(node, bearer, dir);
  const labels = readLabels(read) ?? [];
  const paused = read.flag("paused") ?? !node.settings.get("downloads.start");
  try {
    const transfer = await node.transfers.add({
      source: await sourceOf(node, read),
      downloadDir: dir === "" ? node.downloadDir : dir,
      ...NO_WISHES,
      paused,
      labels,
      sequential: read.flag("sequential_download") ?? false,
      peers: [],
      trackers: [],
    });
    if (choosesFiles(read)) {
      const { torrent } = transfer;
      await torrent.setFilePriorities(choosePriorities(read, await torrent.files()));
    }
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

async function sourceOf(node: ShoalNode, read: ArgumentReader): Promise<NewTransfer["source"]> {
  // Some programs send the one that they don't mean as an empty text.
  const metainfo = read.text("metainfo") ?? "";
  if (metainfo !== "") return { torrentBytes: new Uint8Array(Buffer.from(metainfo, "base64")) };
  const filename = (read.text("filename") ?? "").trim();
  if (filename === "") throw new RpcError("no filename or metainfo specified");
  if (/^magnet:/i.test(filename)) return { magnet: filename };
  if (HASH.test(filename)) return { infoHash: filename.toLowerCase() };
  if (/^https?:\/\//i.test(filename)) return { torrentBytes: await node.torrentFetcher.fetch(filename) };
  // A path is one of the computer of who asks, or none that it may read.
  throw new RpcError("invalid or corrupt torrent file");
}

function briefly(transfer: Transfer): RpcArguments {
  return { id: transfer.id, name: transfer.torrent.name, hashString: transfer.hash };
}
