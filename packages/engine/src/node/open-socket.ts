import { Socket, type NetConnectOpts } from "node:net";
import type { Endpoint } from "../ports/net.ts";
import { mapped, tiedTcpHandle } from "./device-binding.ts";
import type { NetPolicy } from "./net-policy.ts";

/** What callers may choose about a socket that connects. */
export interface SocketOptions {
  readonly onread?: NonNullable<NetConnectOpts["onread"]>;
  readonly writableHighWaterMark?: number;
}

/**
 * Begins to connect, from the address and through the interface that the policy names for `to`, which it does not refuse. Throws a ShoalError or a
 * system error when the interface is gone or the port is none.
 */
export function openSocket(to: Endpoint, policy: NetPolicy, options: SocketOptions = {}): Socket {
  const { address, device } = policy.bindingTo(to.host);
  const at = address === null ? null : { address: mapped(address), port: 0 };
  const handle = device === null ? undefined : tiedTcpHandle("SOCKET", device, at);
  const settings = {
    ...options,
    noDelay: true,
    ...(handle === undefined ? {} : { handle, manualStart: true }),
  };
  const socket = new Socket(settings as ConstructorParameters<typeof Socket>[0]);
  try {
    return socket.connect({
      host: handle === undefined ? to.host : mapped(to.host),
      port: to.port,
      ...(handle === undefined && address !== null ? { localAddress: address } : {}),
      autoSelectFamily: false,
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
