import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A tracker over HTTP in this process that knows nobody. */
export interface EmptyTracker {
  readonly url: string;
  close(): void;
}

export async function openEmptyTracker(): Promise<EmptyTracker> {
  const server = createServer((_request, response) => response.end("d8:intervali1800e5:peers0:e"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/announce`, close: () => server.close().closeAllConnections() };
}
