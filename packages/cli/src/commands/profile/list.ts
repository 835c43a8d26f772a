import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { DaemonClient } from "../../daemon/client.ts";
import { stateDir } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Context } from "../../context.ts";
import type { Invocation, NoOptions } from "../command.ts";

/** `shoal profile list`. */
export async function listProfiles({ context, output }: Invocation<NoOptions>): Promise<number> {
  const { DEFAULT_PROFILE, isProfileName } = await import("@shoal/daemon/profile");
  const others = await readdir(join(stateDir(context), "profiles")).catch(() => []);
  const names = [DEFAULT_PROFILE, ...others.filter((name) => isProfileName(name)).sort()];
  const profiles = await Promise.all(names.map((name) => describe(context, name)));
  output.document({ profiles });
  const columns = columnsOf("PROFILE", "RUNS", "PAGE", "DOWNLOADS");
  const rows = profiles.map(({ profile, pid, ui, downloadDir }) => [
    profile,
    pid === null ? "no" : `pid ${pid}`,
    ui ?? "",
    downloadDir ?? "",
  ]);
  for (const line of renderTable(columns, rows, output.piped)) output.data(line);
  return 0;
}

interface ProfileLine {
  readonly profile: string;
  readonly pid: number | null;
  readonly ui: string | null;
  readonly downloadDir: string | null;
}

async function describe(context: Context, profile: string): Promise<ProfileLine> {
  const { socket } = await profileOf(context, profile);
  try {
    const { pid, ui, downloadDir } = await new DaemonClient(
      { type: "socket", path: socket },
      context.signal,
    ).info();
    return { profile, pid, ui, downloadDir };
  } catch {
    return { profile, pid: null, ui: null, downloadDir: null };
  }
}
