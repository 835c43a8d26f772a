import type { Socket } from "node:net";

/** An address that has not answered after this time gets company (RFC 8305, section 8). */
const NEXT_AFTER_MS = 300;

/**
 * Connects to the first of several addresses that answers, trying them in order, and the next one when one fails or is slow. `open` begins a connection.
 * Rejects with the first failure when all have failed. What is not taken is destroyed.
 */
export function connectFirst(
  addresses: readonly string[],
  open: (address: string) => Socket,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const trying = new Set<Socket>();
    let at = 0;
    let firstError: Error | null = null;
    let timer: NodeJS.Timeout | undefined;
    const failed = (error: Error): void => {
      firstError ??= error;
      next();
    };
    const next = (): void => {
      clearTimeout(timer);
      const address = addresses[at++];
      if (address === undefined) {
        if (trying.size === 0) reject(firstError ?? new Error("no address"));
        return;
      }
      let socket: Socket;
      try {
        socket = open(address);
      } catch (error) {
        failed(error as Error);
        return;
      }
      trying.add(socket);
      socket.once("connect", () => {
        clearTimeout(timer);
        trying.delete(socket);
        socket.off("error", onError);
        for (const other of trying) other.destroy();
        trying.clear();
        resolve(socket);
      });
      const onError = (error: Error): void => {
        if (trying.delete(socket)) failed(error);
      };
      socket.on("error", onError);
      timer = setTimeout(next, NEXT_AFTER_MS);
    };
    next();
  });
}
