import { Agent as HttpAgent, type AgentOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { connectFirst } from "./connect-first.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openSocket } from "./open-socket.ts";

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
        this.#open(wanted).then(
          (socket) => onCreated(null, isSecure ? secured(socket, wanted) : socket),
          (error: Error) => onCreated(error),
        );
      },
    });
  }

  async #open({ host, port, lookup }: Wanted): Promise<Socket> {
    const addresses = await new Promise<string[]>((resolve, reject) => {
      lookup(host, { all: true }, (error, found) => {
        if (error !== null) reject(error);
        else resolve(typeof found === "string" ? [found] : found.map(({ address }) => address));
      });
    });
    return connectFirst(addresses, (address) => openSocket({ host: address, port }, this.#policy));
  }
}

function secured(socket: Socket, wanted: Wanted): Duplex {
  return connectTls({ ...wanted, socket });
}
