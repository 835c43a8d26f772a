import { createSocket, type Socket, type SocketOptions } from "node:dgram";
import { canonicalIp, type Family } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Endpoint } from "../ports/net.ts";
import { hasTied, mapped, tieFailure, tyingAddress } from "./device-binding.ts";
import { systemCode } from "./socket-error.ts";

/** Where to bind; `shared` lets other programs have the same port. */
export interface UdpBinding {
  readonly family: Family;
  readonly address: string;
  readonly port: number;
  readonly shared: boolean;
  /** Interface that the socket is tied to; such a one is of IPv6, and writes IPv4 addresses mapped. */
  readonly device?: string | null;
}

/**
 * Binds a socket. `onPacket` gets a copy of each datagram. Failures of single datagrams, such as "port unreachable", are passed over. Throws
 * ERR_PORT_IN_USE and ERR_LISTEN.
 */
export async function bindUdp(
  { family, address, port, shared, device = null }: UdpBinding,
  onPacket: (bytes: Uint8Array, from: Endpoint) => void,
): Promise<Socket> {
  const options: SocketOptions = {
    type: family === 6 || device !== null ? "udp6" : "udp4",
    ipv6Only: family === 6,
    reuseAddr: shared,
    // All addresses are literals. Node does not know all names of interfaces in them.
    ...(device === null ? {} : { lookup: (host, _options, callback) => callback(null, host, 6) }),
  };
  const socket = createSocket(options);
  if (device !== null) await tie(socket, device);
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
    const at = device === null ? address : mapped(address);
    socket.bind({ address: at, port, exclusive: true }, () => {
      socket.off("error", refuse);
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

/** See device-binding.ts. */
async function tie(socket: Socket, device: string): Promise<void> {
  const code = await new Promise<string>((resolve) => {
    socket.once("error", (error) => resolve(systemCode(error)));
    socket.bind({ address: tyingAddress(device), port: 0, exclusive: true }, () => resolve(""));
  });
  socket.removeAllListeners("listening");
  if (hasTied(code)) return;
  socket.close();
  throw new ShoalError("ERR_LISTEN", tieFailure(device, code), { device, systemCode: code });
}
