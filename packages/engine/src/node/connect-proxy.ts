import type { Socket } from "node:net";
import { ShoalError } from "../base/errors.ts";
import { connectFirst } from "./connect-first.ts";
import { resolveProxy } from "./dns.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openSocket } from "./open-socket.ts";
import type { ProxyRoute } from "./proxy-route.ts";
import { connectError } from "./socket-error.ts";

const TIMEOUT_MS = 15_000;

/** A socket that is connected to the proxy; `signal` ends it at any time. Throws ShoalError ERR_CONNECT that names the proxy. */
export async function connectProxy(
  route: ProxyRoute,
  policy: NetPolicy,
  signal?: AbortSignal,
): Promise<Socket> {
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
        const end = (): void => void socket.destroy(new Error("cancelled"));
        signal?.addEventListener("abort", end);
        socket.on("error", () => {});
        socket.once("connect", () => clearTimeout(timer));
        socket.once("close", () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", end);
        });
        if (signal?.aborted === true) end();
        return socket;
      },
    );
  } catch (error) {
    // What is a ShoalError names the proxy already.
    throw error instanceof ShoalError ? error : route.failure(connectError({ host, port }, error));
  }
}
