import type { DaemonOptions } from "@shoal/daemon";

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
    throw explainListen(explainStart(error, settings.get("ui.port")), settings);
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

function explainStart(error: unknown, port: number): unknown {
  const { code, syscall, details } = error as Partial<ShoalError> & { readonly syscall?: unknown };
  if (code === "ERR_LOCKED") {
    return new CliError(
      code,
      `Shoal runs already for this profile (process ${String(details?.["pid"])})`,
      "Stop it with: shoal daemon stop; or choose another profile with --profile NAME.",
      error,
    );
  }
  if ((code as string) !== "EADDRINUSE" || syscall !== "listen") return error;
  return new CliError(
    "ERR_PORT_IN_USE",
    `Port ${port} for the web page is taken by another program`,
    "Choose another with --ui-port.",
    error,
  );
}
