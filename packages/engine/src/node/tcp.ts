import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { canonicalIp, formatEndpoint } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Connection, Endpoint, Listener, ListenSpec, Net } from "../ports/net.ts";
import { mapped, tiedTcpHandle } from "./device-binding.ts";
import { resolveHost } from "./dns.ts";
import type { NetPolicy } from "./net-policy.ts";
import { ProxiedConnection } from "./proxied-connection.ts";
import { RenewedSocket } from "./renewed-socket.ts";
import { systemCode } from "./socket-error.ts";
import { TcpConnection } from "./tcp-connection.ts";

/** TCP and name look-ups through Node, within the bounds of a policy. */
export class NodeNet implements Net {
  readonly #policy: NetPolicy;
  /** Only kept where they may have to be ended together. */
  readonly #started: Set<TcpConnection> | null;

  constructor(policy: NetPolicy) {
    this.#policy = policy;
    this.#started = policy.isBound ? new Set() : null;
  }

  /** Throws ERR_PORT_IN_USE when all ports are taken, ERR_LISTEN for what another port would not cure. */
  async listen(spec: ListenSpec, onConnection: (connection: Connection) => void): Promise<Listener> {
    if (spec.ports.length === 0)
      throw new ShoalError("ERR_INVALID_ARGUMENT", "no port to listen on is given");
    const policy = this.#policy;
    if (spec.host !== undefined || !policy.isBound)
      return asListener(await this.#listenOnce(spec, onConnection));
    // The name of an interface may be waited for; an address that is not there is more likely a mistake.
    const mayWait = policy.device !== null;
    if (!mayWait && policy.obstacle !== null)
      throw listenError({ host: policy.bindHost!, port: spec.ports[0]! }, NOT_HERE);
    const socket = await RenewedSocket.open(
      (port) =>
        this.#listenOnce({ ports: port === 0 ? spec.ports : [port, ...spec.ports] }, onConnection).then(
          asListener,
        ),
      policy,
    );
    return {
      get endpoint() {
        const { host, port } = socket.current?.endpoint ?? NOWHERE;
        // All addresses of one interface: others reach one of them.
        return { host: host === "::" ? (policy.deviceAddress ?? host) : host, port };
      },
      close: () => socket.close(),
    };
  }

  connect(to: Endpoint): Connection {
    const remote = { host: canonicalIp(to.host) ?? to.host, port: to.port };
    const { proxy } = this.#policy;
    if (proxy !== null) return new ProxiedConnection(remote, proxy, this.#policy, this.#started);
    return new TcpConnection(remote, null, this.#policy, this.#started);
  }

  resolve(host: string): Promise<string[]> {
    return resolveHost(host, this.#policy);
  }

  get obstacle(): string | null {
    return this.#policy.obstacle;
  }

  watch(listener: () => void): () => void {
    return this.#policy.watch(() => {
      // What is left of the old way out would only hang.
      const reason = this.#policy.obstacle ?? "the network interface is another one now";
      for (const connection of [...(this.#started ?? [])]) {
        if (!this.#policy.isOnThisMachine(connection.remote.host))
          connection.fail(new ShoalError("ERR_CONNECT", reason));
      }
      listener();
    });
  }

  async #listenOnce(spec: ListenSpec, onConnection: (connection: Connection) => void): Promise<Server> {
    const policy = this.#policy;
    const { device } = spec.host === undefined ? policy.bindingOf(4) : { device: null };
    let hosts = this.#hostsToTry(spec.host ?? policy.bindHost ?? policy.bindingOf(4).address ?? "::");
    for (const port of spec.ports) {
      for (const host of hosts) {
        try {
          return await this.#listenOn(host, port, device, onConnection);
        } catch (error) {
          const code = systemCode(error);
          if (code === "EADDRINUSE") break;
          const noSuchFamily = host === "::" && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL");
          if (!noSuchFamily) throw listenError({ host, port }, error);
          hosts = hosts.filter((other) => other !== host);
        }
      }
    }
    const first = spec.ports[0]!;
    const last = spec.ports.at(-1)!;
    const message =
      spec.ports.length === 1 ? `port ${first} is taken` : `all ports from ${first} to ${last} are taken`;
    throw new ShoalError("ERR_PORT_IN_USE", message, { ports: [...spec.ports] });
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

  #listenOn(
    host: string,
    port: number,
    device: string | null,
    onConnection: (connection: Connection) => void,
  ): Promise<Server> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      const remote = remoteOf(socket);
      if (remote === null || this.#policy.isBlocked(remote.host)) {
        socket.on("error", () => {});
        socket.destroy();
      } else {
        onConnection(new TcpConnection(remote, socket, this.#policy, this.#started));
      }
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      const isUp = (): void => {
        server.off("error", reject);
        // From here on: an accept that failed, most often for lack of file descriptors. The next one may succeed.
        server.on("error", () => {});
        resolve(server);
      };
      if (device === null) server.listen({ host, port, ipv6Only: false, exclusive: true }, isUp);
      else server.listen(tiedTcpHandle("SERVER", device, { address: mapped(host), port }), isUp);
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
    endpoint: { host: canonicalIp(address.address) ?? address.address, port: address.port },
    close: () =>
      new Promise((resolve) => {
        // The port is free at once; the server's own callback would wait for all connections to end.
        server.close();
        setImmediate(resolve);
      }),
  };
}

/** Where a listener listens that waits for its interface. */
const NOWHERE: Endpoint = { host: "::", port: 0 };
const NOT_HERE = { code: "EADDRNOTAVAIL" };

function listenError(at: Endpoint, error: unknown): ShoalError {
  if (error instanceof ShoalError) return new ShoalError("ERR_LISTEN", error.message, { ...at }, error);
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
