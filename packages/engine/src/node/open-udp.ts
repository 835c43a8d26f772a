import type { Socket } from "node:dgram";
import { canonicalIp, type Family, familyOf } from "../base/address.ts";
import { ShoalError } from "../base/errors.ts";
import type { Endpoint } from "../ports/net.ts";
import type { UdpSocket } from "../ports/udp.ts";
import { bindUdp } from "./bind-udp.ts";
import { mapped } from "./device-binding.ts";
import type { NetPolicy } from "./net-policy.ts";

/**
 * A UDP socket from the address and through the interface that the policy names. Packets from and to addresses that `refusal` has a reason for, the policy's if absent, are dropped. Throws
 * ERR_LISTEN and ERR_PORT_IN_USE.
 */
export async function openUdp(
  family: Family,
  port: number,
  policy: NetPolicy,
  onPacket: (bytes: Uint8Array, from: Endpoint) => void,
  refusal: (host: string) => string | null = (host) => policy.refusal(host),
): Promise<UdpSocket> {
  const address = udpAddress(family, policy);
  const { device } = policy.bindingOf(family);
  let open = true;
  const socket: Socket = await bindUdp({ family, address, port, shared: false, device }, (bytes, from) => {
    if (open && refusal(from.host) === null) onPacket(bytes, from);
  });
  const bound = socket.address();
  return {
    endpoint: { host: canonicalIp(bound.address) ?? bound.address, port: bound.port },
    send(bytes, to) {
      if (!open || familyOf(to.host) !== family || refusal(to.host) !== null) return;
      socket.send(bytes, to.port, device === null ? to.host : mapped(to.host), () => {});
    },
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}

/** Where a socket of the family is bound. Throws ERR_LISTEN when the address that we are bound to has another one. */
export function udpAddress(family: Family, policy: NetPolicy): string {
  const { address } = policy.bindingOf(family);
  if (address !== null) {
    if (familyOf(address) === family) return address;
    throw new ShoalError("ERR_LISTEN", `${address} has no IPv${family}`, { host: address });
  }
  if (family === 6) return policy.loopbackOnly ? "::1" : "::";
  // Not 127.0.0.1: other addresses of the loopback interface are to be reached as well.
  return "0.0.0.0";
}
