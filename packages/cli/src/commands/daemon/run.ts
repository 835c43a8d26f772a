import type { DaemonOptions } from "@shoal/daemon";

import { stopReason } from "../../context.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { defaultDownloadDir, userPath } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { ensureStateDir, explainListen, keepPort, sessionOptions } from "../../session.ts";
import { logTo } from "../../ui/log.ts";
import { aborted } from "../../ui/ticker.ts";
import { readVersion } from "../../version.ts";
import { DaemonClient } from "../../daemon-client.ts";
import { CliError } from "../../errors.ts";
import type { Invocation } from "../command.ts";
import type { RunOptions } from "./declarations.ts";

/** Port of the web page and the API (loopback) unless another is named. */
const UI_PORT = 8420;
const UI_HOST = "127.0.0.1";

/** `shoal daemon run`: until Ctrl-C or SIGTERM. */
export async function runDaemon({ context, output, options }: Invocation<RunOptions>): Promise<number> {
  const profile = await profileOf(context, null);
  await ensureStateDir(context, profile.stateDir);
  await refuseSecond(profile.socket, context.signal);
  const { startDaemon } = await import("@shoal/daemon");
  const { downloadDir, uiPort } = options;
  const network = { ...options, foreground: true };
  const { log = logTo(output), ...session } = await sessionOptions(
    context,
    output,
    network,
    profile.stateDir,
  );
  const wanted: DaemonOptions = {
    profile,
    downloadDir: downloadDir === null ? defaultDownloadDir(context) : userPath(context, downloadDir),
    session,
    log,
    now: () => context.wallTime(),
    ui: { host: UI_HOST, port: uiPort ?? UI_PORT },
    hosts: [],
    version: readVersion(),
    onShutDown: () => context.stop("terminate"),
  };
  const daemon = await startDaemon(wanted).catch((error: unknown) => {
    throw explainListen(explainUi(error, wanted.ui.port), options);
  });
  try {
    await keepPort(profile.stateDir, options, daemon.node.session);
    const ui = daemon.ui.url;
    output.event("listening", { ui, rpc: null, peers: daemon.node.session.endpoint });
    output.note(`Shoal runs. The API is at ${ui}/api/v1; Ctrl-C ends it.`);
    await aborted(context.signal);
  } finally {
    await daemon.stop();
  }
  return stopReason(context.signal) === "terminate"
    ? EXIT_CODES.terminated.code
    : EXIT_CODES.interrupted.code;
}

/** Throws ERR_LOCKED when a daemon answers at the socket. */
async function refuseSecond(socket: string, signal: AbortSignal): Promise<void> {
  const answers = await new DaemonClient(socket, signal).get("/info").then(
    () => true,
    () => false,
  );
  if (answers) {
    throw new CliError(
      "ERR_LOCKED",
      "Shoal runs already for this profile",
      "Stop it with: shoal daemon stop; or choose another profile with SHOAL_PROFILE=NAME.",
    );
  }
}

function explainUi(error: unknown, port: number): unknown {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (code !== "EADDRINUSE" || syscall !== "listen") return error;
  return new CliError(
    "ERR_PORT_IN_USE",
    `Port ${port} for the web page is taken by another program`,
    "Choose another with --ui-port.",
    error,
  );
}
