import { Agent as HttpAgent, type AgentOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { proxyName } from "../base/proxy.ts";
import { proxyAuthorization } from "../core/proxy/http-connect.ts";
import { connectFirst } from "./connect-first.ts";
import { connectProxy } from "./connect-proxy.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openSocket } from "./open-socket.ts";
import { passThrough } from "./pass-through.ts";
import type { ProxyRoute } from "./proxy-route.ts";

const KEPT: AgentOptions = { keepAlive: true, maxFreeSockets: 8, timeout: 30_000 };

/** What a request says of its connection; `lookup` answers with the addresses that were found and allowed. */
interface Wanted extends ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
}

type OnCreated = (error: Error | null, socket?: Duplex) => void;

/** The connections of HTTP requests: opened as the policy says, like all others. */
export class HttpAgents {
  readonly #policy: NetPolicy;
  readonly #plain: HttpAgent;
  readonly #secure: HttpsAgent;

  constructor(policy: NetPolicy) {
    this.#policy = policy;
    this.#plain = this.#make(HttpAgent, KEPT);
    this.#secure = this.#make(HttpsAgent, KEPT);
  }

  /** `keep`: a kept connection will do, and this one may be kept. */
  choose(secure: boolean, keep: boolean): HttpAgent {
    if (keep) return secure ? this.#secure : this.#plain;
    return this.#make(secure ? HttpsAgent : HttpAgent, {});
  }

  /** What a request for the URL names. */
  pathOf(target: URL): string {
    const path = target.pathname + target.search;
    return this.routeTo(target) === null ? path : `http://${target.host}${path}`;
  }

  /** What a request for the URL has to say besides. */
  headersFor(target: URL): Record<string, string> {
    const route = this.routeTo(target);
    const authorization = route === null ? null : proxyAuthorization(route.proxy);
    return authorization === null ? {} : { "proxy-authorization": authorization };
  }

  /** The proxy that is asked for the URL itself: an HTTP proxy for plain HTTP. To all else it connects us. */
  routeTo(target: URL): ProxyRoute | null {
    const route = this.#policy.proxy;
    return route?.proxy.kind === "http" && target.protocol === "http:" ? route : null;
  }

  /** Ends idle connections. */
  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #make<T extends HttpAgent>(Kind: new (options: AgentOptions) => T, options: AgentOptions): T {
    const agent = new Kind(options);
    const isSecure = agent instanceof HttpsAgent;
    return Object.assign(agent, {
      createConnection: (wanted: Wanted, onCreated: OnCreated): void => {
        this.#open(wanted, isSecure).then(
          (socket) => onCreated(null, isSecure ? secured(socket, wanted) : socket),
          (error: Error) => onCreated(error),
        );
      },
    });
  }

  async #open({ host, port, lookup }: Wanted, isSecure: boolean): Promise<Socket> {
    const addresses = await new Promise<string[]>((resolve, reject) => {
      lookup(host, { all: true }, (error, found) => {
        if (error !== null) reject(error);
        else resolve(typeof found === "string" ? [found] : found.map(({ address }) => address));
      });
    });
    const { proxy } = this.#policy;
    if (proxy !== null) {
      const socket = await connectProxy(proxy, this.#policy);
      // An HTTP proxy is asked for plain URLs itself.
      if (!isSecure && proxy.proxy.kind === "http") return socket;
      await passThrough(socket, proxy.handshakeTo({ host: addresses[0]!, port }), proxyName(proxy.proxy));
      return socket;
    }
    return connectFirst(addresses, (address) => openSocket({ host: address, port }, this.#policy));
  }
}

function secured(socket: Socket, wanted: Wanted): Duplex {
  return connectTls({ ...wanted, socket });
}
