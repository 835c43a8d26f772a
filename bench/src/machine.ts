import { spawnSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  /** Versions of the foreign programs that are there. */
  readonly programs: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const programs: Record<string, string> = {};
  const note = (name: string, command: string, args: readonly string[]): void => {
    const run = spawnSync(command, args, { encoding: "utf8" });
    const version = /\d+(?:\.\d+)+/.exec(`${run.stdout ?? ""}${run.stderr ?? ""}`);
    if (version !== null) programs[name] = version[0];
  };
  note("libtorrent", "/usr/bin/python3", ["-c", "import libtorrent; print(libtorrent.version)"]);
  note("aria2", "aria2c", ["--version"]);
  note("mktorrent", "mktorrent", ["--help"]);
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    node: process.versions.node,
    programs,
  };
}

export function machineLine(machine: Machine): string {
  const programs = Object.entries(machine.programs).map(([name, version]) => `${name} ${version}`);
  return [
    `${machine.cores} × ${machine.cpu}`,
    `${machine.memoryGib} GiB`,
    machine.kernel,
    `Node ${machine.node}`,
    ...programs,
  ].join(", ");
}
