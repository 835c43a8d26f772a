import { SCHEMA_VERSION, TorrentFiles, TorrentPeers, TorrentTrackers } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";
import { fileViews, peerViews, trackerViews } from "../transfer-details.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const tags = ["torrents"];

/** One transfer looked at closely. */
export function torrentDetailRoutes(app: HttpServer, { transfers }: ShoalNode): void {
  const config = { scope: "read" } as const;
  app.get(
    "/torrents/:id/files",
    {
      config,
      schema: { summary: "The files of a transfer", tags, params: Id, response: { 200: TorrentFiles } },
    },
    async ({ params }) => ({
      schema: SCHEMA_VERSION,
      files: await fileViews(transfers.get(params.id).torrent),
    }),
  );
  app.get(
    "/torrents/:id/peers",
    {
      config,
      schema: { summary: "Who is connected", tags, params: Id, response: { 200: TorrentPeers } },
    },
    async ({ params, bearer }) => ({
      schema: SCHEMA_VERSION,
      peers: peerViews(transfers.get(params.id).torrent, bearer?.scope !== "read"),
    }),
  );
  app.get(
    "/torrents/:id/trackers",
    {
      config,
      schema: {
        summary: "Trackers, finders and web servers of a transfer",
        tags,
        params: Id,
        response: { 200: TorrentTrackers },
      },
    },
    async ({ params }) => ({ schema: SCHEMA_VERSION, ...trackerViews(transfers.get(params.id).torrent) }),
  );
}
