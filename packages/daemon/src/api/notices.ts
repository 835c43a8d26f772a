import { KeptNoticeList, NoticesSeen, SCHEMA_VERSION } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

const Which = Type.Object({ unseen: Type.Optional(Type.Boolean()) });

/** What happened while nobody was watching. */
export function noticeRoutes(app: HttpServer, { board }: ShoalNode): void {
  app.get(
    "/notices",
    {
      config: { scope: "read" },
      schema: {
        summary: "What a person may want to know",
        tags: ["history"],
        querystring: Which,
        response: { 200: KeptNoticeList },
      },
    },
    async ({ query: { unseen = false } }) => ({
      schema: SCHEMA_VERSION,
      notices: board.list().filter(({ seenAt }) => !unseen || seenAt === null),
    }),
  );
  app.post(
    "/notices/seen",
    {
      schema: {
        summary: "Marks notices as seen",
        tags: ["history"],
        body: NoticesSeen,
        response: { 200: KeptNoticeList },
      },
    },
    async ({ body }) => {
      await board.seen(body.upTo);
      return { schema: SCHEMA_VERSION, notices: board.list().filter(({ seenAt }) => seenAt === null) };
    },
  );
}
