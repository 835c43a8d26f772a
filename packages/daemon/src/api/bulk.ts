import { BulkAction, BulkResult, SCHEMA_VERSION } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { act, queueMoveOf } from "../edits/actions.ts";
import type { ShoalNode } from "../shoal-node.ts";
import type { Transfer } from "../transfer.ts";
import { assertFolder } from "./allowed-folders.ts";
import { explainError } from "./explain-error.ts";

type Result = BulkResult["results"][number];

/** So many are dealt with at the same time. */
const AT_ONCE = 50;

/** The same done to many transfers; each has its own result. */
export function bulkRoutes(app: HttpServer, node: ShoalNode): void {
  app.post(
    "/torrents/actions",
    {
      schema: {
        summary: "Does one thing to many transfers",
        tags: ["torrents"],
        body: BulkAction,
        response: { 200: BulkResult },
      },
    },
    async ({ body, bearer }) => {
      if (body.action === "move" && body.move !== undefined)
        await assertFolder(node, bearer, "dir", body.move.dir);
      const results: Result[] = [];
      const named: Transfer[] = [];
      const one = async (id: number): Promise<Result> => {
        try {
          const transfer = node.transfers.get(id);
          named.push(transfer);
          await act(node, transfer, body);
          return { id, ok: true };
        } catch (error) {
          return { id, ok: false, error: told(error) };
        }
      };
      const move = body.action === "queue" ? queueMoveOf(body.queue ?? {}) : null;
      for (let at = 0; at < body.ids.length; at += AT_ONCE)
        results.push(...(await Promise.all(body.ids.slice(at, at + AT_ONCE).map(one))));
      if (move !== null) await node.queue.move(named, move);
      const failed = results.filter(({ ok }) => !ok).length;
      return { schema: SCHEMA_VERSION, done: results.length - failed, failed, results };
    },
  );
}

/** Throws what is no error that was expected. */
function told(error: unknown): NonNullable<Result["error"]> {
  const known = error instanceof ApiError ? error : explainError(error);
  if (known === null) throw error;
  const { code, message, advice } = known;
  return { code, message, ...(advice === null ? {} : { advice }) };
}
