import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { canonicalIp, formatEndpoint } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Connection, Endpoint, Listener, ListenSpec, Net } from "../ports/net.ts";
import { resolveHost } from "./dns.ts";
import type { NetPolicy } from "./net-policy.ts";
import { systemCode } from "./socket-error.ts";
import { TcpConnection } from "./tcp-connection.ts";

/** TCP and name look-ups through Node, within the bounds of a policy. */
export class NodeNet implements Net {
  readonly #policy: NetPolicy;

  constructor(policy: NetPolicy) {
    this.#policy = policy;
  }

  /** Throws ERR_PORT_IN_USE when all ports are taken, ERR_LISTEN for what another port would not cure. */
  async listen(spec: ListenSpec, onConnection: (connection: Connection) => void): Promise<Listener> {
    const [first] = spec.ports;
    if (first === undefined) throw new ShoalError("ERR_INVALID_ARGUMENT", "no port to listen on is given");
    let hosts = this.#hostsToTry(spec.host ?? this.#policy.bindHost ?? "::");
    for (const port of spec.ports) {
      for (const host of hosts) {
        try {
          const server = await this.#listenOn(host, port, onConnection);
          return asListener(server);
        } catch (error) {
          const code = systemCode(error);
          if (code === "EADDRINUSE") break;
          const noSuchFamily = host === "::" && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL");
          if (!noSuchFamily) throw listenError({ host, port }, error);
          hosts = hosts.filter((other) => other !== host);
        }
      }
    }
    const last = spec.ports.at(-1)!;
    const message =
      spec.ports.length === 1 ? `port ${first} is taken` : `all ports from ${first} to ${last} are taken`;
    throw new ShoalError("ERR_PORT_IN_USE", message, { ports: [...spec.ports] });
  }

  connect(to: Endpoint): Connection {
    return new TcpConnection({ host: canonicalIp(to.host) ?? to.host, port: to.port }, null, this.#policy);
  }

  resolve(host: string): Promise<string[]> {
    return resolveHost(host, this.#policy);
  }

  /** All interfaces of both families, unless we are kept to this machine. */
  #hostsToTry(host: string): string[] {
    const any = host === "::" || host === "0.0.0.0";
    if (host === "localhost" || (any && this.#policy.loopbackOnly)) return ["127.0.0.1"];
    if (this.#policy.loopbackOnly && !this.#policy.isOnThisMachine(host)) {
      throw new ShoalError("ERR_LISTEN", `${host} is not on this machine, and Shoal is kept to it`, { host });
    }
    return host === "::" ? ["::", "0.0.0.0"] : [host];
  }

  #listenOn(host: string, port: number, onConnection: (connection: Connection) => void): Promise<Server> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      const remote = remoteOf(socket);
      if (remote === null) {
        socket.on("error", () => {});
        socket.destroy();
      } else {
        onConnection(new TcpConnection(remote, socket, this.#policy));
      }
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, ipv6Only: false, exclusive: true }, () => {
        server.off("error", reject);
        // From here on: an accept that failed, most often for lack of file descriptors. The next one may succeed.
        server.on("error", () => {});
        resolve(server);
      });
    });
  }
}

/** Null when the other side was gone before it was accepted. */
function remoteOf(socket: Socket): Endpoint | null {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  return { host: canonicalIp(remoteAddress) ?? remoteAddress, port: remotePort };
}

function asListener(server: Server): Listener {
  const address = server.address() as AddressInfo;
  return {
    endpoint: { host: address.address, port: address.port },
    close: () =>
      new Promise((resolve) => {
        // The port is free at once; the server's own callback would wait for all connections to end.
        server.close();
        setImmediate(resolve);
      }),
  };
}

function listenError(at: Endpoint, error: unknown): ShoalError {
  const code = systemCode(error);
  const where = formatEndpoint(at);
  const reasons: Record<string, string> = {
    EADDRNOTAVAIL: `${at.host} is not an address of this machine`,
    EACCES: `the system does not allow listening on ${where}`,
    ERR_SOCKET_BAD_PORT: `${at.port} is not a port number`,
  };
  const message = reasons[code] ?? `listening on ${where} failed${code === "" ? "" : ` (${code})`}`;
  return new ShoalError("ERR_LISTEN", message, { ...at, systemCode: code }, error);
}
