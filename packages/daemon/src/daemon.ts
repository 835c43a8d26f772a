import { chmod, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createHttpServer, HostPolicy, type HttpServer } from "@shoal/server";
import { explainError } from "./api/explain-error.ts";
import { nodeRoutes } from "./api/node.ts";
import { shareRoutes } from "./api/shares.ts";
import { tokenRoutes } from "./api/tokens.ts";
import { torrentRoutes } from "./api/torrents.ts";
import { rpcRoutes } from "./rpc/endpoint.ts";
import { type NodeOptions, ShoalNode } from "./shoal-node.ts";

export interface DaemonOptions extends NodeOptions {
  /** Where the web UI and the API are served; port 0 lets the system choose. */
  readonly ui: { readonly host: string; readonly port: number };
  /** Host names besides localhost under which the UI may be called. */
  readonly hosts: readonly string[];
  /** Of the program, for who asks. */
  readonly version: string;
  /** Somebody asked for the end. */
  onShutDown(): void;
}

/** A running node with its faces. */
export interface Daemon {
  readonly node: ShoalNode;
  readonly ui: { readonly host: string; readonly port: number; readonly url: string };
  /** Ends in good order. */
  stop(): Promise<void>;
}

/** Starts a node and serves it over HTTP, and on a socket that only this user can open. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const node = await ShoalNode.open(options);
  const servers: HttpServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
    await node.close();
  };
  let uiAddress = "";
  const face = {
    version: options.version,
    ui: () => uiAddress,
    shutDown: async () => options.onShutDown(),
  };
  const serve = async (trusted: boolean): Promise<HttpServer> => {
    const app = createHttpServer({
      hosts: new HostPolicy(options.hosts),
      tokens: node.tokens,
      trusted,
      explain: explainError,
      hostAdvice: (host) => `If that is this computer, allow it: shoal config set ui.hosts +${host}`,
    });
    servers.push(app);
    await app.register(
      async (api) => {
        nodeRoutes(api, node, face);
        torrentRoutes(api, node);
        shareRoutes(api, node);
        tokenRoutes(api, node);
      },
      { prefix: "/api/v1" },
    );
    if (!trusted) await app.register(async (rpc) => rpcRoutes(rpc, node, options.version));
    return app;
  };
  try {
    const { socket } = node.profile;
    const local = await serve(true);
    if (!socket.startsWith("\\\\")) await rm(socket, { force: true });
    await local.listen({ path: socket });
    if (!socket.startsWith("\\\\")) await chmod(socket, 0o600);
    const web = await serve(false);
    await web.listen(options.ui);
    const { address: host, port } = web.server.address() as AddressInfo;
    uiAddress = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
    return { node, ui: { host, port, url: uiAddress }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
