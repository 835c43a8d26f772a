import { AddTorrent, ErrorBody, Torrent, TorrentChanges, WholeNumber } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";
import type { Transfer } from "../transfer.ts";
import { assertFolder } from "./allowed-folders.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const Removal = Type.Object({
  deleteFiles: Type.Optional(Type.Boolean()),
  /** What is removed under the same word comes back together. */
  batch: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
});

/** Transfers: what there is, adding, and everything that is done to one. */
export function torrentRoutes(app: HttpServer, node: ShoalNode): void {
  const { transfers } = node;
  const resume = (transfer: Transfer): Promise<void> => transfers.resume(transfer);
  app.post(
    "/torrents",
    {
      schema: {
        summary: "Adds a transfer",
        tags: ["torrents"],
        body: AddTorrent,
        response: { 201: Torrent, default: ErrorBody },
      },
    },
    async ({ body, bearer }, reply) => {
      if (body.downloadDir !== undefined) await assertFolder(node, bearer, "downloadDir", body.downloadDir);
      const transfer = await node.add(body);
      return reply.code(201).send(transfer.view());
    },
  );
  app.get(
    "/torrents/:id",
    {
      config: { scope: "read" },
      schema: { summary: "One transfer", tags: ["torrents"], params: Id, response: { 200: Torrent } },
    },
    async ({ params }) => transfers.get(params.id).view(),
  );
  app.patch(
    "/torrents/:id",
    {
      schema: {
        summary: "Changes what is wanted of a transfer",
        tags: ["torrents"],
        params: Id,
        body: TorrentChanges,
        response: { 200: Torrent },
      },
    },
    async ({ params, body }) => {
      const transfer = transfers.get(params.id);
      await transfers.change(transfer, body);
      return transfer.view();
    },
  );
  const verbs = [
    ["pause", "Stops a transfer for now", (transfer: Transfer) => transfers.pause(transfer)],
    ["resume", "Goes on after a pause, or tries again after a failure", resume],
    ["retry", "Tries again what has failed", resume],
  ] as const;
  for (const [verb, summary, act] of verbs)
    app.post(
      `/torrents/:id/${verb}`,
      { schema: { summary, tags: ["torrents"], params: Id, response: { 200: Torrent } } },
      async ({ params }) => {
        const transfer = transfers.get(params.id);
        await act(transfer);
        return transfer.view();
      },
    );
  app.delete(
    "/torrents/:id",
    {
      schema: {
        summary: "Takes a transfer off the list, with its files where that is wanted",
        tags: ["torrents"],
        params: Id,
        querystring: Removal,
        response: { 200: Type.Object({ removed: WholeNumber }) },
      },
    },
    async ({ params, query }) => {
      await transfers.remove(transfers.get(params.id), query.deleteFiles === true, query.batch);
      return { removed: params.id };
    },
  );
}
