import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import type { Context } from "../context.ts";
import { CliError, interrupted } from "../errors.ts";
import { isAbsent } from "./client.ts";
import type { Connection } from "./reach.ts";

const LOOK_EVERY_MS = 50;
/** Trackers and the router are told, and what is in memory is written. */
const PATIENCE_MS = 60_000;

/** Asks the daemon to end, and waits until it has. Throws ERR_DAEMON when it goes on. */
export async function stopDaemon(context: Context, { daemon, info }: Connection): Promise<void> {
  await daemon.post("/shutdown");
  const begun = context.now();
  while (!(await hasEnded())) {
    if (context.signal.aborted) throw interrupted(context.signal, "The daemon is still ending.");
    if (context.now() - begun > PATIENCE_MS) {
      throw new CliError(
        "ERR_DAEMON",
        `The daemon (pid ${info.pid}) has not ended after ${PATIENCE_MS / 1000} s`,
        "See what it does with: shoal daemon logs",
      );
    }
    await pause(LOOK_EVERY_MS);
  }

  async function hasEnded(): Promise<boolean> {
    const here = daemon.address.type === "socket";
    // The process outlives its socket by what it still has to write.
    if (here && (await isRunning(info.pid))) return false;
    return daemon.info().then(
      ({ pid }) => pid !== info.pid,
      (error: unknown) => isAbsent(error),
    );
  }
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // One that has ended stays in the table until its parent looks, and some parents never do.
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/^\d+ \(.*\) [ZX]/s.test(stat);
}
