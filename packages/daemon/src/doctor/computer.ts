import { checkDisk, type FolderFacts } from "./checks/disk.ts";
import { checkFiles, type FileRights } from "./checks/files.ts";
import { checkFirewall } from "./checks/firewall.ts";
import { checkProgram } from "./checks/program.ts";
import type { Finding } from "./finding.ts";
import { findFirewalls } from "./probes/firewalls.ts";
import { type FolderProbe, probeFolder } from "./probes/folder.ts";
import { readRights } from "./probes/file-rights.ts";
import { probeRoute } from "./probes/routes.ts";

/** What can be looked at without a session. */
export interface LocalPlace {
  readonly folders: readonly Pick<FolderFacts, "use" | "path" | "reserve">[];
  /** Files, and the rights that they may have; absolute paths. */
  readonly files: readonly Omit<FileRights, "mode">[];
  /** Where peers are listened for; null when they are not. */
  readonly port: number | null;
  /** Of the program. */
  readonly version: string;
}

/** What was seen of this computer. */
export interface LocalFacts {
  readonly disk: readonly Finding[];
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  readonly firewall: Finding;
  readonly files: Finding;
  readonly program: Finding;
  /** By how much the clock is ahead of that of the disk, ms; null when nothing could be written. */
  readonly aheadOfDiskMs: number | null;
}

/** Looks at this computer: its disks, its ways out, its firewalls. Nothing is sent. `now`: milliseconds since 1970. */
export async function examineComputer(place: LocalPlace, now: () => number): Promise<LocalFacts> {
  const { port, version } = place;
  const { platform, arch, versions } = process;
  const [probes, ipv4, ipv6, active, modes] = await Promise.all([
    Promise.all(place.folders.map(async (folder) => ({ ...folder, ...(await probeFolder(folder.path)) }))),
    probeRoute("udp4"),
    probeRoute("udp6"),
    findFirewalls(platform),
    readRights(place.files, platform),
  ]);
  return {
    disk: checkDisk(probes),
    ipv4,
    ipv6,
    firewall: checkFirewall({ platform, active, port }),
    files: checkFiles(modes),
    program: checkProgram({ version, node: versions.node, platform, arch }),
    aheadOfDiskMs: aheadOfDisk(probes, now()),
  };
}

function aheadOfDisk(probes: readonly FolderProbe[], now: number): number | null {
  const ahead = probes.flatMap(({ writtenAt }) => (writtenAt === null ? [] : [now - writtenAt]));
  return ahead.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0] ?? null;
}
