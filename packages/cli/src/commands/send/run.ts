import { usageError } from "../../errors.ts";
import { theDaemon } from "../../daemon-client.ts";
import { isFolder, statPath, userPath } from "../../paths.ts";
import { networkSettings, openSettings } from "../../settings.ts";
import type { Invocation } from "../command.ts";
import { chooseKind } from "../option.ts";
import { isTorrentFile } from "../torrent/source.ts";
import type { SendOptions } from "./declaration.ts";

/** `shoal send PATH…`: by the daemon, or with --foreground and where there is none by this process. */
export async function runSend(invocation: Invocation<SendOptions>): Promise<number> {
  const { context, options, args } = invocation;
  await checkArguments(invocation);
  const flags = networkSettings(context, options);
  const own = Object.keys(flags).length > 0 || isPicky(options) || args.some(isTorrentFile);
  if (own && options.detach) {
    throw usageError(
      "Flags about the network, .torrent files and --verify are for the foreground",
      "Leave them out, or leave --detach out.",
    );
  }
  const daemon = options.foreground || own ? null : await theDaemon(context, options.detach);
  if (daemon !== null) return (await import("./in-daemon.ts")).sendInDaemon(invocation, daemon);
  if (options.label.length > 0)
    throw usageError("--label is for the daemon", "Leave out --foreground and flags about the network.");
  const settings = await openSettings(context, flags);
  return (await import("./foreground.ts")).sendInForeground(invocation, settings);
}

/** Wants what can't be asked of the daemon. */
function isPicky({ verify }: SendOptions): boolean {
  return verify === "none" || verify === "sample";
}

/** Everything that can be wrong with the words is told before any work is done. */
async function checkArguments({ context, args, options }: Invocation<SendOptions>): Promise<void> {
  chooseKind(options);
  // The files of a daemon elsewhere lie there.
  if ((context.env["SHOAL_DAEMON"] ?? "") === "")
    for (const word of args) await statPath(userPath(context, word), word);
  if (options.data !== null && !args.some(isTorrentFile)) {
    throw usageError(
      "--data says where the files of a .torrent file lie",
      "Name the .torrent file, or leave --data out.",
    );
  }
  if (args.length > 1 && options.name !== null) {
    throw usageError("--name names one torrent, but several paths are given", "Share them one at a time.");
  }
  if (args.length > 1 && options.output !== null && !(await isFolder(userPath(context, options.output)))) {
    throw usageError("-o names one file, but several paths are given", "Give an existing folder with -o.");
  }
}
