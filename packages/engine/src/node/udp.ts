import type { Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { canonicalIp } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Udp, UdpSocket, UdpSpec } from "../ports/udp.ts";
import { bindUdp } from "./bind-udp.ts";
import { mapped } from "./device-binding.ts";
import { MulticastSocket } from "./multicast-socket.ts";
import type { NetPolicy } from "./net-policy.ts";
import { RenewedSocket } from "./renewed-socket.ts";

/** UDP through Node, within the bounds of a policy. What may not or can't be sent is lost, as datagrams are. */
export class NodeUdp implements Udp {
  readonly #policy: NetPolicy;

  constructor(policy: NetPolicy) {
    this.#policy = policy;
  }

  async open(
    { family, port, multicast }: UdpSpec,
    onPacket: (bytes: Uint8Array, from: Endpoint) => void,
  ): Promise<UdpSocket> {
    const policy = this.#policy;
    if (bindAddress(family, policy) === null) {
      const message = `${policy.bindHost} has no IPv${family}`;
      throw new ShoalError("ERR_LISTEN", message, { host: policy.bindHost });
    }
    if (multicast !== undefined) {
      return MulticastSocket.open({ family, port, ...multicast }, policy, onPacket);
    }
    if (!policy.isBound) return openUdp(family, port, policy, onPacket);
    const socket = await RenewedSocket.open(
      (last) => openUdp(family, last === 0 ? port : last, policy, onPacket),
      policy,
    );
    return {
      get endpoint() {
        return socket.current?.endpoint ?? { host: family === 6 ? "::" : "0.0.0.0", port };
      },
      send: (bytes, to) => socket.current?.send(bytes, to),
      close: () => void socket.close(),
    };
  }
}

async function openUdp(
  family: 4 | 6,
  port: number,
  policy: NetPolicy,
  onPacket: (bytes: Uint8Array, from: Endpoint) => void,
): Promise<UdpSocket> {
  const address = bindAddress(family, policy)!;
  const { device } = policy.bindingOf(family);
  let open = true;
  const socket: Socket = await bindUdp({ family, address, port, shared: false, device }, (bytes, from) => {
    if (open && policy.refusal(from.host) === null) onPacket(bytes, from);
  });
  const bound = socket.address();
  return {
    endpoint: { host: canonicalIp(bound.address) ?? bound.address, port: bound.port },
    send(bytes, to) {
      if (!open || isIPv6(to.host) !== (family === 6) || policy.refusal(to.host) !== null) return;
      socket.send(bytes, to.port, device === null ? to.host : mapped(to.host), () => {});
    },
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}

/** Null when the address that we are bound to has another family. */
function bindAddress(family: 4 | 6, policy: NetPolicy): string | null {
  const { address } = policy.bindingOf(family);
  if (address !== null) return isIPv6(address) === (family === 6) ? address : null;
  if (family === 6) return policy.loopbackOnly ? "::1" : "::";
  // Not 127.0.0.1: other addresses of the loopback interface are to be reached as well.
  return "0.0.0.0";
}
