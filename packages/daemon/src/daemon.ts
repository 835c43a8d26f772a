import { chmod, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createHttpServer, describeApi, HostPolicy, type HttpServer } from "@shoal/server";
import { auditRequests } from "./audit/audit-requests.ts";
import { auditRoutes } from "./api/audit.ts";
import { describe } from "./api/description.ts";
import { doctorRoutes } from "./api/doctor.ts";
import { bulkRoutes } from "./api/bulk.ts";
import { eventRoutes } from "./api/events.ts";
import { explainError } from "./api/explain-error.ts";
import { historyRoutes } from "./api/history.ts";
import { limitRoutes } from "./api/limits.ts";
import { logRoutes } from "./api/log.ts";
import { labelRoutes } from "./api/labels.ts";
import { metricRoutes } from "./api/metrics.ts";
import { nodeRoutes } from "./api/node.ts";
import { fileRoutes } from "./api/files.ts";
import { importRoutes } from "./api/imports.ts";
import { noticeRoutes } from "./api/notices.ts";
import { pageRoutes } from "./api/pages.ts";
import { shareRoutes } from "./api/shares.ts";
import { statsRoutes } from "./api/stats.ts";
import { tokenRoutes } from "./api/tokens.ts";
import { settingRoutes } from "./api/settings.ts";
import { torrentActionRoutes } from "./api/torrent-actions.ts";
import { torrentListRoutes } from "./api/torrent-list.ts";
import { torrentDetailRoutes } from "./api/torrent-details.ts";
import { torrentRoutes } from "./api/torrents.ts";
import { keepPrivate } from "./private-files.ts";
import { RPC_PATH, RpcEndpoint } from "./rpc/endpoint.ts";
import { watchFolderRoutes } from "./api/watch-folders.ts";
import { watchSettings } from "./settings/watch-settings.ts";
import type { NodeOptions } from "./node-parts.ts";
import { openNode, type ShoalNode } from "./shoal-node.ts";

export interface DaemonOptions extends NodeOptions {
  /** Of the program, for who asks. */
  readonly version: string;
  /** Somebody asked for the end. */
  onShutDown(): void;
}

/** A running node with its faces. */
export interface Daemon {
  readonly node: ShoalNode;
  readonly ui: { readonly host: string; readonly port: number; readonly url: string };
  /** URL of Transmission's RPC; null when it is off. */
  readonly rpc: string | null;
  /** Ends in good order. */
  stop(): Promise<void>;
}

/** Starts a node and serves it over HTTP, and on a socket that only this user can open. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { settings } = options;
  await keepPrivate(options.profile, options.log);
  const node = await openNode(options);
  const hosts = new HostPolicy(settings.get("ui.hosts"));
  settings.on(["ui.hosts"], () => hosts.setNames(settings.get("ui.hosts")));
  const rpcEnabled = settings.get("rpc.enabled");
  const servers: HttpServer[] = [];
  const stopWatching = watchSettings(settings, options.profile.configFiles, options.log);
  const stop = async (): Promise<void> => {
    await stopWatching();
    // Streams end in good order; the servers would cut them.
    node.live.close();
    rpc.close();
    await Promise.all(servers.map((server) => server.close()));
    await node.close();
  };
  let uiAddress = "";
  const face = {
    version: options.version,
    ui: () => uiAddress,
    shutDown: async () => options.onShutDown(),
  };
  const rpc = new RpcEndpoint({
    node,
    hosts,
    version: options.version,
    shutDown: () => options.onShutDown(),
  });
  const open = (trusted: boolean): HttpServer => {
    const app = createHttpServer({
      hosts,
      tokens: node.tokens,
      trusted,
      basePath: settings.get("ui.basePath"),
      trustedProxies: settings.get("ui.trustedProxies"),
      explain: explainError,
      hostAdvice: (host) => `If that is this computer, allow it: shoal config set ui.hosts +${host}`,
    });
    servers.push(app);
    auditRequests(app, node.audit);
    return app;
  };
  const serve = async (trusted: boolean): Promise<HttpServer> => {
    const app = open(trusted);
    await describeApi(app, describe(options.version));
    pageRoutes(app);
    metricRoutes(app, node, options.version);
    await app.register(
      async (api) => {
        nodeRoutes(api, node, face);
        torrentRoutes(api, node);
        torrentListRoutes(api, node.live);
        torrentDetailRoutes(api, node);
        shareRoutes(api, node);
        labelRoutes(api, node);
        torrentActionRoutes(api, node);
        bulkRoutes(api, node);
        noticeRoutes(api, node);
        importRoutes(api, node);
        fileRoutes(api, node);
        watchFolderRoutes(api, node);
        tokenRoutes(api, node);
        historyRoutes(api, node);
        logRoutes(api, node);
        statsRoutes(api, node);
        settingRoutes(api, settings);
        doctorRoutes(api, node, options.version);
        limitRoutes(api, node.limits);
        eventRoutes(api, node.live, node.tokens);
        auditRoutes(api, node);
      },
      { prefix: "/api/v1" },
    );
    if (!trusted && rpcEnabled) await app.register(async (scope) => rpc.serve(scope));
    return app;
  };
  try {
    const web = await serve(false);
    await web.listen({ host: settings.get("ui.host"), port: settings.get("ui.port") });
    const { address: host, port } = web.server.address() as AddressInfo;
    uiAddress = urlOf(web);
    if (host === "127.0.0.1") await web.listenAlso("::1", port);
    const rpcPort = settings.get("rpc.port");
    let remote = web;
    if (rpcPort !== null && rpcEnabled) {
      remote = open(false);
      await remote.register(async (scope) => rpc.serve(scope));
      await remote.listen({ host: settings.get("rpc.host"), port: rpcPort });
    }
    // Last: who waits for the socket finds everything else there.
    const { socket } = node.profile;
    const local = await serve(true);
    if (!socket.startsWith("\\\\")) await rm(socket, { force: true });
    await local.listen({ path: socket });
    if (!socket.startsWith("\\\\")) await chmod(socket, 0o600);
    const rpcAddress = rpcEnabled ? `${urlOf(remote)}${RPC_PATH}` : null;
    return { node, ui: { host, port, url: uiAddress }, rpc: rpcAddress, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function urlOf({ server }: HttpServer): string {
  const { address, port } = server.address() as AddressInfo;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}
