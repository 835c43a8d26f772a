import { DoctorReport } from "@shoal/schema";
import type { HttpServer } from "@shoal/server";
import { Type } from "typebox";
import type { ShoalNode } from "../shoal-node.ts";

const Query = Type.Object({ torrent: Type.Optional(Type.Integer({ minimum: 1 })) });

/** Why nothing moves, or nobody gets in. Not for those who may only read: it writes to disks, connects, and tells paths. */
export function doctorRoutes(app: HttpServer, node: ShoalNode, version: string): void {
  app.get(
    "/doctor",
    {
      config: { scope: "control" },
      schema: {
        summary: "What works, what does not, and what to try",
        tags: ["node"],
        querystring: Query,
        response: { 200: DoctorReport },
      },
    },
    async ({ query: { torrent } }) =>
      node.doctor.examine(torrent === undefined ? null : node.transfers.get(torrent), version),
  );
}
