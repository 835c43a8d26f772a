import { usageError } from "../../errors.ts";
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
  if (things.length > 1)
    throw usageError("Only the daemon gets several things at once", "Start it with: shoal daemon start");
  return (await import("./foreground.ts")).getInForeground(invocation, settings, things[0]!);
}

const FOREGROUND_ONLY =
  "Flags about the network, and --select, --priority, --overwrite and --verify, are for the foreground";

/** Wants what can't be asked of the daemon. */
function isPicky({ select, priority, overwrite, verify }: GetOptions): boolean {
  return select.length > 0 || priority.length > 0 || overwrite || verify !== "stat";
}
