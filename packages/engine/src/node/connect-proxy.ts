import type { Socket } from "node:net";
import { ShoalError } from "../base/errors.ts";
import { connectFirst } from "./connect-first.ts";
import { resolveProxy } from "./dns.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openSocket } from "./open-socket.ts";
import type { ProxyRoute } from "./proxy-route.ts";
import { connectError } from "./socket-error.ts";

const TIMEOUT_MS = 15_000;

/** A socket that is connected to the proxy. Throws ShoalError ERR_CONNECT that names it. */
export async function connectProxy(route: ProxyRoute, policy: NetPolicy): Promise<Socket> {
  const { host, port } = route.proxy;
  try {
    const addresses = await resolveProxy(route, policy);
    return await connectFirst(
      addresses.map((at) => at.host),
      (address) => {
        const socket = openSocket({ host: address, port }, policy);
        const timer = setTimeout(() => {
          socket.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" }));
        }, TIMEOUT_MS);
        socket.once("connect", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
        return socket;
      },
    );
  } catch (error) {
    throw route.failure(error instanceof ShoalError ? error : connectError({ host, port }, error));
  }
}
