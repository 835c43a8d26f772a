import {
  DeliveryLogPage,
  DeliveryLogQuery,
  EventLogPage,
  EventLogQuery,
  SCHEMA_VERSION,
} from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import type { ShoalNode } from "../shoal-node.ts";

/** Rows of an answer when nobody says how many. */
const USUAL_LIMIT = 100;

/** What was moved from and to whom, and what happened. */
export function logRoutes(app: HttpServer, node: ShoalNode): void {
  const config = { scope: "read" } as const;
  app.get(
    "/log/transfers",
    {
      config,
      schema: {
        summary: "Which piece came from whom, and went to whom",
        tags: ["history"],
        querystring: DeliveryLogQuery,
        response: { 200: DeliveryLogPage },
      },
    },
    async ({ query: { torrent, since, limit, ...filter }, bearer }) => {
      // Who may only read is not told where people are.
      const hidesPeers = bearer?.scope === "read";
      if (hidesPeers && filter.peer !== undefined)
        throw new ApiError(403, "ERR_FORBIDDEN", "The token may read, and looking for peers needs control");
      const { settings } = node;
      const { transfers } = node.ledger;
      await transfers.flush();
      const found = await transfers.rows({
        ...filter,
        key: torrent === undefined ? undefined : keyOf(node, torrent),
        since: since === undefined ? undefined : Date.parse(since),
        limit: limit ?? USUAL_LIMIT,
      });
      const rows = hidesPeers ? found.map((row) => ({ ...row, peer: null })) : found;
      const state = await transfers.state();
      return { schema: SCHEMA_VERSION, rows, capacity: settings.get("log.transfers"), ...state };
    },
  );
  app.get(
    "/log/events",
    {
      config,
      schema: {
        summary: "What happened",
        tags: ["history"],
        querystring: EventLogQuery,
        response: { 200: EventLogPage },
      },
    },
    async ({ query: { limit, ...filter } }) => ({
      schema: SCHEMA_VERSION,
      rows: await node.ledger.events.rows({ ...filter, limit: limit ?? USUAL_LIMIT }),
    }),
  );
}

/** Of a transfer's number, or the info-hash itself: the transfer may be gone. Throws ApiError ERR_NOT_FOUND. */
function keyOf({ transfers }: ShoalNode, torrent: string): string {
  if (!/^\d{1,10}$/.test(torrent)) return torrent.toLowerCase().slice(0, 40);
  return transfers.get(Number(torrent)).hash;
}
