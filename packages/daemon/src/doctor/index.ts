import type { DoctorReport } from "@shoal/schema";
import type { Profile } from "../profile.ts";
import type { Settings } from "../settings/settings.ts";
import { checkClock } from "./checks/clock.ts";
import { checkNetwork } from "./checks/network.ts";
import { examineComputer } from "./computer.ts";
import { finding } from "./finding.ts";
import { foldersOf, rightsOf } from "./own-files.ts";
import { makeReport } from "./report.ts";
import { hidden, said } from "./said.ts";

/** A node that does not run, and what is known of it all the same. */
export interface AbsentNode {
  readonly profile: Profile;
  readonly settings: Settings;
  /** Of the program. */
  readonly version: string;
  /** Nothing is to leave this computer. */
  readonly isKept: boolean;
  /** Why the node can't be asked, in one clause. */
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What can be found out while no node runs. */
export async function examineAbsent(node: AbsentNode): Promise<DoctorReport> {
  const { profile, settings, version, isKept, why, now } = node;
  const folders = foldersOf(profile, settings, settings.get("downloads.dir"));
  const place = { folders, files: rightsOf(profile, settings), port: null, version };
  const local = await examineComputer(place, now);
  const network = checkNetwork({
    isKept,
    obstacle: null,
    host: settings.get("network.host"),
    hasProxy: settings.get("network.proxy") !== null,
    ipv4: local.ipv4,
    ipv6: local.ipv6,
  });
  const daemon = finding(
    "daemon",
    "warn",
    said`${hidden("why", why)}: listening, trackers, DHT and peers could not be looked at`,
    "start it: shoal daemon start",
  );
  const clock = checkClock({ trouble: null, witnesses: 0, aheadOfDiskMs: local.aheadOfDiskMs });
  return makeReport(
    [daemon, ...local.disk, network, clock, local.firewall, local.files, local.program],
    null,
    [],
  );
}
