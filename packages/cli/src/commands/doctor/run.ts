import type { DoctorReport, TorrentList } from "@shoal/schema";

import type { Context } from "../../context.ts";
import { reach } from "../../daemon/reach.ts";
import { CliError } from "../../errors.ts";
import { isOffline } from "../../session.ts";
import { profileOf } from "../../profile.ts";
import { openSettings } from "../../settings.ts";
import { readVersion } from "../../version.ts";
import type { Invocation } from "../command.ts";
import { findTarget } from "../transfers/targets.ts";
import type { DoctorOptions } from "./declaration.ts";
import { reportLines, sharedLines } from "./view.ts";

/** `shoal doctor`. */
export async function runDoctor({
  context,
  output,
  args,
  options,
}: Invocation<DoctorOptions>): Promise<number> {
  const report = await examine(context, args[0] ?? null);
  output.document(report);
  const lines = options.shareReport
    ? sharedLines(report)
    : reportLines(report, output.style, output.piped ? Infinity : output.columns);
  for (const line of lines) output.data(line);
  return report.exitCode;
}

/** The daemon's answer; without one what can be found out alone. Throws ERR_DAEMON when a transfer is asked about and none runs. */
async function examine(context: Context, word: string | null): Promise<DoctorReport> {
  try {
    const { daemon } = await reach(context);
    if (word === null) return await daemon.get<DoctorReport>("/doctor");
    const { torrents } = await daemon.get<TorrentList>("/torrents");
    return await daemon.get<DoctorReport>(`/doctor?torrent=${findTarget(word, torrents).id}`);
  } catch (error) {
    const isAbsent = error instanceof CliError && error.code === "ERR_DAEMON";
    if (!isAbsent || word !== null) throw error;
    return examineAlone(context, error.message);
  }
}

async function examineAlone(context: Context, why: string): Promise<DoctorReport> {
  const { examineAbsent } = await import("@shoal/daemon/doctor");
  return examineAbsent({
    profile: await profileOf(context, null),
    settings: await openSettings(context),
    version: readVersion(),
    isKept: isOffline(context),
    why: why.charAt(0).toLowerCase() + why.slice(1),
    now: () => context.wallTime(),
  });
}
