import { type Connection, reach } from "../../daemon/reach.ts";
import { isAbsent } from "../../daemon/client.ts";
import { flagsOf, startInBackground } from "../../daemon/start.ts";
import { stopDaemon } from "../../daemon/stop.ts";
import { usageError } from "../../errors.ts";
import type { Context } from "../../context.ts";
import type { Output } from "../../ui/output.ts";
import type { Invocation } from "../command.ts";
import type { RunOptions } from "./declarations.ts";

/** `shoal daemon start`: does nothing when it runs already. */
export async function runStart({ context, output, flags }: Invocation<RunOptions>): Promise<number> {
  refuseElsewhere(context, "start");
  const running = await runningNow(context);
  if (running === null) return tell(output, await startInBackground(context, flags), true);
  output.note(`Shoal runs already (pid ${running.info.pid}).`);
  if (flags.length > 0)
    output.warn("It goes on as it is: flags count when it is started. Use: shoal daemon restart");
  return tell(output, running, false);
}

/** `shoal daemon restart`. */
export async function runRestart({ context, output, flags }: Invocation<RunOptions>): Promise<number> {
  refuseElsewhere(context, "restart");
  const running = await runningNow(context);
  const kept = running === null || flags.length > 0 ? flags : await flagsOf(context, running.info.pid);
  if (running !== null) await stopDaemon(context, running);
  return tell(output, await startInBackground(context, kept), true);
}

function tell(output: Output, { info }: Connection, started: boolean): number {
  output.document({ started, pid: info.pid, ui: info.ui, peerPort: info.peerPort });
  return 0;
}

async function runningNow(context: Context): Promise<Connection | null> {
  return reach(context).catch((error: unknown) => {
    if (isAbsent(error)) return null;
    throw error;
  });
}

function refuseElsewhere({ env }: Context, verb: string): void {
  if ((env["SHOAL_DAEMON"] ?? "") === "") return;
  throw usageError(`Only the daemon of this computer can be ${verb}ed from here`, "Leave --daemon out.");
}
