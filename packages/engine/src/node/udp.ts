import { ShoalError } from "../base/errors.ts";
import { proxyName } from "../base/proxy.ts";
import type { Endpoint } from "../ports/net.ts";
import type { Udp, UdpSocket, UdpSpec } from "../ports/udp.ts";
import { MulticastSocket } from "./multicast-socket.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openUdp, udpAddress } from "./open-udp.ts";
import { RenewedSocket } from "./renewed-socket.ts";
import { SocksUdp } from "./socks-udp.ts";

/** UDP through Node, within the bounds of a policy. What may not or can't be sent is lost, as datagrams are. */
export class NodeUdp implements Udp {
  readonly #policy: NetPolicy;

  constructor(policy: NetPolicy) {
    this.#policy = policy;
  }

  async open(
    { family, port, multicast, signal }: UdpSpec,
    onPacket: (bytes: Uint8Array, from: Endpoint) => void,
  ): Promise<UdpSocket> {
    const policy = this.#policy;
    if (policy.proxy !== null) {
      // What can't go through the proxy does not go at all.
      if (multicast !== undefined)
        throw new ShoalError("ERR_LISTEN", "with a proxy nothing is sent to the local network");
      if (policy.proxy.proxy.kind !== "socks5") {
        throw new ShoalError(
          "ERR_LISTEN",
          `${proxyName(policy.proxy.proxy)} passes on no UDP: only SOCKS5 ones can`,
        );
      }
      return SocksUdp.open(family, policy.proxy, policy, onPacket, signal);
    }
    if (multicast !== undefined) {
      udpAddress(family, policy);
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
