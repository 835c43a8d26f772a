import { isAbsolute, resolve } from "node:path";
import { parseEndpoint, ShoalError } from "@shoal/engine";
import { AddTorrent, ErrorBody, Torrent, TorrentChanges, WholeNumber } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";
import type { NewTransfer } from "../transfers.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const Removal = Type.Object({ deleteFiles: Type.Optional(Type.Boolean()) });

/** Transfers: what there is, adding, and everything that is done to one. */
export function torrentRoutes(app: HttpServer, node: ShoalNode): void {
  const { transfers } = node;
  app.post(
    "/torrents",
    { schema: { body: AddTorrent, response: { 201: Torrent, default: ErrorBody } } },
    async ({ body }, reply) => {
      const transfer = await transfers.add(await newTransfer(body, node));
      return reply.code(201).send(transfer.view());
    },
  );
  app.get(
    "/torrents/:id",
    { config: { scope: "read" }, schema: { params: Id, response: { 200: Torrent } } },
    async ({ params }) => transfers.get(params.id).view(),
  );
  app.patch(
    "/torrents/:id",
    { schema: { params: Id, body: TorrentChanges, response: { 200: Torrent } } },
    async ({ params, body }) => {
      const transfer = transfers.get(params.id);
      await transfers.change(transfer, body);
      return transfer.view();
    },
  );
  app.post(
    "/torrents/:id/pause",
    { schema: { params: Id, response: { 200: Torrent } } },
    async ({ params }) => {
      const transfer = transfers.get(params.id);
      await transfers.pause(transfer);
      return transfer.view();
    },
  );
  app.post(
    "/torrents/:id/resume",
    { schema: { params: Id, response: { 200: Torrent } } },
    async ({ params }) => {
      const transfer = transfers.get(params.id);
      await transfers.resume(transfer);
      return transfer.view();
    },
  );
  app.delete(
    "/torrents/:id",
    {
      schema: { params: Id, querystring: Removal, response: { 200: Type.Object({ removed: WholeNumber }) } },
    },
    async ({ params, query }) => {
      await transfers.remove(transfers.get(params.id), query.deleteFiles === true);
      return { removed: params.id };
    },
  );
}

/** Throws ApiError ERR_VALIDATION. */
async function newTransfer(body: AddTorrent, node: ShoalNode): Promise<NewTransfer> {
  const { magnet, infoHash, url, torrent } = body;
  const named = [magnet, infoHash, url, torrent].filter((source) => source !== undefined).length;
  if (named !== 1) throw invalid("Give one of magnet, infoHash, url and torrent");
  if (body.downloadDir !== undefined && !isAbsolute(body.downloadDir))
    throw invalid("downloadDir must be an absolute path");
  return {
    source:
      magnet !== undefined
        ? { magnet }
        : infoHash !== undefined
          ? { infoHash }
          : url !== undefined
            ? { torrentBytes: await node.torrentFetcher.fetch(url) }
            : { torrentBytes: new Uint8Array(Buffer.from(torrent!, "base64")) },
    downloadDir: resolve(body.downloadDir ?? node.downloadDir),
    paused: body.paused ?? !node.settings.get("downloads.start"),
    labels: body.labels ?? [],
    forced: body.forced ?? false,
    sequential: body.sequential ?? false,
    firstLast: body.firstLast ?? false,
    goals: { ...sharingGoals(body, node.settings), ...body.goals },
    peers: (body.peers ?? []).map(endpoint),
    trackers: body.trackers ?? [],
  };
}

/** To be shared or not is a goal as others are: of a ratio of 0, or of the usual one. */
function sharingGoals({ share }: AddTorrent, settings: ShoalNode["settings"]): NewTransfer["goals"] {
  if (share === undefined || (share && settings.get("downloads.share"))) return {};
  return { ratio: share ? settings.get("sharing.ratio") : 0 };
}

function endpoint(text: string): ReturnType<typeof parseEndpoint> {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (error instanceof ShoalError) throw invalid(`${JSON.stringify(text)} is not an address with a port`);
    throw error;
  }
}

function invalid(message: string): ApiError {
  return new ApiError(400, "ERR_VALIDATION", message);
}
