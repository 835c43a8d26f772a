import { isAbsolute } from "node:path";
import { ShoalError } from "@shoal/engine";
import { ApiError } from "@shoal/server";
import type { ShoalNode } from "../shoal-node.ts";
import type { Transfer } from "../transfer.ts";
import { NO_WISHES } from "../transfer-record.ts";
import { findByIds } from "./ids.ts";
import { sessionFields, sessionStats } from "./session-fields.ts";
import { TORRENT_FIELDS } from "./torrent-fields.ts";

export type RpcArguments = Readonly<Record<string, unknown>>;

/** What a method answers; `result` is "success" or the reason why not. */
export interface RpcResult {
  readonly result: string;
  readonly arguments: RpcArguments;
}

type Method = (node: ShoalNode, args: RpcArguments, version: string) => Promise<RpcArguments> | RpcArguments;

/** Methods of Transmission's RPC, by name. */
const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>(
  Object.entries({
    "session-get": (node, { fields }, version) => only(sessionFields(node, version), fields),
    "session-set": () => ({}),
    "session-stats": (node) => sessionStats(node),
    "torrent-get": (node, args) => {
      const fields = Array.isArray(args["fields"]) ? args["fields"] : [];
      const known = fields.flatMap((name) => {
        const field = typeof name === "string" ? TORRENT_FIELDS.get(name) : undefined;
        return field === undefined ? [] : [[name as string, field] as const];
      });
      const torrents = chosen(node, args).map((transfer) =>
        Object.fromEntries(known.map(([name, field]) => [name, field(transfer)])),
      );
      return { torrents };
    },
    "torrent-add": addTorrent,
    "torrent-start": (node, args) => forEach(node, args, (transfer) => node.transfers.resume(transfer)),
    "torrent-start-now": (node, args) => forEach(node, args, (transfer) => node.transfers.resume(transfer)),
    "torrent-stop": (node, args) => forEach(node, args, (transfer) => node.transfers.pause(transfer)),
    "torrent-verify": (node, args) =>
      forEach(node, args, (transfer) => {
        // It takes as long as it takes: nobody waits for the end of it.
        transfer.torrent.recheck().catch(() => {});
      }),
    "torrent-reannounce": (node, args) => forEach(node, args, ({ torrent }) => torrent.announce()),
    "torrent-remove": (node, args) =>
      forEach(node, args, (transfer) => node.transfers.remove(transfer, args["delete-local-data"] === true)),
  } satisfies Record<string, Method>),
);

/** Runs a method; never throws for what the caller did wrong. */
export async function callMethod(
  node: ShoalNode,
  name: unknown,
  args: RpcArguments,
  version: string,
): Promise<RpcResult> {
  const method = typeof name === "string" ? METHODS.get(name) : undefined;
  if (method === undefined) return { result: "method name not recognized", arguments: {} };
  try {
    return { result: "success", arguments: await method(node, args, version) };
  } catch (error) {
    if (error instanceof ShoalError || error instanceof ApiError)
      return { result: error.message, arguments: {} };
    throw error;
  }
}

async function addTorrent(node: ShoalNode, args: RpcArguments): Promise<RpcArguments> {
  const { filename, metainfo, paused } = args;
  const dir = args["download-dir"];
  if (dir !== undefined && (typeof dir !== "string" || !isAbsolute(dir)))
    throw new ApiError(400, "ERR_VALIDATION", "download directory path is not absolute");
  const labels = Array.isArray(args["labels"]) ? args["labels"] : [];
  const source =
    typeof metainfo === "string"
      ? { torrentBytes: new Uint8Array(Buffer.from(metainfo, "base64")) }
      : typeof filename === "string" && /^magnet:/i.test(filename)
        ? { magnet: filename }
        : null;
  if (source === null) throw new ApiError(400, "ERR_VALIDATION", "no filename or metainfo specified");
  try {
    const transfer = await node.transfers.add({
      source,
      downloadDir: dir ?? node.downloadDir,
      ...NO_WISHES,
      paused: paused === true || paused === 1,
      labels: labels.filter((label): label is string => typeof label === "string"),
      peers: [],
      trackers: [],
    });
    return { "torrent-added": briefly(transfer) };
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    const twin = error.code === "ERR_DUPLICATE_TORRENT" ? node.transfers.twinOf(error) : null;
    if (twin !== null) return { "torrent-duplicate": briefly(twin) };
    if (error.code === "ERR_METAINFO" || error.code === "ERR_BENCODE")
      throw new ApiError(400, error.code, "invalid or corrupt torrent file");
    throw error;
  }
}

function briefly(transfer: Transfer): RpcArguments {
  return { id: transfer.id, name: transfer.torrent.name, hashString: transfer.hash };
}

function chosen(node: ShoalNode, args: RpcArguments): Transfer[] {
  const isRecent = ({ torrent }: Transfer): boolean => !torrent.isAtRest;
  return findByIds(args["ids"], node.transfers.list(), isRecent);
}

async function forEach(
  node: ShoalNode,
  args: RpcArguments,
  act: (transfer: Transfer) => void | Promise<void>,
): Promise<RpcArguments> {
  for (const transfer of chosen(node, args)) await act(transfer);
  return {};
}

function only(all: RpcArguments, fields: unknown): RpcArguments {
  if (!Array.isArray(fields)) return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => fields.includes(name)));
}
