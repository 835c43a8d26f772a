import { formatMagnet, parseEndpoint, ShoalError } from "@shoal/engine";
import {
  FileChanges,
  MagnetLink,
  MoveFiles,
  MoveState,
  NewPeers,
  QueueMove,
  RenameFiles,
  SCHEMA_VERSION,
  Torrent,
  TorrentFiles,
  TorrentPieces,
  TorrentTrackers,
  TrackerChanges,
} from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import type { FastifyReply } from "fastify";
import { type Static, type TSchema, Type } from "typebox";
import { queueMoveOf, recheck } from "../edits/actions.ts";
import { editFiles, renameTransfer } from "../edits/edit-files.ts";
import { editTrackers } from "../edits/edit-trackers.ts";
import type { ShoalNode } from "../shoal-node.ts";
import type { Transfer } from "../transfer.ts";
import { fileViews, trackerViews } from "../transfer-details.ts";
import { assertFolder } from "./allowed-folders.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const NOTHING = Type.Object({}, { additionalProperties: false });
const tags = ["torrents"];

/** What is done to one transfer, besides pausing and resuming it. */
export function torrentActionRoutes(app: HttpServer, node: ShoalNode): void {
  const { transfers, queue, moves } = node;

  /** A change whose answer is the transfer as it is then. */
  function change<B extends TSchema>(
    path: string,
    summary: string,
    body: B,
    act: (transfer: Transfer, body: Static<B>) => Promise<void> | void,
  ): void {
    app.post(
      `/torrents/:id/${path}`,
      { schema: { summary, tags, params: Id, body, response: { 200: Torrent } } },
      async (request) => {
        const transfer = transfers.get(request.params.id);
        await act(transfer, request.body as Static<B>);
        return transfer.view();
      },
    );
  }

  change("queue", "Moves it within the queue", QueueMove, (transfer, body) =>
    queue.move([transfer], queueMoveOf(body)),
  );
  change("recheck", "Compares all data with the hashes, from now on", NOTHING, (transfer) =>
    recheck(node, transfer),
  );
  change("announce", "Looks for peers at once", NOTHING, ({ torrent }) => torrent.announce());
  change("rename", "Gives it, a file or a folder another name", RenameFiles, (transfer, { path, name }) =>
    renameTransfer(transfers, transfer, path ?? null, name),
  );
  change("peers", "Names peers to try", NewPeers, ({ torrent }, { peers }) => {
    for (const peer of peers.map(endpoint)) torrent.addPeer(peer);
  });
  app.post(
    "/torrents/:id/move",
    {
      schema: {
        summary: "Moves the files; answers when they are there",
        tags,
        params: Id,
        body: MoveFiles,
        response: { 200: MoveState },
      },
    },
    async ({ params, body, bearer }) => {
      const transfer = transfers.get(params.id);
      await assertFolder(node, bearer, "dir", body.dir);
      await moves.move(transfer, body);
      return moves.state(transfer);
    },
  );
  app.get(
    "/torrents/:id/move",
    {
      config: { scope: "read" },
      schema: {
        summary: "How far files are that are being moved",
        tags,
        params: Id,
        response: { 200: MoveState },
      },
    },
    async ({ params }) => moves.state(transfers.get(params.id)),
  );
  app.delete(
    "/torrents/:id/move",
    {
      schema: {
        summary: "Takes back a move that is under way",
        tags,
        params: Id,
        response: { 200: Type.Object({ cancelled: Type.Boolean() }) },
      },
    },
    async ({ params }) => ({ cancelled: moves.cancel(transfers.get(params.id)) }),
  );
  app.patch(
    "/torrents/:id/files",
    {
      schema: {
        summary: "Changes which files are wanted",
        tags,
        params: Id,
        body: FileChanges,
        response: { 200: TorrentFiles },
      },
    },
    async ({ params, body }) => {
      const transfer = transfers.get(params.id);
      await editFiles(transfers, transfer, body);
      return { schema: SCHEMA_VERSION, files: await fileViews(transfer.torrent) };
    },
  );
  app.patch(
    "/torrents/:id/trackers",
    {
      schema: {
        summary: "Adds, removes and replaces trackers",
        tags,
        params: Id,
        body: TrackerChanges,
        response: { 200: TorrentTrackers },
      },
    },
    async ({ params, body }) => {
      const transfer = transfers.get(params.id);
      await editTrackers(transfers, transfer, body);
      return { schema: SCHEMA_VERSION, ...trackerViews(transfer.torrent) };
    },
  );
  app.get(
    "/torrents/:id/pieces",
    {
      config: { scope: "read" },
      schema: { summary: "Which pieces are there", tags, params: Id, response: { 200: TorrentPieces } },
    },
    async ({ params }) => {
      const { torrent } = transfers.get(params.id);
      const map = torrent.row() === null ? null : await torrent.pieces();
      const { pieceCount } = torrent.stats();
      const have = map === null ? null : Buffer.from(map.have).toString("base64");
      return { schema: SCHEMA_VERSION, pieceCount, have };
    },
  );
  app.get(
    "/torrents/:id/magnet",
    {
      config: { scope: "read" },
      schema: { summary: "A link by which others find it", tags, params: Id, response: { 200: MagnetLink } },
    },
    async ({ params }) => {
      const { torrent, name } = transfers.get(params.id);
      const trackers = torrent.trackers().map(({ url }) => url);
      const { infoHashes } = torrent;
      const about = { name, trackers, webSeeds: [], peers: [], exactLength: null, selectOnly: null };
      return { schema: SCHEMA_VERSION, magnet: formatMagnet({ infoHashes, ...about }) };
    },
  );
  app.get(
    "/torrents/:id/torrent-file",
    {
      config: { scope: "read" },
      schema: {
        summary: "Its .torrent file",
        tags,
        params: Id,
        response: {
          200: {
            description: "The file.",
            content: { "application/x-bittorrent": { schema: Type.String() } },
          },
        },
      },
    },
    async ({ params }, reply) => {
      const bytes = await transfers.torrentBytes(transfers.get(params.id));
      if (bytes === null) throw new ApiError(409, "ERR_NO_METADATA", "Its files are not known yet");
      reply.header("content-disposition", `attachment; filename="${params.id}.torrent"`);
      return (reply as FastifyReply).type("application/x-bittorrent").send(Buffer.from(bytes));
    },
  );
}

/** Throws ApiError ERR_VALIDATION. */
function endpoint(text: string): ReturnType<typeof parseEndpoint> {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    const message = `${JSON.stringify(text)} is not an address with a port`;
    throw new ApiError(400, "ERR_VALIDATION", message);
  }
}
