import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from "fastify";
import { ApiError, errorBody } from "./api-error.ts";
import type { HostPolicy } from "./host-policy.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { allows, type Scope, type TokenRecord, type Tokens } from "./tokens.ts";

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
const READ_ONLY = new Set(["GET", "HEAD", "OPTIONS"]);

/** An HTTP server on which every route needs a token unless it says otherwise, and which web pages of strangers can't use. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const app: HttpServer = fastify({
    bodyLimit: MAX_BODY,
    connectionTimeout: IDLE_MS,
    requestTimeout: IDLE_MS,
    keepAliveTimeout: IDLE_MS,
    forceCloseConnections: true,
    http: { maxHeaderSize: MAX_HEADERS },
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: 200 },
    exposeHeadRoutes: true,
    ...(options.log === undefined ? {} : { loggerInstance: options.log }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.decorateRequest("bearer", null);
  limitConnections(app);
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (options.trusted !== true) guard(request, options);
    if (request.method === "OPTIONS") return reply.code(204).send();
    return undefined;
  });
  app.setNotFoundHandler((request) => {
    throw new ApiError(404, "ERR_NOT_FOUND", `There is nothing at ${request.url.split("?", 1)[0]}`);
  });
  app.setErrorHandler((error: FastifyError, request, reply) =>
    answerError(options.explain(error) ?? error, request, reply),
  );
  return app;
}

/** Decides whether the request is for us, from whom it comes, and whether they may. Throws ApiError. */
function guard(request: FastifyRequest, { hosts, tokens, hostAdvice }: HttpServerOptions): void {
  const { headers, routeOptions } = request;
  if (routeOptions.config?.guardsItself === true) return;
  const bound = request.socket.localAddress ?? "";
  request.bearer = bearerOf(headers.authorization, tokens);
  // Who has a token is no page that was led here by a name of its own.
  if (request.bearer === null && !hosts.allows(headers.host, bound)) {
    const host = headers.host ?? "";
    throw new ApiError(
      421,
      "ERR_HOST",
      `This server is not known as ${JSON.stringify(host)}`,
      hostAdvice(host),
    );
  }
  const changes = !READ_ONLY.has(request.method);
  if (changes) {
    const site = headers["sec-fetch-site"];
    const fromElsewhere = site === "cross-site" || site === "same-site";
    const strange = request.bearer === null && !hosts.allowsOrigin(headers.origin, bound);
    if (fromElsewhere || strange)
      throw new ApiError(403, "ERR_ORIGIN", "The request comes from another web page");
  }
  if (request.is404 || request.method === "OPTIONS") return;
  if (changes) {
    const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
    const isBodiless = type === undefined && request.method === "DELETE";
    if (type !== "application/json" && !isBodiless)
      throw new ApiError(415, "ERR_CONTENT_TYPE", "The body must be JSON, and say so: application/json");
  }
  const needed = routeOptions.config?.scope ?? "control";
  if (needed === "nobody") return;
  if (request.bearer === null) {
    const message = headers.authorization === undefined ? "This needs a token" : "The token is not valid";
    throw new ApiError(401, "ERR_UNAUTHORIZED", message, "Make one with: shoal token new --for NAME");
  }
  if (!allows(request.bearer.scope, needed)) {
    const message = `The token may ${request.bearer.scope}, and this needs ${needed}`;
    throw new ApiError(403, "ERR_FORBIDDEN", message);
  }
}

function bearerOf(header: string | undefined, tokens: Tokens): TokenRecord | null {
  const match = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header ?? "");
  return match === null ? null : tokens.check(match[1]!);
}

function answerError(
  error: FastifyError | ApiError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof ApiError) {
    if (error.status === 401) reply.header("www-authenticate", 'Bearer realm="shoal"');
    return reply.code(error.status).send(errorBody(error));
  }
  const status = error.statusCode ?? 500;
  if (status < 500) {
    const code = error.validation === undefined ? "ERR_BAD_REQUEST" : "ERR_VALIDATION";
    return reply.code(status).send(errorBody({ code, message: error.message, advice: null }));
  }
  request.log.error({ err: error }, "a request failed");
  const advice = "Look at the log: shoal daemon logs";
  return reply
    .code(500)
    .send(errorBody({ code: "ERR_INTERNAL", message: "Something went wrong inside", advice }));
}

/** One client must not take all file descriptors. */
function limitConnections(app: HttpServer): void {
  const open: Map<string, number> = new Map();
  app.server.on("connection", (socket) => {
    const client = socket.remoteAddress ?? "";
    const count = (open.get(client) ?? 0) + 1;
    if (count > CONNECTIONS_PER_CLIENT) {
      socket.destroy();
      return;
    }
    open.set(client, count);
    socket.once("close", () => {
      const left = open.get(client)! - 1;
      if (left === 0) open.delete(client);
      else open.set(client, left);
    });
  });
}
