import { randomBytes } from "node:crypto";
import { allows, type HttpServer, type Tokens } from "@shoal/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ShoalNode } from "../shoal-node.ts";
import { callMethod, type RpcArguments } from "./methods.ts";

const SESSION_HEADER = "x-transmission-session-id";
const MAX_BODY = 64 * 1024 * 1024;

/**
 * Transmission's RPC, for the many programs that speak it. A web page can't use it: it would have to send a header that it never learns, as we answer
 * without CORS. Programs sign in with the name and the secret of a token.
 */
export function rpcRoutes(app: HttpServer, node: ShoalNode, version: string): void {
  // For the life of the process: some programs ask for a new one only every eight hours.
  const sessionId = randomBytes(24).toString("base64url");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string", bodyLimit: MAX_BODY }, (_request, body, done) =>
    done(null, body),
  );
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (!signedIn(request.headers.authorization, node.tokens)) {
      reply.header("www-authenticate", 'Basic realm="Transmission"');
      return reply.code(401).type("text/html").send("<h1>401: Unauthorized</h1>\n");
    }
    if (request.headers[SESSION_HEADER] !== sessionId) {
      reply.header("X-Transmission-Session-Id", sessionId);
      return reply
        .code(409)
        .type("text/html")
        .send(`<h1>409: Conflict</h1>\n<p>${SESSION_HEADER}: ${sessionId}</p>\n`);
    }
    if (request.method !== "POST")
      return reply.code(405).type("text/html").send("<h1>405: Method Not Allowed</h1>\n");
    const { method, args, tag } = parse(request.body);
    const result = await callMethod(node, method, args, version);
    return reply
      .type("application/json; charset=UTF-8")
      .send({ ...result, ...(tag === undefined ? {} : { tag }) });
  };
  const config = { scope: "nobody", anyBody: true } as const;
  for (const path of ["/transmission/rpc", "/transmission/rpc/"]) {
    app.route({
      method: ["GET", "POST"],
      url: path,
      exposeHeadRoute: false,
      config,
      bodyLimit: MAX_BODY,
      handler: answer,
    });
  }
}

function signedIn(header: string | undefined, tokens: Tokens): boolean {
  const match = /^Basic ([A-Za-z0-9+/=]{1,1000})$/i.exec(header ?? "");
  if (match === null) return false;
  const [name, ...secret] = Buffer.from(match[1]!, "base64").toString("utf8").split(":");
  const token = tokens.check(secret.join(":"));
  return token !== null && token.name === name && allows(token.scope, "control");
}

function parse(body: unknown): { method: unknown; args: RpcArguments; tag: unknown } {
  try {
    const request: unknown = JSON.parse(typeof body === "string" ? body : "");
    const {
      method,
      arguments: args,
      tag,
    } = request as { method?: unknown; arguments?: unknown; tag?: unknown };
    return { method, args: typeof args === "object" && args !== null ? (args as RpcArguments) : {}, tag };
  } catch {
    return { method: undefined, args: {}, tag: undefined };
  }
}
