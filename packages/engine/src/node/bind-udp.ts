import { createSocket, type Socket } from "node:dgram";
import { canonicalIp } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Endpoint } from "../ports/net.ts";
import { systemCode } from "./socket-error.ts";

/** Where to bind; `shared` lets other programs have the same port. */
export interface UdpBinding {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  readonly shared: boolean;
}

/**
 * Binds a socket. `onPacket` gets a copy of each datagram. Failures of single datagrams, such as "port unreachable", are passed over. Throws
 * ERR_PORT_IN_USE and ERR_LISTEN.
 */
export function bindUdp(
  { family, address, port, shared }: UdpBinding,
  onPacket: (bytes: Uint8Array, from: Endpoint) => void,
): Promise<Socket> {
  const socket = createSocket({
    type: family === 6 ? "udp6" : "udp4",
    ipv6Only: family === 6,
    reuseAddr: shared,
  });
  socket.on("message", (bytes, from) => {
    // The datagram's own buffer may be a small part of a large one.
    onPacket(new Uint8Array(bytes), { host: canonicalIp(from.address) ?? from.address, port: from.port });
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      socket.close();
      const code = systemCode(error);
      const [kind, message] =
        code === "EADDRINUSE"
          ? (["ERR_PORT_IN_USE", `UDP port ${port} is taken`] as const)
          : (["ERR_LISTEN", `UDP over IPv${family} is not available (${code})`] as const);
      reject(new ShoalError(kind, message, { address, port }, error));
    };
    socket.once("error", refuse);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off("error", refuse);
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}
