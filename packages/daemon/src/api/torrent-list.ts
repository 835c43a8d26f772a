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

const COMMA = 0x2c;

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
        const head = `{"schema":${SCHEMA_VERSION},"revision":${rows.revision},"total":${total},"torrents":[`;
        // Written by hand: most rows are as they were for the last who asked, and so is their JSON.
        if (fields.length > 0) return Buffer.from(`${head}${views.map(picker(fields)).join()}]}`);
        return joined(
          head,
          views.map((view) => rows.json(view)),
          "]}",
        );
      });
      return (reply as FastifyReply).type("application/json; charset=utf-8").send(body);
    },
  );
}

/** With commas between the parts. */
function joined(head: string, parts: readonly Buffer[], tail: string): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length + 1, head.length + tail.length);
  const all = Buffer.allocUnsafeSlow(size);
  let at = all.write(head, "latin1");
  for (const [i, part] of parts.entries()) {
    if (i > 0) all[at++] = COMMA;
    all.set(part, at);
    at += part.length;
  }
  at += all.write(tail, at, "latin1");
  return all.subarray(0, at);
}

/** A view's JSON with these fields only. */
function picker(fields: readonly (keyof TorrentView)[]): (view: TorrentView) => string {
  const names = fields.map((field, i) => `${i === 0 ? "{" : ","}${JSON.stringify(field)}:`);
  return (view) => {
    let json = "";
    for (let i = 0; i < fields.length; i++) {
      const value = view[fields[i]!];
      // Numbers are always finite here.
      json += names[i]! + (typeof value === "number" ? value : JSON.stringify(value));
    }
    return `${json}}`;
  };
}
