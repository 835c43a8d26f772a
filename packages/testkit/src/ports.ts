import { createServer } from "node:net";

// Below the range from which Linux picks ports for outgoing connections (32768 and up), so that nobody's outgoing
// connection takes a port between our look and the client's bind. Each process starts at another place.
const FIRST = 20_000;
const COUNT = 12_000;
let next: number = FIRST + ((process.pid * 97) % COUNT);

/** A TCP port that is free on `host` right now, never handed out twice by this process. */
export async function freePort(host: string = "127.0.0.1"): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = next;
    next = next + 1 < FIRST + COUNT ? next + 1 : FIRST;
    if (await isFree(host, port)) return port;
  }
  throw new Error(`no free port on ${host}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
