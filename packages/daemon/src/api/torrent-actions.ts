import { QueueMove, Torrent } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const tags = ["torrents"];

/** What is done to one transfer, besides pausing and resuming it. */
export function torrentActionRoutes(app: HttpServer, node: ShoalNode): void {
  const { transfers, queue } = node;
  app.post(
    "/torrents/:id/queue",
    {
      schema: {
        summary: "Moves it within the queue",
        tags,
        params: Id,
        body: QueueMove,
        response: { 200: Torrent },
      },
    },
    async ({ params, body }) => {
      const transfer = transfers.get(params.id);
      await queue.move([transfer], queueMove(body));
      return transfer.view();
    },
  );
}

/** Throws ApiError ERR_VALIDATION. */
function queueMove({ move, position }: QueueMove): Parameters<ShoalNode["queue"]["move"]>[1] {
  if ((move === undefined) === (position === undefined))
    throw new ApiError(400, "ERR_VALIDATION", "Give one of move and position");
  return move ?? position! - 1;
}
