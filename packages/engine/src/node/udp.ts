import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { canonicalIp } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Udp, UdpSocket, UdpSpec } from "../ports/udp.ts";
import type { NetPolicy } from "./net-policy.ts";
import { systemCode } from "./socket-error.ts";

/** UDP through Node, within the bounds of a policy. What may not or can't be sent is lost, as datagrams are. */
export class NodeUdp implements Udp {
  readonly #policy: NetPolicy;

  constructor(policy: NetPolicy) {
    this.#policy = policy;
  }

  open({ family, port }: UdpSpec, onPacket: (bytes: Uint8Array, from: Endpoint) => void): Promise<UdpSocket> {
    const policy = this.#policy;
    const address = bindAddress(family, policy);
    if (address === null) {
      const message = `${policy.bindHost} has no IPv${family}`;
      return Promise.reject(new ShoalError("ERR_LISTEN", message, { host: policy.bindHost }));
    }
    const socket = createSocket({ type: family === 6 ? "udp6" : "udp4", ipv6Only: family === 6 });
    let open = true;
    socket.on("message", (bytes, from) => {
      const host = canonicalIp(from.address) ?? from.address;
      // A copy: the datagram's own buffer may be a small part of a large one.
      if (open && policy.refusal(host) === null) onPacket(new Uint8Array(bytes), { host, port: from.port });
    });
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => {
        open = false;
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
        // Failures of single datagrams, such as "port unreachable".
        socket.on("error", () => {});
        const bound = socket.address();
        resolve({
          endpoint: { host: bound.address, port: bound.port },
          send(bytes, to) {
            if (!open || isIPv6(to.host) !== (family === 6) || policy.refusal(to.host) !== null) return;
            socket.send(bytes, to.port, to.host, () => {});
          },
          close() {
            if (!open) return;
            open = false;
            socket.close();
          },
        });
      });
    });
  }
}

/** Null when the address that we are bound to has another family. */
function bindAddress(family: 4 | 6, policy: NetPolicy): string | null {
  if (policy.bindHost !== null) return isIPv6(policy.bindHost) === (family === 6) ? policy.bindHost : null;
  if (family === 6) return policy.loopbackOnly ? "::1" : "::";
  // Not 127.0.0.1: other addresses of the loopback interface are to be reached as well.
  return "0.0.0.0";
}
