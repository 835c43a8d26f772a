import type { Socket } from "node:net";
import { ShoalError } from "../base/errors.ts";
import type { HandshakeEnd, ProxyHandshake } from "../core/proxy/proxy-handshake.ts";

/** From the connection to the proxy until it has one with the other side. */
export const AGREE_TIMEOUT_MS = 20_000;

/** Leads the conversation with a proxy on a socket that is connected to it. Rejects with ERR_CONNECT and destroys the socket. */
export function passThrough(socket: Socket, handshake: ProxyHandshake, who: string): Promise<HandshakeEnd> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      socket.off("readable", onReadable);
      socket.off("error", onClose);
      socket.off("close", onClose);
    };
    const fail = (error: Error): void => {
      end();
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const failed = (message: string): void => fail(new ShoalError("ERR_CONNECT", message, {}));
    const onClose = (): void => failed(`${who} hangs up`);
    const onReadable = (): void => {
      const bytes = socket.read() as Uint8Array | null;
      if (bytes === null) return;
      try {
        const { send, done } = handshake.onBytes(new Uint8Array(bytes));
        if (send !== null) socket.write(send);
        if (done === null) return;
        end();
        if (done.rest.length > 0) socket.unshift(done.rest);
        resolve(done);
      } catch (error) {
        fail(error as Error);
      }
    };
    const timer = setTimeout(() => failed(`${who} does not answer`), AGREE_TIMEOUT_MS);
    socket.on("readable", onReadable);
    socket.on("error", onClose);
    socket.on("close", onClose);
    socket.write(handshake.start());
  });
}
