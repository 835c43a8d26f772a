import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Autostart, Start } from "../../autostart/autostart.ts";
import { launchdAgent } from "../../autostart/launchd.ts";
import { systemdUnit } from "../../autostart/systemd.ts";
import { windowsTask } from "../../autostart/windows-task.ts";
import type { Context } from "../../context.ts";
import { PROGRAM } from "../../daemon/process.ts";
import { CliError } from "../../errors.ts";
import { ensureWritableDir, exists, shownPath, writeWhole } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { clean } from "../../ui/clean.ts";
import type { Output } from "../../ui/output.ts";
import type { Invocation } from "../command.ts";
import type { InstallOptions } from "./declarations.ts";

/** Variables that say where things lie: the daemon started later must find them in the same places. */
const KEPT = [
  "SHOAL_STATE_DIR",
  "SHOAL_CONFIG_DIR",
  "SHOAL_CONFIG",
  "SHOAL_OFFLINE",
  "XDG_STATE_HOME",
  "XDG_CONFIG_HOME",
];

/** `shoal daemon install-service`. */
export async function runInstall({ context, output, options }: Invocation<InstallOptions>): Promise<number> {
  const autostart = await autostartOf(context);
  const { file, text, isTried } = autostart;
  if (options.print) {
    output.data(text.trimEnd());
    output.document({ file, text });
    return 0;
  }
  const shown = shownPath(context, file);
  if (options.remove) {
    if (!(await exists(file)))
      throw new CliError("ERR_NOT_FOUND", "Shoal is not started at login", "Nothing to take out.");
    await runAll(output, autostart.disable, "");
    await rm(file, { force: true });
    output.note(`Shoal is not started at login any more; ${shown} is gone.`);
    output.document({ removed: file });
    return 0;
  }
  await ensureWritableDir(dirname(file), shownPath(context, dirname(file)), "Make it writable");
  await writeWhole(file, shown, Buffer.from(text));
  output.data(shown);
  if (!isTried) output.warn("This was written by its documentation, and never tried on such a system.");
  const enabled = await runAll(output, autostart.enable, `Written is ${shown}.`);
  if (enabled)
    output.note(
      "Shoal runs, and is started at each login. To undo that: shoal daemon install-service --remove",
    );
  output.document({ file, enabled });
  return 0;
}

async function autostartOf(context: Context): Promise<Autostart> {
  const { env, home, platform } = context;
  const { name, configFiles } = await profileOf(context, null);
  const profile = name === "default" ? [] : ["--profile", name];
  const xdg = env["XDG_CONFIG_HOME"] ?? "";
  const start: Start = {
    profile: name,
    command: [process.execPath, PROGRAM, ...profile, "daemon", "run"],
    env: Object.fromEntries(KEPT.flatMap((key) => ((env[key] ?? "") === "" ? [] : [[key, env[key]!]]))),
    home,
    configHome: xdg.startsWith("/") ? xdg : join(home, ".config"),
    configDir: dirname(configFiles[0]!),
  };
  if (platform === "darwin") return launchdAgent(start);
  return platform === "win32" ? windowsTask(start) : systemdUnit(start);
}

/** False, and said so, when a program is not there or refuses. */
async function runAll(output: Output, commands: Autostart["enable"], done: string): Promise<boolean> {
  for (const command of commands) {
    const why = await run(command);
    if (why === null) continue;
    output.warn(`${done} ${command.join(" ")} failed: ${why}`.trim());
    if (done !== "")
      output.note(`When that is put right: ${commands.map((words) => words.join(" ")).join(" && ")}`);
    return false;
  }
  return true;
}

/** Why a program failed, or null. */
function run([program = "", ...args]: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-500)));
    child.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ENOENT" ? "it is not installed" : error.message),
    );
    child.on("close", (code) => resolve(code === 0 ? null : clean(words.trim()) || `it ended with ${code}`));
  });
}
