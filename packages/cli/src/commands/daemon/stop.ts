import { reach } from "../../daemon/reach.ts";
import { stopDaemon } from "../../daemon/stop.ts";
import type { Invocation, NoOptions } from "../command.ts";

/** `shoal daemon stop`: waits until it has ended. */
export async function runStop({ context, output }: Invocation<NoOptions>): Promise<number> {
  const connection = await reach(context);
  await stopDaemon(context, connection);
  output.note("Shoal has ended. Transfers go on when it is started again: shoal daemon start");
  output.document({ stopped: true, pid: connection.info.pid });
  return 0;
}
