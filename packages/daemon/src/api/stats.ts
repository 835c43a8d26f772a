import { SCHEMA_VERSION, Stats } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import type { ShoalNode } from "../shoal-node.ts";

/** What was moved, by day and in all. */
export function statsRoutes(app: HttpServer, { ledger }: ShoalNode): void {
  app.get(
    "/stats",
    {
      config: { scope: "read" },
      schema: { summary: "What was moved, by day and in all", tags: ["history"], response: { 200: Stats } },
    },
    async () => ({
      schema: SCHEMA_VERSION,
      ...(await ledger.totals.stats()),
    }),
  );
}
