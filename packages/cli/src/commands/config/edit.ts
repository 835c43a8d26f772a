import { spawn } from "node:child_process";

import { CliError } from "../../errors.ts";
import { ensureFile } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { openSettings } from "../../settings.ts";
import { clean } from "../../ui/clean.ts";
import type { Invocation, NoOptions } from "../command.ts";
import { reloadDaemon } from "./change.ts";

const FIRST_TEXT = `// Settings of shoal. All there are, and what they mean: shoal config list
{
}
`;

/** `shoal config edit`. */
export async function runConfigEdit({ context, output }: Invocation<NoOptions>): Promise<number> {
  const file = (await profileOf(context, null)).configFiles.at(-1)!;
  await ensureFile(file, FIRST_TEXT);
  const { env, platform } = context;
  const editor = env["VISUAL"] ?? env["EDITOR"] ?? (platform === "win32" ? "notepad" : "vi");
  await edit(editor, file);
  const settings = await openSettings(context);
  for (const warning of settings.warnings) output.warn(clean(warning));
  const runs = await reloadDaemon(context);
  output.document({ file });
  output.note(runs ? "The daemon follows." : "That holds from the next start on.");
  return 0;
}

/** Editors are named with their flags, as in "code --wait"; the file is an argument of its own. */
function edit(editor: string, file: string): Promise<void> {
  const [program = "vi", ...flags] = editor.split(" ").filter((word) => word !== "");
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...flags, file], { stdio: "inherit" });
    child.on("error", (error) => reject(failed(editor, error.message)));
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(failed(editor, `it ended with ${code ?? "a signal"}`));
    });
  });
}

function failed(editor: string, why: string): CliError {
  return new CliError(
    "ERR_FILE_SYSTEM",
    `The editor ${clean(editor)} failed: ${clean(why)}`,
    "Name another with the variable EDITOR.",
  );
}
