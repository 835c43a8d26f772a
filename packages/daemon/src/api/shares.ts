import { isAbsolute, resolve } from "node:path";
import { NewShare, SCHEMA_VERSION, Share, ShareList } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";
import { assertAllowed } from "./allowed-folders.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });

/** What is being made into torrents, to be shared where it lies. */
export function shareRoutes(app: HttpServer, node: ShoalNode): void {
  const { shares } = node;
  app.post(
    "/shares",
    {
      schema: {
        summary: "Shares files and folders where they lie",
        tags: ["shares"],
        body: NewShare,
        response: { 202: ShareList },
      },
    },
    async ({ body, bearer }, reply) => {
      for (const path of body.paths) {
        if (!isAbsolute(path))
          throw new ApiError(400, "ERR_VALIDATION", `${JSON.stringify(path)} must be an absolute path`);
        await assertAllowed(node, bearer, path);
      }
      const added = await shares.add({ ...body, paths: body.paths.map((path) => resolve(path)) });
      return reply.code(202).send({ schema: SCHEMA_VERSION, shares: added });
    },
  );
  app.get(
    "/shares",
    {
      config: { scope: "read" },
      schema: { summary: "What is being made into torrents", tags: ["shares"], response: { 200: ShareList } },
    },
    async () => ({
      schema: SCHEMA_VERSION,
      shares: shares.list(),
    }),
  );
  app.get(
    "/shares/:id",
    {
      config: { scope: "read" },
      schema: {
        summary: "One share that is being made",
        tags: ["shares"],
        params: Id,
        response: { 200: Share },
      },
    },
    async ({ params }) => shares.get(params.id),
  );
  app.delete(
    "/shares/:id",
    {
      schema: {
        summary: "Stops making a share",
        tags: ["shares"],
        params: Id,
        response: { 200: Type.Object({ cancelled: Type.Integer() }) },
      },
    },
    async ({ params }) => {
      await shares.cancel(params.id);
      return { cancelled: params.id };
    },
  );
}
