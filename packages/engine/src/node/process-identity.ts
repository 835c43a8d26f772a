import { readFileSync } from "node:fs";
import { uptime } from "node:os";

/** Names one process for as long as the machine runs, and after: a process id alone is given out again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in a form that only the same process has; "0" where the system does not tell. */
  readonly started: string;
}

let own: ProcessIdentity | null = null;

export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: readProcess(process.pid)?.started ?? "0" };
  return own;
}

/** False only when the process has surely ended. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const found = readProcess(pid);
  if (found === null) return process.platform !== "linux";
  // A killed process that its parent did not collect yet still has an entry.
  return found.state !== "Z" && found.state !== "X" && found.started === started;
}

/** State letter and start time in clock ticks since boot, from Linux's /proc; null elsewhere or when there is none. */
function readProcess(pid: number): { state: string; started: string } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in parentheses, may hold anything; the numbers come after the last one.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", started: fields[19] ?? "0" };
  } catch {
    return null;
  }
}

let bootId: string | null = null;

/**
 * Text that differs after every start of the machine. Where the system has none, it is derived from the boot time, and may
 * differ more often when the clock is set.
 */
export function ownBootId(): string {
  bootId ??= readBootId();
  return bootId;
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return `boot-${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}
