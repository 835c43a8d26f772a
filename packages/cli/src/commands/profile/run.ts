import { join } from "node:path";

import type { Context } from "../../context.ts";
import { interrupted, usageError } from "../../errors.ts";
import { DaemonProcess } from "../../daemon/process.ts";
import { ensureWritableDir, shownPath, userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import type { Output } from "../../ui/output.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import { aborted } from "../../ui/ticker.ts";
import { stopReason } from "../../context.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import type { Invocation } from "../command.ts";
import type { ProfileRunOptions } from "./declarations.ts";

const MAX_PROFILES = 20;

/** One that runs. */
interface Running {
  readonly profile: string;
  readonly process: DaemonProcess;
  readonly ui: string;
  readonly port: number;
  readonly downloadDir: string;
}

/** `shoal profile run N`: until Ctrl-C, or until one of them ends. */
export async function runProfiles(invocation: Invocation<ProfileRunOptions>): Promise<number> {
  const { context, output, args, options } = invocation;
  const count = /^\d{1,2}$/.test(args[0]!) ? Number(args[0]) : 0;
  if (count < 1 || count > MAX_PROFILES)
    throw usageError(
      `"${clean(args[0]!)}" is no count of profiles`,
      `Give a number from 1 to ${MAX_PROFILES}.`,
    );
  const base = userPath(context, options.dir ?? "shoal-profiles");
  const running: Running[] = [];
  try {
    for (let at = 1; at <= count; at++) {
      running.push(await start(context, base, `try-${at}`, running[0]?.port ?? null));
      if (context.signal.aborted) throw interrupted(context.signal, "The profiles have ended.");
    }
    tell(context, output, running);
    await Promise.race([aborted(context.signal), ...running.map(({ process }) => process.failed)]);
  } finally {
    await Promise.all(running.map(({ process }) => process.stop()));
  }
  return EXIT_CODES[stopReason(context.signal) === "terminate" ? "terminated" : "interrupted"].code;
}

async function start(
  context: Context,
  base: string,
  profile: string,
  first: number | null,
): Promise<Running> {
  const downloadDir = join(base, profile);
  await ensureWritableDir(downloadDir, shownPath(context, downloadDir), "Choose another folder with --dir");
  const bootstrap = first === null ? [] : ["--dht-bootstrap", `127.0.0.1:${first}`];
  const process = new DaemonProcess(context, [
    ...["--profile", profile, "--host", "127.0.0.1", "--port", "0", "--ui-port", "0"],
    ...["--download-dir", downloadDir, ...bootstrap],
  ]);
  const { ui, peers } = await process.listening;
  return { profile, process, ui, port: peers.port, downloadDir };
}

function tell(context: Context, output: Output, running: readonly Running[]): void {
  for (const { profile, ui, port, downloadDir } of running)
    output.event("listening", { profile, ui, peers: { host: "127.0.0.1", port }, downloadDir });
  if (!output.json) {
    const columns = columnsOf("PROFILE", "PAGE", "PORT", "DOWNLOADS");
    const rows = running.map(({ profile, ui, port, downloadDir }) => [
      profile,
      ui,
      String(port),
      shownPath(context, downloadDir),
    ]);
    for (const line of renderTable(columns, rows, output.piped)) output.data(line);
  }
  output.note(
    "They know each other, and nothing leaves this computer. Speak to one: shoal --profile try-1 list",
  );
  output.note("Ctrl-C ends them all.");
}
