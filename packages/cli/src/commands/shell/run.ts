import type { NodeInfo } from "@shoal/schema";

import { daemonAddress } from "../../daemon/address.ts";
import { DaemonClient } from "../../daemon/client.ts";
import { daemonClient } from "../../daemon-client.ts";
import { stateDir } from "../../paths.ts";
import { History } from "../../shell/history.ts";
import { Interpreter } from "../../shell/interpreter.ts";
import { runInteractively } from "../../shell/interactive.ts";
import { runScript } from "../../shell/script.ts";
import type { Command, Invocation, NoOptions } from "../command.ts";

/** `shoal shell`. */
export async function runShell(
  { context, output }: Invocation<NoOptions>,
  table: readonly Command[],
): Promise<number> {
  const interpreter = new Interpreter(context, (argv, inside) => context.run(argv, inside));
  if (context.stdin.isTTY !== true || context.stderr.isTTY !== true || output.json)
    return runScript(context, interpreter);
  const daemon = await daemonClient(context);
  const address = await daemonAddress(context);
  const info = await daemon.info();
  for (const line of banner(info)) output.note(line);
  return runInteractively(context, interpreter, {
    table,
    history: await History.load(stateDir(context)),
    connect: (signal) => new DaemonClient(address, signal),
  });
}

function banner({ version, peerId, peerPort }: NodeInfo): string[] {
  const port = peerPort === null ? "no port" : `port ${peerPort}`;
  return [`shoal ${version}  peer ${peerId.slice(0, 7)}  ${port}  type help, Tab completes, Ctrl-D leaves`];
}
