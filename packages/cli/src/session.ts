import { networkInterfaces } from "node:os";
import { isIP } from "node:net";
import { join } from "node:path";

import type { Settings } from "@shoal/daemon/settings";
import type { SettingKey } from "@shoal/schema/settings";

import { type PeerAddress, parsePeer, parsePorts } from "./commands/option.ts";
import type { Context } from "./context.ts";
import type { Session, SessionOptions } from "./engine.ts";
import { CliError } from "./errors.ts";
import { readIpFilter } from "./ip-filter.ts";
import { rememberedPort, rememberPort } from "./port-memory.ts";
import { ensureWritableDir, shownPath, stateDir } from "./paths.ts";
import { clean } from "./ui/clean.ts";
import { logTo } from "./ui/log.ts";
import type { Output } from "./ui/output.ts";

const CLOSE_PATIENCE_MS = 300;

/** Starts an engine session in the user's state folder and listens. Throws ERR_PORT_IN_USE, ERR_LISTEN, ERR_FILE_SYSTEM, ERR_CONFIG. */
export async function openSession(context: Context, output: Output, settings: Settings): Promise<Session> {
  const dir = stateDir(context);
  await ensureStateDir(context, dir);
  const { createSession } = await context.engine();
  const options = await sessionOptions(context, output, settings, dir);
  try {
    const session = await createSession({ ...options, stateDir: dir });
    tellWayOut(context, output, settings);
    await keepPort(dir, settings, session);
    return session;
  } catch (error) {
    throw explainListen(error, settings);
  }
}

/** Ends the session, and says what that waits for if it does not go quickly. */
export async function closeSession(output: Output, session: Session): Promise<void> {
  output.done();
  const told = setTimeout(
    () => output.live(["Ending: trackers and the router are told, which takes up to 3 seconds …"], true),
    CLOSE_PATIENCE_MS,
  );
  try {
    await session.close();
  } finally {
    clearTimeout(told);
    output.done();
  }
}

/** Says what of the way out that was chosen may surprise. */
function tellWayOut(context: Context, output: Output, settings: Settings): void {
  if (/^http:/i.test(settings.get("network.proxy") ?? ""))
    output.note("An HTTP proxy carries no UDP: neither the DHT nor UDP trackers are asked.");
  const host = settings.get("network.host");
  if (host === null || host === "localhost" || isIP(host.replace(/^\[|\]$/g, "")) !== 0) return;
  const up = Object.keys(networkInterfaces());
  if (!up.includes(host) && !isOffline(context))
    output.warn(
      `No network interface ${clean(host)} is up now: shoal waits for it. Those that are: ${up.map(clean).join(", ")}`,
    );
}

/** Throws ERR_FILE_SYSTEM when nothing can be kept in the folder. */
export function ensureStateDir(context: Context, dir: string): Promise<void> {
  const advice = "Choose another folder for shoal's notes with SHOAL_STATE_DIR";
  return ensureWritableDir(dir, shownPath(context, dir), advice);
}

/** The port that was found free becomes the usual one. One that is taken for the moment, by another shoal say, stays it. */
export async function keepPort(dir: string, settings: Settings, session: Session): Promise<void> {
  if (isChosen(settings, "network.port") || session.endpoint === null) return;
  if ((await rememberedPort(dir)) === null) await rememberPort(dir, session.endpoint.port);
}

