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
/** Who guesses tokens must not push out what else is written down: each client is named once in so long, and so many of them. */
const REFUSED_EVERY_MS = 60_000;
const MAX_REFUSED = 30;

/** Writes down who changes what, who uses a token from where for the first time in this run, and who comes with a wrong one. Bodies are not kept: they may hold secrets. */
export function auditRequests(app: HttpServer, audit: AuditLog): void {
  const seen = new Set<string>();
  const refused = new Set<string>();
  let refusedSince = -Infinity;
  const onRefused = (client: string | null): void => {
    const now = performance.now();
    if (now - refusedSince >= REFUSED_EVERY_MS) {
      refused.clear();
      refusedSince = now;
    }
    if (refused.has(`${client}`) || refused.size >= MAX_REFUSED) return;
    refused.add(`${client}`);
    audit.add({ who: null, client, action: "token refused", target: "", status: 401 });
  };
  app.decorateRequest("audited", null);
  app.addHook("onResponse", async (request, reply) => {
    const { bearer, method, routeOptions } = request;
    const who = bearer?.name ?? null;
    const client = request.socket.remoteAddress === undefined ? null : request.ip;
    const { statusCode: status } = reply;
    if (status === 401 && request.headers.authorization !== undefined) onRefused(client);
    if (request.is404) return;
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
