import type { TokenRecord } from "@shoal/server";
import { ConfigError } from "../settings/index.ts";
import type { SettingChanges } from "../settings/settings.ts";
import type { ShoalNode } from "../shoal-node.ts";
import { ArgumentReader } from "./arguments.ts";
import { namedFolder } from "./folders.ts";
import type { RpcArguments } from "./request.ts";
import { RpcError } from "./rpc-error.ts";
import type { SessionMemory } from "./session-memory.ts";
import type { SessionSettings } from "./session-settings.ts";
import { readSetting, SETTINGS, type SettingKey, type SettingValue } from "@shoal/schema/settings";

/** Its setting, and the name by which it is remembered. */
export const INCOMPLETE_DIR = "incomplete-dir";

/** By Transmission's words. */
export const ENCRYPTION = { required: "require", preferred: "prefer", tolerated: "off" } as const;
/** Programs that would be run: over the network nobody names any. */
const SCRIPTS = ["script-torrent-done", "script-torrent-added", "script-torrent-done-seeding"];

/**
 * `session-set`: what is safe to be set by whoever has a token. What Shoal has no use for (a cache, uTP, renamed partial files) is taken without effect, as
 * programs send their whole page of settings.
 */
export async function setSession(
  node: ShoalNode,
  known: SessionSettings,
  args: RpcArguments,
  bearer: TokenRecord,
): Promise<RpcArguments> {
  const read = new ArgumentReader(args);
  for (const script of SCRIPTS) {
    const names = (read.text(`${script}-filename`) ?? "") !== "";
    if (names || read.flag(`${script}-enabled`) === true)
      throw new RpcError("programs to run are set in the configuration file of the computer, not from here");
  }
  const { settings, remembered } = known.changes(read);
  const { incompleteDir, ...dirs } = await folders(node, known.memory, read, bearer);
  const changes: { [K in SettingKey]?: SettingValue | undefined } = {
    ...settings,
    ...dirs,
    ...network(read),
  };
  for (const [key, value] of Object.entries(changes)) check(key as SettingKey, value);
  try {
    if (Object.keys(changes).length > 0) await node.settings.set(changes);
    await known.memory.set({
      ...remembered,
      ...(incompleteDir === undefined ? {} : { [INCOMPLETE_DIR]: incompleteDir }),
    });
    await known.turtle.switch(read);
  } catch (error) {
    if (error instanceof ConfigError) throw new RpcError(error.message);
    throw error;
  }
  return {};
}

interface Folders extends SettingChanges {
  /** To be remembered while it is not used. */
  readonly incompleteDir?: string;
}

async function folders(
  node: ShoalNode,
  memory: SessionMemory,
  read: ArgumentReader,
  bearer: TokenRecord,
): Promise<Folders> {
  const dir = read.text("download-dir");
  const refusal = "download directory path is not absolute";
  const downloads =
    dir === undefined ? {} : { "downloads.dir": await namedFolder(node, bearer, dir, refusal) };
  const incomplete = read.text(INCOMPLETE_DIR);
  const isOn = read.flag(`${INCOMPLETE_DIR}-enabled`);
  if (incomplete === undefined && isOn === undefined) return downloads;
  const before = node.settings.get("downloads.incompleteDir");
  const shown = before ?? memory.text(INCOMPLETE_DIR) ?? node.downloadDir;
  // Some programs send back all that they are shown.
  const named =
    incomplete === undefined || incomplete === shown
      ? shown
      : await namedFolder(node, bearer, incomplete, "incomplete torrents directory path is not absolute");
  const wanted = (isOn ?? before !== null) ? named : null;
  return { ...downloads, "downloads.incompleteDir": wanted, incompleteDir: named };
}

function network(read: ArgumentReader): SettingChanges {
  const changes: { [K in SettingKey]?: SettingValue } = {};
  const port = read.whole("peer-port", 0, 65_535);
  if (port !== undefined) changes["network.port"] = String(port);
  const encryption = read.text("encryption");
  if (encryption !== undefined) {
    if (!Object.hasOwn(ENCRYPTION, encryption))
      throw new RpcError("encryption must be one of: required, preferred, tolerated");
    changes["network.obfuscation"] = ENCRYPTION[encryption as keyof typeof ENCRYPTION];
  }
  return changes;
}

function check(key: SettingKey, value: SettingValue | undefined): void {
  try {
    readSetting(SETTINGS[key], value);
  } catch (error) {
    throw new RpcError(`${key}: ${(error as Error).message}`);
  }
}