/** What the settings say of a session with its state in `dir`. Throws ERR_CONFIG and what reading an IP filter throws. */
export async function sessionOptions(
  context: Context,
  output: Output,
  settings: Settings,
  dir: string,
): Promise<Partial<Omit<SessionOptions, "stateDir">>> {
  const proxy = settings.get("network.proxy");
  const host = settings.get("network.host");
  const lists = settings.get("network.ipFilter");
  const ipFilter = lists.length === 0 ? null : await readIpFilter(context, output, lists);
  const bootstrap = settings.get("network.dhtBootstrap").map(bootstrapNode);
  return {
    offline: isOffline(context),
    ...(output.verbosity > 1 ? { log: logTo(output) } : {}),
    ports: await portsToTry(settings, dir),
    ...(host === null ? {} : { host }),
    ...(proxy === null ? {} : { proxy, proxyListen: settings.get("network.proxyListen") }),
    ...(ipFilter === null ? {} : { ipFilter }),
    obfuscation: settings.get("network.obfuscation"),
    dht: settings.get("network.dht"),
    ...(bootstrap.length === 0 ? {} : { dhtBootstrap: bootstrap }),
    lsd: settings.get("network.lsd"),
    pex: settings.get("network.pex"),
    webSeeds: settings.get("network.webSeeds"),
    portMapping: settings.get("network.portMapping"),
    limits: { down: settings.get("limits.down") || null, up: settings.get("limits.up") || null },
    maxConnections: settings.get("network.connections"),
    maxConnectionsPerTorrent: settings.get("network.connectionsPerTorrent"),
    uploadSlots: settings.get("network.uploadSlots"),
    maxOutstandingRequests: settings.get("network.requestDepth"),
  };
}

function bootstrapNode(text: string): PeerAddress {
  try {
    return parsePeer(text);
  } catch (error) {
    const reason = `network.dhtBootstrap: ${clean(text)} is no node: ${(error as Error).message}`;
    throw new CliError("ERR_CONFIG", reason, "", error);
  }
}

/** The remembered port first, unless one was chosen. */
async function portsToTry(settings: Settings, dir: string): Promise<readonly number[]> {
  const usual = parsePorts(settings.get("network.port"));
  const known = isChosen(settings, "network.port") ? null : await rememberedPort(dir);
  return known === null ? usual : [...new Set([known, ...usual])];
}

function isChosen(settings: Settings, key: SettingKey): boolean {
  return settings.list().find((state) => state.key === key)!.source !== "default";
}

/** SHOAL_OFFLINE=1: nothing leaves this computer. */
export function isOffline(context: Context): boolean {
  const setting = context.env["SHOAL_OFFLINE"] ?? "";
  return setting !== "" && setting !== "0";
}

/** What keeps a session from listening, for people. */
export function explainListen(error: unknown, settings: Settings): unknown {
  if (error instanceof CliError) return error;
  const code = (error as { code?: unknown }).code;
  if (code === "ERR_PORT_IN_USE" && isChosen(settings, "network.port")) {
    const ports = parsePorts(settings.get("network.port"));
    const which =
      ports.length === 1 ? `Port ${ports[0]} is` : `All ports from ${ports[0]} to ${ports.at(-1)} are`;
    return new CliError(
      code,
      `${which} taken by another program`,
      "Choose another with --port, or leave --port out to let shoal find a free one.",
      error,
    );
  }
  const host = settings.get("network.host");
  if (code === "ERR_LISTEN" && host !== null) {
    const reason = error instanceof Error ? error.message : String(error);
    return new CliError(
      code,
      `Listening on ${clean(host)} failed: ${reason}`,
      "Check --host: it must be an address or a network interface of this computer.",
      error,
    );
  }
  return error;
}

/** Names of network interfaces that lead to containers and virtual machines on this computer, not to people. */
const VIRTUAL = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|lxc|cni|podman|tun|tap|utun)/;
const MAX_ADDRESSES = 3;

/**
 * Where others can try to reach the session, for the magnet link: the address it was bound to, or with none chosen the
 * computer's addresses in its own network; on a computer kept offline its loopback address.
 */
export function reachableAt(context: Context, session: Pick<Session, "endpoint">): PeerAddress[] {
  const { endpoint } = session;
  if (endpoint === null) return [];
  const { host, port } = endpoint;
  if (isIP(host) !== 0 && host !== "0.0.0.0" && host !== "::") return [{ host, port }];
  if (isOffline(context)) return [{ host: "127.0.0.1", port }];
  const found: PeerAddress[] = [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (VIRTUAL.test(name)) continue;
    for (const { address, family, internal } of addresses ?? []) {
      // Link-local addresses mean nothing elsewhere; IPv6 ones change by the day.
      if (!internal && family === "IPv4" && !address.startsWith("169.254."))
        found.push({ host: address, port });
    }
  }
  return found.slice(0, MAX_ADDRESSES);
}

/** Folder for the .torrent files that `send` makes. */
export function torrentsDir(context: Context): string {
  return join(stateDir(context), "torrents");
}
