import type { RequestListener, Server } from "node:http";
import { BlockList, isIP } from "node:net";
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import { ApiError } from "./api-error.ts";
import { compressAnswer } from "./compression.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { answerBroken, answerError } from "./error-answers.ts";
import { Guard } from "./guard.ts";
import type { HostPolicy } from "./host-policy.ts";
import { lateSerializers } from "./late-serializers.ts";
import { openSecondListener } from "./second-listener.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import type { Scope, TokenRecord, Tokens } from "./tokens.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the bearer of a token needs to be allowed; "nobody" asks for no token. */
    readonly scope?: Scope | "nobody";
    /** The route decides by itself who may do what: no host, origin, body or token is looked at before it. */
    readonly guardsItself?: boolean;
  }

  /** For the documentation; a route without a summary has none. */
  interface FastifySchema {
    summary?: string;
    description?: string;
    tags?: readonly string[];
  }

  interface FastifyInstance {
    /** Serves the same at one more address, until it is closed. Resolves with whether that address could be had. */
    listenAlso(host: string, port: number): Promise<boolean>;
  }

  interface FastifyRequest {
    /** Whose token came with the request; null on the socket of this user, and where none is needed. */
    bearer: TokenRecord | null;
  }
}

export interface HttpServerOptions {
  readonly hosts: HostPolicy;
  readonly tokens: Tokens;
  /** Who gets here is this user, by the rights of the socket file: no token, no Host. */
  readonly trusted?: boolean;
  readonly log?: FastifyBaseLogger;
  /** Path below which a proxy shows the server to others, such as "/shoal"; it may take that off, or not. */
  readonly basePath?: string;
  /** Addresses and networks (CIDR) of proxies, whose X-Forwarded headers are believed. Throws TypeError for what is none. */
  readonly trustedProxies?: readonly string[];
  /** Who sends nothing for so long is cut off, milliseconds. */
  readonly idleMs?: number;
  /** What to do for a host name to be allowed. */
  readonly hostAdvice: (host: string) => string;
  /** What an error of the parts behind the server is to those in front of it; null when it is a fault. */
  readonly explain: (error: unknown) => ApiError | null;
}

export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const MAX_BODY = 1_048_576;
const MAX_HEADERS = 16_384;
const IDLE_MS = 30_000;
const CONNECTIONS_PER_CLIENT = 100;
/** At the end, answers that are under way have so long. */
const LAST_ANSWERS_MS = 3_000;

/** An HTTP server on which every route needs a token unless it says otherwise, and which web pages of strangers can't use. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { idleMs = IDLE_MS, basePath = "", trustedProxies = [] } = options;
  const http = {
    maxHeaderSize: MAX_HEADERS,
    headersTimeout: idleMs,
    requestTimeout: idleMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: idleMs / 6,
  };
  const app: HttpServer = fastify({
    bodyLimit: MAX_BODY,
    connectionTimeout: idleMs,
    requestTimeout: idleMs,
    keepAliveTimeout: idleMs,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    http,
    clientErrorHandler: answerBroken,
    // An address that can't be read gets past all hooks.
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply.headers(SECURITY_HEADERS));
    },
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
    exposeHeadRoutes: true,
    schemaController: { compilersFactory: { buildSerializer: lateSerializers } },
    rewriteUrl: ({ url = "/" }) => withoutBase(url, basePath),
    ...(trustedProxies.length === 0 ? {} : { trustProxy: [...trustedProxies] }),
    ...(options.log === undefined ? {} : { loggerInstance: options.log }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.decorateRequest("bearer", null);
  const proxies = new BlockList();
  for (const proxy of trustedProxies) addTo(proxies, proxy);
  const limit = new ConnectionLimit(CONNECTIONS_PER_CLIENT, (client) => isIn(proxies, client));
  const servers: Server[] = [app.server];
  limit.watch(app.server);
  app.decorate("listenAlso", async (host: string, port: number) => {
    const answer: RequestListener = (request, response) => app.routing(request, response);
    const server = await openSecondListener(answer, http, host, port);
    if (server === null) return false;
    server.timeout = idleMs;
    server.on("clientError", answerBroken);
    limit.watch(server);
    servers.push(server);
    return true;
  });
  const guard = options.trusted === true ? null : new Guard(options);
  let isEnding = false;
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (isEnding) throw new ApiError(503, "ERR_CLOSED", "The server is about to end");
    await guard?.admit(request);
    if (request.method === "OPTIONS") return reply.code(204).send();
    return undefined;
  });
  app.addHook("onSend", compressAnswer);
  app.addHook("preClose", async () => {
    isEnding = true;
    for (const server of servers.slice(1)) server.close();
    for (const server of servers) server.closeIdleConnections();
    setTimeout(() => {
      for (const server of servers) server.closeAllConnections();
    }, LAST_ANSWERS_MS).unref();
  });
  app.setNotFoundHandler((request) => {
    throw new ApiError(404, "ERR_NOT_FOUND", `There is nothing at ${request.url.split("?", 1)[0]}`);
  });
  app.setErrorHandler((error: FastifyError, request, reply) =>
    answerError(options.explain(error) ?? error, request, reply),
  );
  return app;
}

function withoutBase(url: string, basePath: string): string {
  const base = basePath.replace(/\/+$/, "");
  if (base === "" || !url.startsWith(base)) return url;
  const rest = url.slice(base.length);
  return rest === "" || rest.startsWith("?") ? `/${rest}` : rest.startsWith("/") ? rest : url;
}

function addTo(list: BlockList, text: string): void {
  const [address = "", bits] = text.split("/");
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}

function isIn(list: BlockList, client: string): boolean {
  const address = client.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
