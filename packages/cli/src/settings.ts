import type { Settings } from "@shoal/daemon/settings";
import type { SettingValues } from "@shoal/schema/settings";

import { formatPeer } from "./commands/option.ts";
import type { NetworkOptions } from "./commands/shared-options.ts";
import type { Context } from "./context.ts";
import { userPath } from "./paths.ts";
import { profileOf } from "./profile.ts";

/** What the user's profile says, with flags and the environment before it. Throws ERR_CONFIG. */
export async function openSettings(context: Context, flags: Partial<SettingValues> = {}): Promise<Settings> {
  const { Settings } = await import("@shoal/daemon/settings");
  const { configFiles } = await profileOf(context, null);
  const { env, home } = context;
  const dir = env["SHOAL_DOWNLOAD_DIR"] ?? "";
  const resolved = dir === "" ? env : { ...env, SHOAL_DOWNLOAD_DIR: userPath(context, dir) };
  return Settings.open({ files: configFiles, env: resolved, home, flags });
}

/** The flags of `send`, `get` and `daemon run` that stand for settings. */
export function networkSettings(context: Context, flags: NetworkOptions): Partial<SettingValues> {
  const { port, host, proxy, ipFilter, obfuscation, noDiscovery, dhtBootstrap } = flags;
  return {
    ...(port === null ? {} : { "network.port": portsText(port) }),
    ...(host === null ? {} : { "network.host": host }),
    ...(proxy === null ? {} : { "network.proxy": proxy }),
    ...(flags.proxyListen ? { "network.proxyListen": true } : {}),
    ...(ipFilter.length === 0 ? {} : { "network.ipFilter": ipFilter.map((path) => userPath(context, path)) }),
    ...(obfuscation === null ? {} : { "network.obfuscation": obfuscation }),
    ...(noDiscovery || flags.noDht ? { "network.dht": false } : {}),
    ...(dhtBootstrap.length === 0 ? {} : { "network.dhtBootstrap": dhtBootstrap.map(formatPeer) }),
    ...(noDiscovery || flags.noLsd ? { "network.lsd": false } : {}),
    ...(noDiscovery || flags.noPex ? { "network.pex": false } : {}),
    ...(flags.noWebSeeds ? { "network.webSeeds": false } : {}),
    ...(flags.noPortMapping ? { "network.portMapping": false } : {}),
  };
}

function portsText(ports: readonly number[]): string {
  const first = ports[0] ?? 0;
  const last = ports.at(-1) ?? first;
  return first === last ? String(first) : `${first}-${last}`;
}
