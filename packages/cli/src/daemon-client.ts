import type { NodeInfo } from "@shoal/schema";

import type { Context } from "./context.ts";
import { CliError } from "./errors.ts";
import { clean } from "./ui/clean.ts";
import { readVersion } from "./version.ts";
import { type DaemonClient, isAbsent } from "./daemon/client.ts";
import { reach } from "./daemon/reach.ts";
import { startInBackground } from "./daemon/start.ts";
import { tellNotices } from "./daemon/tell-notices.ts";
import { compareVersions } from "./daemon/versions.ts";

export type { DaemonClient };

/**
 * Speaks to the daemon that the flags and the environment name; the one of this user is started when it does not run, unless --no-start says not to.
 * Throws ERR_DAEMON when there is none, ERR_VERSION when it is of another version than this program.
 */
export async function daemonClient(context: Context): Promise<DaemonClient> {
  const mayStart = !isSet(context.env["SHOAL_NO_START"]);
  const { daemon, info } = await reach(context).catch(async (error: unknown) => {
    if (!mayStart || !isAbsent(error) || isSet(context.env["SHOAL_DAEMON"])) throw error;
    return startInBackground(context, []);
  });
  checkVersion(info);
  if (context.stderr.isTTY === true && context.stdout.isTTY === true) await tellNotices(context, daemon);
  return daemon;
}

/** The same, or null where there is none, none may be started, and the command `must` not have one. */
export async function theDaemon(context: Context, must: boolean): Promise<DaemonClient | null> {
  try {
    return await daemonClient(context);
  } catch (error) {
    if (must || isSet(context.env["SHOAL_DAEMON"]) || !isAbsent(error)) throw error;
    return null;
  }
}

function checkVersion({ version }: NodeInfo): void {
  const ours = readVersion();
  const order = compareVersions(version, ours);
  if (order === 0) return;
  throw new CliError(
    "ERR_VERSION",
    order < 0
      ? `The daemon is older (${clean(version)}) than this program (${ours})`
      : `This program (${ours}) is older than the daemon (${clean(version)})`,
    order < 0 ? "Start the new one with: shoal daemon restart" : "Install the newer program.",
  );
}

function isSet(setting: string | undefined): boolean {
  return setting !== undefined && setting !== "" && setting !== "0";
}
