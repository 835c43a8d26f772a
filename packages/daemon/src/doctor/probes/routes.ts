import { createSocket } from "node:dgram";

/** Addresses for documents (RFC 5737, 3849), which nobody has; what leads to them leads to everywhere. */
const ANYWHERE = { udp4: "198.51.100.1", udp6: "2001:db8::1" } as const;

/** The address from which packets to the outside would leave; null when there is no route. Nothing is sent. */
export function probeRoute(type: keyof typeof ANYWHERE): Promise<string | null> {
  const socket = createSocket(type);
  const address = new Promise<string | null>((resolve) => {
    socket.on("error", () => resolve(null));
    // Connecting a UDP socket chooses the route, and no more. Where that fails there is an error, or none and no address.
    socket.connect(9, ANYWHERE[type], () => resolve(localAddress(() => socket.address().address)));
  });
  return address.finally(() => socket.close());
}

function localAddress(read: () => string): string | null {
  try {
    const address = read();
    return /^(127\.|::1$|0\.0\.0\.0$|::$)/.test(address) ? null : address;
  } catch {
    return null;
  }
}
