import { timingSafeEqual } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { type HostPolicy, LoginDelays, tokenOfBasic, type TokenRecord, type Tokens } from "@shoal/server";
import type { FastifyRequest } from "fastify";

const SESSION_HEADER = "X-Transmission-Session-Id";
const NEW_TOKEN = "shoal token new --for NAME";

/** An answer that is not one of the RPC itself. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A small page: some programs print it. */
  readonly body: string;
}

export interface GateOptions {
  readonly tokens: Tokens;
  readonly hosts: HostPolicy;
  /** Random; for the life of the process, as some programs ask for a new one only every eight hours. */
  readonly sessionId: string;
  /** Milliseconds. */
  readonly now: () => number;
}

/** What has to be right before a method is called, in the order in which Transmission looks at it. */
export class RpcGate {
  readonly #options: GateOptions;
  readonly #delays: LoginDelays = new LoginDelays();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Whose token came with the request, or why it is refused. */
  async check(request: FastifyRequest): Promise<TokenRecord | Refusal> {
    const { tokens, hosts, sessionId, now } = this.#options;
    const { headers, socket, ip } = request;
    const bearer = tokenOfBasic(headers.authorization, tokens);
    if (bearer === null) {
      if (headers.authorization !== undefined)
        await wait(this.#delays.failed(ip, now()), undefined, { ref: false });
      const isOurs = hosts.allows(headers.host, socket.localAddress ?? "") || isOneWord(headers.host);
      return isOurs ? unauthorized() : misdirected(headers.host ?? "");
    }
    this.#delays.succeeded(ip);
    if (!isSame(headers[SESSION_HEADER.toLowerCase()], sessionId)) return conflict(sessionId);
    if (request.method !== "POST")
      return refuse(405, "Method Not Allowed", "Methods of the RPC are called by POST.", { Allow: "POST" });
    return bearer;
  }
}

/**
 * A host name without a dot, such as that of a container. A page can't be led here by one, as nobody gets such a name in the DNS; and many programs send
 * their password only when they have been asked for it.
 */
function isOneWord(host: string | undefined): boolean {
  return host !== undefined && /^[a-z0-9_-]+(:\d{1,5})?$/i.test(host);
}

function isSame(given: string | string[] | undefined, sessionId: string): boolean {
  if (typeof given !== "string" || given.length !== sessionId.length) return false;
  return timingSafeEqual(Buffer.from(given), Buffer.from(sessionId));
}

function unauthorized(): Refusal {
  const text = `This needs a user name and a password, from this computer too. Make them with: ${NEW_TOKEN}`;
  return refuse(401, "Unauthorized", text, {
    "WWW-Authenticate": 'Basic realm="Transmission", charset="UTF-8"',
  });
}

function misdirected(host: string): Refusal {
  const name = host.replace(/:\d+$/, "").replace(/[^a-z0-9._-]/gi, "");
  const text = `This server is not known by that name. If it is a name of this computer, allow it: shoal config set ui.hosts +${name}`;
  return refuse(421, "Misdirected Request", text, {});
}

function conflict(sessionId: string): Refusal {
  const text = `Your request had an invalid session-id header. To fix this, send this header with it:</p><p><code>${SESSION_HEADER}: ${sessionId}</code>`;
  return refuse(409, "Conflict", text, { [SESSION_HEADER]: sessionId });
}

function refuse(status: number, name: string, text: string, headers: Refusal["headers"]): Refusal {
  return { status, headers, body: `<h1>${status}: ${name}</h1><p>${text}</p>` };
}
