import { isAbsolute, resolve } from "node:path";
import { NewWatchFolder, SCHEMA_VERSION, WatchFolder, WatchFolderList } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

const Id = Type.Object({ id: Type.Integer({ minimum: 1 }) });

/** Folders of which every .torrent file is added. Who may set one up reads, renames and deletes files there: that takes an admin. */
export function watchFolderRoutes(app: HttpServer, { watchFolders }: ShoalNode): void {
  app.get(
    "/watch-folders",
    {
      config: { scope: "read" },
      schema: {
        summary: "Folders of which every .torrent file is added",
        tags: ["settings"],
        response: { 200: WatchFolderList },
      },
    },
    async () => ({ schema: SCHEMA_VERSION, watchFolders: watchFolders.list() }),
  );
  app.post(
    "/watch-folders",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Watches a folder",
        tags: ["settings"],
        body: NewWatchFolder,
        response: { 201: WatchFolder },
      },
    },
    async ({ body }, reply) => {
      const { dir, downloadDir } = body;
      for (const folder of [dir, downloadDir ?? dir])
        if (!isAbsolute(folder))
          throw new ApiError(400, "ERR_VALIDATION", `${JSON.stringify(folder)} must be an absolute path`);
      return reply.code(201).send(
        await watchFolders.add({
          ...body,
          dir: resolve(dir),
          ...(downloadDir === undefined ? {} : { downloadDir: resolve(downloadDir) }),
        }),
      );
    },
  );
  app.delete(
    "/watch-folders/:id",
    {
      config: { scope: "admin" },
      schema: {
        summary: "Watches a folder no longer",
        tags: ["settings"],
        params: Id,
        response: { 200: Type.Object({ removed: Type.Integer() }) },
      },
    },
    async ({ params }) => {
      await watchFolders.remove(params.id);
      return { removed: params.id };
    },
  );
}
