import type { NodeInfo } from "@shoal/schema";

import type { Context } from "../context.ts";
import { CliError, interrupted } from "../errors.ts";
import { daemonAddress, shownAddress } from "./address.ts";
import { DaemonClient } from "./client.ts";

/** A daemon that has answered. */
export interface Connection {
  readonly daemon: DaemonClient;
  readonly info: NodeInfo;
}

/** The daemon as it is: of whatever version, and not started. Throws ERR_DAEMON. */
export async function reach(context: Context): Promise<Connection> {
  const daemon = new DaemonClient(await daemonAddress(context), context.signal);
  try {
    const info = await daemon.info();
    if (typeof info.version === "string" && typeof info.pid === "number") return { daemon, info };
  } catch (error) {
    if (context.signal.aborted) throw interrupted(context.signal, "The daemon was not asked.");
    throw error;
  }
  throw new CliError(
    "ERR_DAEMON",
    `What answers at ${shownAddress(daemon.address)} is no shoal daemon`,
    "Check the address.",
  );
}
