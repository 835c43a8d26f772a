import { HistoryList, HistoryQuery, SCHEMA_VERSION, Torrent, TrashList, Undone } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

/** Entries of an answer when nobody says how many. */
const USUAL_LIMIT = 100;
const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const Nothing = Type.Object({}, { additionalProperties: false });

/** What has become of transfers, and how they come back. */
export function historyRoutes(app: HttpServer, node: ShoalNode): void {
  const { history, transfers } = node;
  const { trash } = transfers;
  const config = { scope: "read" } as const;
  app.get(
    "/history",
    {
      config,
      schema: {
        summary: "What has become of transfers",
        tags: ["history"],
        querystring: HistoryQuery,
        response: { 200: HistoryList },
      },
    },
    async ({ query: { limit, ...filter } }) => ({
      schema: SCHEMA_VERSION,
      entries: await history.list({ ...filter, limit: limit ?? USUAL_LIMIT }),
    }),
  );
  app.post(
    "/history/:id/retry",
    {
      schema: {
        summary: "Begins anew what failed or was cancelled",
        tags: ["history"],
        params: Id,
        body: Nothing,
        response: { 200: Torrent },
      },
    },
    async ({ params }) => (await history.retry(params.id)).view(),
  );
  app.delete(
    "/history",
    {
      schema: {
        summary: "Forgets the history",
        tags: ["history"],
        response: { 200: Type.Object({ cleared: Type.Literal(true) }) },
      },
    },
    async () => {
      await history.clear();
      return { cleared: true as const };
    },
  );
  app.get(
    "/trash",
    {
      config,
      schema: { summary: "Removals that can be undone", tags: ["history"], response: { 200: TrashList } },
    },
    async () => ({
      schema: SCHEMA_VERSION,
      entries: trash.list(),
    }),
  );
  app.post(
    "/undo",
    {
      schema: {
        summary: "Undoes the last removal",
        tags: ["history"],
        body: Nothing,
        response: { 200: Undone },
      },
    },
    async () => ({
      schema: SCHEMA_VERSION,
      torrents: (await trash.undo()).map((transfer) => transfer.view()),
    }),
  );
  app.post(
    "/trash/:id/restore",
    {
      schema: {
        summary: "Brings a removed transfer back",
        tags: ["history"],
        params: Id,
        body: Nothing,
        response: { 200: Torrent },
      },
    },
    async ({ params }) => (await trash.restore(params.id)).view(),
  );
  app.delete(
    "/trash/:id",
    {
      schema: {
        summary: "Ends the time in which a removal can be undone",
        tags: ["history"],
        params: Id,
        response: { 200: Type.Object({ deleted: Type.Integer() }) },
      },
    },
    async ({ params }) => {
      await trash.purge(params.id);
      return { deleted: params.id };
    },
  );
}
