import {
  SCHEMA_VERSION,
  type Torrent as TorrentView,
  TORRENT_COLUMNS,
  TorrentQuery,
  TorrentSelection,
} from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import type { Live } from "../live/live.ts";
import type { FastifyReply } from "fastify";
import { queryTorrents } from "../live/torrent-query.ts";
import { chooseWords } from "./choose-words.ts";

/** The list of transfers, of which there may be very many. */
export function torrentListRoutes(app: HttpServer, live: Live): void {
  app.get(
    "/torrents",
    {
      config: { scope: "read" },
      schema: {
        summary: "All transfers, or those that are looked for",
        tags: ["torrents"],
        querystring: TorrentQuery,
        response: { 200: TorrentSelection },
      },
    },
    async ({ query }, reply) => {
      const fields = chooseWords("fields", query.fields, TORRENT_COLUMNS);
      if (query.sort !== undefined) chooseWords("fields", query.sort.replace(/^-/, ""), TORRENT_COLUMNS);
      const rows = live.look();
      const body = rows.answer(JSON.stringify(query), () => {
        const { views, total } = queryTorrents(rows.views(), query);
        const stringify = fields.length === 0 ? undefined : picker(fields);
        const parts = views.map((view) => stringify?.(view) ?? rows.json(view));
        // Written by hand: most rows are as they were for the last who asked, and so is their JSON.
        const head = `{"schema":${SCHEMA_VERSION},"revision":${rows.revision},"total":${total},"torrents":[`;
        return Buffer.from(`${head}${parts.join()}]}`);
      });
      return (reply as FastifyReply).type("application/json; charset=utf-8").send(body);
    },
  );
}

/** A view's JSON with these fields only. */
function picker(fields: readonly (keyof TorrentView)[]): (view: TorrentView) => string {
  return (view) => JSON.stringify(Object.fromEntries(fields.map((field) => [field, view[field]])));
}
