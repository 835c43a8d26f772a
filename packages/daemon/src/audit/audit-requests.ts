import { type HttpServer, mayChange } from "@shoal/server";
import type { FastifyRequest } from "fastify";
import type { AuditLog } from "./audit-log.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** What is done, where the route alone does not say it; "" when nothing is changed. */
    audited: string | null;
  }
}

/** Tokens and addresses of which it is remembered that they have been seen. */
const MAX_SEEN = 1_000;

/** Writes down who changes what, and who uses a token from where for the first time in this run. Bodies are not kept: they may hold secrets. */
export function auditRequests(app: HttpServer, audit: AuditLog): void {
  const seen = new Set<string>();
  app.decorateRequest("audited", null);
  app.addHook("onResponse", async (request, reply) => {
    const { bearer, method, routeOptions } = request;
    if (request.is404) return;
    const who = bearer?.name ?? null;
    const client = request.socket.remoteAddress === undefined ? null : request.ip;
    const { statusCode: status } = reply;
    if (bearer !== null && !seen.has(`${bearer.id} ${client}`)) {
      if (seen.size >= MAX_SEEN) seen.clear();
      seen.add(`${bearer.id} ${client}`);
      audit.add({ who, client, action: "token used", target: bearer.scope, status });
    }
    const action = request.audited ?? (mayChange(method) ? `${method} ${routeOptions.url ?? ""}` : "");
    // Who was not let in has changed nothing.
    if (action === "" || status === 401 || status === 421) return;
    audit.add({ who, client, action, target: targetOf(request), status });
  });
}

function targetOf({ params }: FastifyRequest): string {
  return Object.values(params as Record<string, unknown>)
    .map(String)
    .join(" ")
    .slice(0, 200);
}
