import { CliError, usageError } from "../../errors.ts";
import { theDaemon } from "../../daemon-client.ts";
import { networkSettings, openSettings } from "../../settings.ts";
import type { Invocation } from "../command.ts";
import type { GetOptions } from "./declaration.ts";
import { resolveThings } from "./thing.ts";

/** `shoal get LINK…`: in the daemon, or with --foreground and where there is none in this process. */
export async function runGet(invocation: Invocation<GetOptions>): Promise<number> {
  const { context, options, args } = invocation;
  const flags = networkSettings(context, options);
  const settings = await openSettings(context, flags);
  const reach = { host: settings.get("network.host"), proxy: settings.get("network.proxy") };
  const things = await resolveThings(context, args, reach);
  // What a session of its own is told can't be meant for one that runs.
  const own = Object.keys(flags).length > 0 || isPicky(options);
  if (own && options.detach) throw usageError(FOREGROUND_ONLY, "Leave them out, or leave --detach out.");
  const wantsOwn = options.foreground || own;
  const daemon = wantsOwn ? null : await theDaemon(context, options.detach);
  if (daemon !== null) return (await import("./in-daemon.ts")).getInDaemon(invocation, daemon, things);
  const later = daemonFlag(options);
  if (later !== null)
    throw usageError(`${later} is for the daemon`, "Leave out --foreground and flags about the network.");
  const [thing] = things;
  if (thing?.type === "fileId") {
    throw new CliError(
      "ERR_NOT_FOUND",
      `Only the daemon knows files by their ids, such as "${thing.id}"`,
      "Start it with: shoal daemon start",
    );
  }
  if (things.length > 1)
    throw usageError("Only the daemon gets several things at once", "Start it with: shoal daemon start");
  return (await import("./foreground.ts")).getInForeground(invocation, settings, thing!);
}

const FOREGROUND_ONLY = "Flags about the network, and --overwrite and --verify, are for the foreground";

/** The first flag that only the daemon can follow. */
function daemonFlag(options: GetOptions): string | null {
  const { paused, label, seedRatio, limitDown, ignoreSpace, choose, failIfExists } = options;
  if (choose) return "--choose";
  if (failIfExists) return "--fail-if-exists";
  if (paused) return "--paused";
  if (ignoreSpace) return "--ignore-space";
  if (label.length > 0) return "--label";
  if (seedRatio !== null) return "--seed-ratio";
  return limitDown === null ? null : "--limit-down";
}

/** Wants what can't be asked of the daemon. */
function isPicky({ overwrite, verify }: GetOptions): boolean {
  return overwrite || verify !== "stat";
}
