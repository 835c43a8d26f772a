import { setTimeout as wait } from "node:timers/promises";
import type { FastifyRequest } from "fastify";
import { ApiError } from "./api-error.ts";
import type { HostPolicy } from "./host-policy.ts";
import { LoginDelays } from "./login-delays.ts";
import { allows, type TokenRecord, type Tokens } from "./tokens.ts";

export interface GuardOptions {
  readonly hosts: HostPolicy;
  readonly tokens: Tokens;
  /** What to do for a host name to be allowed. */
  readonly hostAdvice: (host: string) => string;
}

const READ_ONLY = new Set(["GET", "HEAD", "OPTIONS"]);
const TOKEN_IN_URL = /[?&](?:access_token|api_?key|auth|authorization|token)=/i;

/** Whether a request with this method may change something. */
export function mayChange(method: string): boolean {
  return !READ_ONLY.has(method);
}

/** Decides whether a request is for us, from whom it comes, and whether they may. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #delays: LoginDelays = new LoginDelays();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Throws ApiError; after a while for who guesses tokens. */
  async admit(request: FastifyRequest): Promise<void> {
    const { routeOptions, headers } = request;
    if (routeOptions.config?.guardsItself === true) return;
    const bearer = this.#bearerOf(headers.authorization);
    request.bearer = bearer;
    this.#assertForUs(request);
    await this.#delay(request);
    if (TOKEN_IN_URL.test(request.url)) {
      const message = "Addresses end up in logs and histories: a token does not belong there";
      throw new ApiError(
        400,
        "ERR_TOKEN_IN_URL",
        message,
        "Send it as a header: Authorization: Bearer TOKEN",
      );
    }
    if (request.is404 || request.method === "OPTIONS") return;
    if (mayChange(request.method)) assertJson(request);
    const needed = routeOptions.config?.scope ?? "control";
    if (needed === "nobody") return;
    if (bearer === null) {
      const message = headers.authorization === undefined ? "This needs a token" : "The token is not valid";
      throw new ApiError(401, "ERR_UNAUTHORIZED", message, "Make one with: shoal token new --for NAME");
    }
    if (!allows(bearer.scope, needed)) {
      throw new ApiError(403, "ERR_FORBIDDEN", `The token may ${bearer.scope}, and this needs ${needed}`);
    }
  }

  #bearerOf(header: string | undefined): TokenRecord | null {
    const match = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header ?? "");
    return match === null ? null : this.#options.tokens.check(match[1]!);
  }

  /** Holds back the answer to a wrong token. */
  async #delay({ headers, bearer, ip }: FastifyRequest): Promise<void> {
    if (bearer !== null) this.#delays.succeeded(ip);
    else if (headers.authorization !== undefined) {
      await wait(this.#delays.failed(ip, performance.now()), undefined, { ref: false });
    }
  }

  /** No page that was led here by a name of its own, and none of another server. */
  #assertForUs(request: FastifyRequest): void {
    const { hosts, hostAdvice } = this.#options;
    const { headers, method, bearer } = request;
    const bound = request.socket.localAddress ?? "";
    const named = request.raw.rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === "host");
    if (named.length > 1) throw new ApiError(400, "ERR_BAD_REQUEST", "The request has more than one Host");
    // Behind a proxy that is trusted, the one by which the proxy was called.
    const host = headers.host === undefined ? undefined : request.host;
    // A foreign page has no token.
    const wanted = [host, ...authorityOf(request.raw.url ?? "")];
    if (bearer === null && !wanted.every((name) => hosts.allows(name, bound))) {
      const foreign = wanted.find((name) => !hosts.allows(name, bound)) ?? "";
      const message = `This server is not known as ${JSON.stringify(foreign)}`;
      throw new ApiError(421, "ERR_HOST", message, hostAdvice(foreign));
    }
    if (!mayChange(method)) return;
    const site = headers["sec-fetch-site"];
    const fromElsewhere = site === "cross-site" || site === "same-site";
    if (fromElsewhere || (bearer === null && !hosts.allowsOrigin(headers.origin, bound)))
      throw new ApiError(403, "ERR_ORIGIN", "The request comes from another web page");
  }
}

/** Of a request that names the whole address, as proxies are sent: that stands over the Host header. Else nothing. */
function authorityOf(url: string): string[] {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url);
  return match === null ? [] : [match[1]!];
}

/** A form of a foreign page can't say so. */
function assertJson({ headers, method }: FastifyRequest): void {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  const isBodiless = type === undefined && method === "DELETE";
  if (type !== "application/json" && !isBodiless)
    throw new ApiError(415, "ERR_CONTENT_TYPE", "The body must be JSON, and say so: application/json");
}
