import { randomBytes } from "node:crypto";
import type { HostPolicy, HttpServer, TokenRecord } from "@shoal/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ShoalNode } from "../shoal-node.ts";
import { RpcGate } from "./gate.ts";
import { RpcMethods } from "./methods.ts";
import { parseRequest } from "./request.ts";

/** Methods that change something, as far as it is kept who did. */
const CHANGES = /^(torrent-(add|remove|set|set-location|rename-path)|session-(set|close)|group-set)$/;

export const RPC_PATH = "/transmission/rpc";
/** Large .torrent files come in base64. */
const MAX_BODY = 96 * 1024 * 1024;

export interface RpcOptions {
  readonly node: ShoalNode;
  readonly hosts: HostPolicy;
  /** Of this program. */
  readonly version: string;
  /** Ends the process in good order. */
  readonly shutDown: () => void;
}

/**
 * Transmission's RPC, for the many programs that speak it. A web page can't use it: it would have to send a header that it never learns, as we answer
 * without CORS. Programs sign in with the name and the secret of a token.
 */
export class RpcEndpoint {
  readonly #gate: RpcGate;
  readonly #methods: RpcMethods;

  constructor({ node, hosts, version, shutDown }: RpcOptions) {
    const sessionId = randomBytes(24).toString("base64url");
    this.#gate = new RpcGate({ tokens: node.tokens, hosts, sessionId, now: () => performance.now() });
    this.#methods = new RpcMethods({ node, version, sessionId, shutDown });
  }

  /** Serves it on a server, or on several. `app` must be a scope of its own. */
  serve(app: HttpServer): void {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "string", bodyLimit: MAX_BODY }, (_request, body, done) =>
      done(null, body),
    );
    // Before the body is read: it may be large, and of anybody.
    app.addHook("onRequest", (request, reply) => this.#admit(request, reply));
    for (const url of [RPC_PATH, `${RPC_PATH}/`]) {
      app.route({
        method: ["GET", "POST"],
        url,
        exposeHeadRoute: false,
        config: { guardsItself: true },
        bodyLimit: MAX_BODY,
        handler: (request, reply) => this.#answer(request, reply),
      });
    }
  }

  close(): void {
    this.#methods.close();
  }

  async #admit(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const found = await this.#gate.check(request);
    if (!("status" in found)) {
      request.bearer = found;
      return undefined;
    }
    const { status, headers, body } = found;
    return reply.code(status).headers(headers).type("text/html; charset=UTF-8").send(body);
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { method, args, tag } = parseRequest(request.body);
    request.audited = typeof method === "string" && CHANGES.test(method) ? `rpc ${method}` : "";
    const result = await this.#methods.call(method, args, request.bearer as TokenRecord);
    const answer = JSON.stringify({ ...result, ...(tag === undefined ? {} : { tag }) });
    return reply.type("application/json; charset=UTF-8").header("vary", "accept-encoding").send(answer);
  }
}
