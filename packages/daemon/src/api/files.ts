import { GetFile, KnownFile, SCHEMA_VERSION, Torrent } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";
import { assertAllowed } from "./allowed-folders.ts";

const Id = Type.Object({ id: Type.String({ maxLength: 80 }) });

/** Files by their ids, whatever torrent they are in. */
export function fileRoutes(app: HttpServer, node: ShoalNode): void {
  const { fileIndex } = node;
  app.get(
    "/files/:id",
    {
      config: { scope: "read" },
      schema: { params: Id, response: { 200: KnownFile }, summary: "Where a file is known", tags: ["files"] },
    },
    async ({ params }) => {
      const found = await fileIndex.find(params.id);
      return {
        schema: SCHEMA_VERSION,
        id: found[0].fileId,
        size: found[0].size,
        places: found.map((file) => ({
          torrentId: fileIndex.transferOf(file)?.id ?? null,
          infoHash: file.key,
          torrentName: file.torrentName,
          index: file.fileIndex,
          path: file.path,
        })),
      };
    },
  );
  app.post(
    "/files/:id/get",
    {
      schema: {
        params: Id,
        body: GetFile,
        response: { 200: Torrent },
        summary: "Fetch a file that is known",
        tags: ["files"],
      },
    },
    async ({ params, body, bearer }) => {
      if (body.downloadDir !== undefined) await assertAllowed(node, bearer, body.downloadDir);
      return (await node.getFile(params.id, body)).view();
    },
  );
}
