import { daemonClient } from "../../daemon-client.ts";
import type { Invocation, NoOptions } from "../command.ts";

/** `shoal daemon stop`. */
export async function runStop({ context, output }: Invocation<NoOptions>): Promise<number> {
  await (await daemonClient(context)).post("/shutdown");
  output.note("Shoal has ended. Transfers go on when it is started again.");
  output.document({ stopped: true });
  return 0;
}
