import { AuditPage, SCHEMA_VERSION } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

const Query = Type.Object(
  {
    before: Type.Optional(Type.Integer({ minimum: 0, description: "rows before this one" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: "100 by default" })),
  },
  { additionalProperties: false },
);

/** Who changed what. */
export function auditRoutes(app: HttpServer, { audit }: ShoalNode): void {
  app.get(
    "/audit",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Who changed what, and who used which token from where",
        tags: ["tokens"],
        querystring: Query,
        response: { 200: AuditPage },
      },
    },
    async ({ query: { limit = 100, before } }) => ({
      schema: SCHEMA_VERSION,
      rows: await audit.rows(limit, before),
    }),
  );
}
