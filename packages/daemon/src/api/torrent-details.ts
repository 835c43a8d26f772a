import { SCHEMA_VERSION, TorrentFiles, TorrentPeers, TorrentTrackers } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";
import { fileViews, peerView, peerViews, trackerViews } from "../transfer-details.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const tags = ["torrents"];

/** One transfer looked at closely. */
export function torrentDetailRoutes(app: HttpServer, { transfers, servedPeers }: ShoalNode): void {
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
    async ({ params, bearer }) => {
      const { torrent } = transfers.get(params.id);
      const named = bearer?.scope !== "read";
      const gone = servedPeers.of(torrent).map(({ peer, number }) => ({ ...peerView(peer, named), number }));
      return { schema: SCHEMA_VERSION, peers: peerViews(torrent, named), gone };
    },
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
