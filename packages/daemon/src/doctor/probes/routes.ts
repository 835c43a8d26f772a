import { createSocket } from "node:dgram";

/** Addresses for documents (RFC 5737, 3849), which nobody has; what leads to them leads to everywhere. */
const ANYWHERE = { udp4: "198.51.100.1", udp6: "2001:db8::1" } as const;

/** The address from which packets to the outside would leave; null when there is no route. Nothing is sent. */
export function probeRoute(type: keyof typeof ANYWHERE): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    const end = (address: string | null): void => {
      socket.close();
      resolve(address);
    };
    socket.on("error", () => end(null));
    // Connecting a UDP socket chooses the route, and no more.
    socket.connect(9, ANYWHERE[type], () => {
      const { address } = socket.address();
      end(/^(127\.|::1$|0\.0\.0\.0$|::$)/.test(address) ? null : address);
    });
  });
}
