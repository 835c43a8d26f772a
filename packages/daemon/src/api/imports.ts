import { isAbsolute, resolve } from "node:path";
import { ImportReport, NewImport, SCHEMA_VERSION } from "@shoal/schema";
import { ApiError, type HttpServer } from "@shoal/server";
import { importTorrents } from "../import/import-torrents.ts";
import type { ShoalNode } from "../shoal-node.ts";

/** Torrents of other programs. Who imports makes this program write where their files say: that takes an admin. */
export function importRoutes(app: HttpServer, { transfers }: ShoalNode): void {
  app.post(
    "/imports",
    {
      config: { scope: "admin" },
      schema: {
        body: NewImport,
        response: { 200: ImportReport },
        summary: "Take up the torrents of another program",
        tags: ["torrents"],
      },
    },
    async ({ body }) => {
      if (!isAbsolute(body.dir)) throw new ApiError(400, "ERR_VALIDATION", "dir must be an absolute path");
      const add = (wanted: Parameters<typeof transfers.add>[0]): ReturnType<typeof transfers.add> =>
        transfers.add(wanted);
      const torrents = await importTorrents({ add }, { ...body, dir: resolve(body.dir) });
      return { schema: SCHEMA_VERSION, torrents };
    },
  );
}
