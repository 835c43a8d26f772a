import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";

/** What a machine without IPv6, or with another program there, says. */
const CANT_BE_HAD = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EADDRINUSE"]);

/** A server at one more address; null when that can't be had. Throws what listening throws otherwise. */
export async function openSecondListener(
  answer: RequestListener,
  options: ServerOptions,
  host: string,
  port: number,
): Promise<Server | null> {
  const server = createServer(options, answer);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    if (CANT_BE_HAD.has((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
  return server;
}
