import type { NodeInfo, Stats } from "@shoal/schema";

import type { Context } from "../../context.ts";
import { isAbsent } from "../../daemon/client.ts";
import { type Connection, reach } from "../../daemon/reach.ts";
import { shownPath } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { openSettings } from "../../settings.ts";
import { clean } from "../../ui/clean.ts";
import { formatDuration } from "../../ui/durations.ts";
import type { Output } from "../../ui/output.ts";
import { count, formatSize } from "../../ui/sizes.ts";
import { renderTable } from "../../ui/table.ts";
import { readVersion } from "../../version.ts";
import type { Invocation, NoOptions } from "../command.ts";

const REACH = {
  computer: "this computer only",
  network: "the same network",
  everybody: "everybody",
} as const;

/** `shoal info`. */
export async function runInfo({ context, output }: Invocation<NoOptions>): Promise<number> {
  const connection = await reach(context).catch((error: unknown) => {
    if (!isAbsent(error) || (context.env["SHOAL_DAEMON"] ?? "") !== "") throw error;
    return null;
  });
  const rows =
    connection === null ? await tellAlone(context, output) : await tell(context, output, connection);
  const columns = [
    { heading: "", align: "left" },
    { heading: "", align: "left" },
  ] as const;
  for (const line of renderTable(columns, rows, output.piped)) output.data(line);
  return 0;
}

type Rows = (readonly [string, string])[];

async function tell(context: Context, output: Output, { daemon, info }: Connection): Promise<Rows> {
  const { session, all } = await daemon.get<Stats>("/stats");
  const uptimeMs = Math.max(0, context.wallTime() - Date.parse(info.startedAt));
  output.document({ running: true, ...info, uptimeMs, totals: { session, all } });
  const { peerPort } = info;
  return [
    ["peer id", info.peerId],
    ...addressRows(info),
    ["reachable", `${info.reachable}: ${clean(info.reachableWhy)}`],
    ["peers", peerPort === null ? "nobody can connect: it does not listen" : `connect to port ${peerPort}`],
    ["page and API", info.ui],
    ["downloads", shownPath(context, info.downloadDir)],
    ["state", shownPath(context, info.stateDir)],
    [
      "runs",
      `for ${formatDuration(uptimeMs)} (pid ${info.pid}), profile ${info.profile}, shoal ${clean(info.version)}`,
    ],
    ["moved", `${moved(session)} since it was started; ${moved(all)} in ${count(all.sessions, "run")}`],
  ];
}

/** What is known while the daemon does not run. */
async function tellAlone(context: Context, output: Output): Promise<Rows> {
  const { ownPeerId } = await import("@shoal/daemon/own-peer-id");
  const profile = await profileOf(context, null);
  const peerId = await ownPeerId(profile);
  const downloadDir = (await openSettings(context)).get("downloads.dir");
  const version = readVersion();
  const { name, stateDir } = profile;
  output.document({ running: false, version, profile: name, peerId, downloadDir, stateDir });
  output.note(
    "The daemon does not run: where it can be reached is known when it does. Start it: shoal daemon start",
  );
  return [
    ["peer id", peerId ?? "none yet: the first start of the daemon makes it"],
    ["downloads", shownPath(context, downloadDir)],
    ["state", shownPath(context, stateDir)],
    ["runs", `no; profile ${name}, shoal ${version}`],
  ];
}

function addressRows({ addresses }: NodeInfo): Rows {
  if (addresses.length === 0) return [["addresses", "none to give to others"]];
  return addresses.map(({ address, reach: who }, at) => [
    at === 0 ? "addresses" : "",
    `${address} (${REACH[who]})`,
  ]);
}

function moved({ downloaded, uploaded }: Stats["today"]): string {
  return `${formatSize(downloaded)} down and ${formatSize(uploaded)} up`;
}
