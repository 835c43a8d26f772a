import { Type } from "typebox";
import { ApiError, type HttpServer } from "@shoal/server";
import type { Metrics } from "../metrics/metrics.ts";
import type { ShoalNode } from "../shoal-node.ts";

/** Numbers for Prometheus, where the settings say so. */
export function metricRoutes(app: HttpServer, { settings, session, live }: ShoalNode, version: string): void {
  let metrics: Promise<Metrics> | null = null;
  app.get(
    "/metrics",
    {
      config: { scope: "read" },
      schema: {
        summary: "The node in numbers, for Prometheus",
        description:
          "Off unless the setting `metrics.enabled` is on. Give Prometheus the token as `bearer_token`.",
        tags: ["node"],
        response: {
          200: { description: "Metrics.", content: { "text/plain": { schema: Type.String() } } },
        },
      },
    },
    async (_request, reply) => {
      if (!settings.get("metrics.enabled")) {
        const advice = "Turn them on with: shoal config set metrics.enabled on";
        throw new ApiError(404, "ERR_NOT_FOUND", "Metrics are off", advice);
      }
      // Loaded by the first who asks: it watches the event loop from then on.
      metrics ??= import("../metrics/metrics.ts").then(
        (loaded) => new loaded.Metrics(session, live, version),
      );
      const found = await metrics;
      return reply.type(found.contentType).send(await found.text());
    },
  );
}
