import type { DaemonOptions } from "@shoal/daemon";
import type { Settings } from "@shoal/daemon/settings";

import { stopReason } from "../../context.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { userPath } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { ensureStateDir, explainListen, keepPort, sessionOptions } from "../../session.ts";
import { networkSettings, openSettings } from "../../settings.ts";
import { clean } from "../../ui/clean.ts";
import { logTo } from "../../ui/log.ts";
import { aborted } from "../../ui/ticker.ts";
import { readVersion } from "../../version.ts";
import type { ShoalError } from "../../engine.ts";
import { CliError } from "../../errors.ts";
import type { Invocation } from "../command.ts";
import type { RunOptions } from "./declarations.ts";

/** `shoal daemon run`: until Ctrl-C or SIGTERM. */
export async function runDaemon({ context, output, options }: Invocation<RunOptions>): Promise<number> {
  const profile = await profileOf(context, null);
  await ensureStateDir(context, profile.stateDir);
  const { downloadDir, uiPort, rpcPort } = options;
  const settings = await openSettings(context, {
    ...networkSettings(context, { ...options, foreground: true }),
    ...(downloadDir === null ? {} : { "downloads.dir": userPath(context, downloadDir) }),
    ...(uiPort === null ? {} : { "ui.port": uiPort }),
    ...(rpcPort === null ? {} : { "rpc.port": rpcPort }),
  });
  for (const warning of settings.warnings) output.warn(clean(warning));
  const { log = logTo(output), ...session } = await sessionOptions(
    context,
    output,
    settings,
    profile.stateDir,
  );
  const { startDaemon } = await import("@shoal/daemon");
  let wasAsked = false;
  const wanted: DaemonOptions = {
    profile,
    settings,
    session,
    log,
    env: context.env,
    now: () => context.wallTime(),
    version: readVersion(),
    onShutDown: () => {
      wasAsked = true;
      context.stop("terminate");
    },
  };
  const daemon = await startDaemon(wanted).catch((error: unknown) => {
    throw explainListen(explainStart(error, settings), settings);
  });
  try {
    await keepPort(profile.stateDir, settings, daemon.node.session);
    const ui = daemon.ui.url;
    output.event("listening", { ui, rpc: daemon.rpc, peers: daemon.node.session.endpoint });
    if (!output.json) output.data(`Shoal runs. What it can do, and what programs can ask of it: ${ui}/`);
    output.note("Ctrl-C ends it; transfers go on at the next start. In another terminal: shoal help");
    await aborted(context.signal);
  } finally {
    await daemon.stop();
  }
  if (wasAsked) return 0;
  return stopReason(context.signal) === "terminate"
    ? EXIT_CODES.terminated.code
    : EXIT_CODES.interrupted.code;
}

function explainStart(error: unknown, settings: Settings): unknown {
  const { code, syscall, details, port, address } = error as Partial<ShoalError> & {
    readonly syscall?: unknown;
    readonly port?: unknown;
    readonly address?: unknown;
  };
  if (code === "ERR_LOCKED") {
    const pid = details?.["pid"];
    return new CliError(
      code,
      `Shoal runs already for this profile (${typeof pid === "number" ? `process ${pid}` : "in another container"})`,
      "Stop it with: shoal daemon stop; or choose another profile with --profile NAME.",
      error,
    );
  }
  if (code === "ERR_NO_SPACE" || code === "ERR_DISK") {
    const why = (error as Error).message;
    return new CliError(
      code,
      why.charAt(0).toUpperCase() + why.slice(1),
      "Make room, or choose another folder with SHOAL_STATE_DIR.",
      error,
    );
  }
  if (syscall !== "listen" || typeof port !== "number") return error;
  const [what, flag, host] =
    port === settings.get("rpc.port")
      ? (["Transmission's programs", "--rpc-port", "rpc.host"] as const)
      : (["the web page", "--ui-port", "ui.host"] as const);
  switch (code as string) {
    case "EADDRINUSE":
      return new CliError(
        "ERR_PORT_IN_USE",
        `Port ${port} for ${what} is taken by another program`,
        `Choose another with ${flag}.`,
        error,
      );
    case "EACCES":
      return new CliError(
        "ERR_LISTEN",
        `Port ${port} for ${what} is kept for the administrator`,
        `Choose one from 1024 on with ${flag}.`,
        error,
      );
    default:
      return new CliError(
        "ERR_LISTEN",
        `Listening on ${clean(String(address))} for ${what} failed: this computer does not have that address`,
        `Correct it: shoal config unset ${host}`,
        error,
      );
  }
}
