import { ErrorBody, LimitChanges, Limits as LimitsView, SlowMode } from "@shoal/schema";
import { parseWeekSpan } from "@shoal/schema/settings";
import { ApiError, type HttpServer } from "@shoal/server";
import type { Limits } from "../limits/limits.ts";

/** Speed limits of the node: what holds, changing them, slow mode with one click. */
export function limitRoutes(app: HttpServer, limits: Limits): void {
  const tags = ["settings"];
  const response = { 200: LimitsView, default: ErrorBody };
  app.get(
    "/limits",
    {
      config: { scope: "read" },
      schema: { summary: "Speed limits: what holds now, and why", tags, response },
    },
    async () => limits.view(),
  );
  app.patch(
    "/limits",
    {
      schema: {
        summary: "Change speed limits and the schedule of slow mode",
        tags,
        body: LimitChanges,
        response,
      },
    },
    async ({ body }) => {
      for (const span of body.schedule ?? []) assertSpan(span);
      await limits.change(body);
      return limits.view();
    },
  );
  app.post(
    "/limits/slow",
    { schema: { summary: "Slow mode on, off, or the other way round", tags, body: SlowMode, response } },
    async ({ body }) => {
      await limits.setSlow(body.on);
      return limits.view();
    },
  );
}

function assertSpan(text: string): void {
  try {
    parseWeekSpan(text);
  } catch (error) {
    throw new ApiError(400, "ERR_VALIDATION", `schedule: ${(error as Error).message}`);
  }
}
