import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { usageError } from "../../errors.ts";
import { configPage } from "../../manual/config-page.ts";
import { programPage } from "../../manual/program-page.ts";
import { ensureWritableDir, shownPath, userPath, writeWhole } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { readVersion } from "../../version.ts";
import type { Command, Invocation } from "../command.ts";
import { type ManOptions, PAGES } from "./declaration.ts";

/** `shoal man [PAGE]`. */
export async function runMan(
  { context, output, args, options }: Invocation<ManOptions>,
  table: readonly Command[],
): Promise<number> {
  const version = readVersion();
  const pages = { shoal: programPage(table, version), "shoal-config": configPage(version) };
  if (options.output !== null) {
    const dir = userPath(context, options.output);
    const files = [join(dir, "man1", "shoal.1"), join(dir, "man5", "shoal-config.5")];
    for (const [at, file] of files.entries()) {
      await ensureWritableDir(join(file, ".."), shownPath(context, join(file, "..")));
      await writeWhole(file, shownPath(context, file), Buffer.from(pages[PAGES[at]!]));
      output.data(shownPath(context, file));
    }
    output.document({ files });
    return 0;
  }
  const page = args[0] ?? "shoal";
  if (page !== "shoal" && page !== "shoal-config")
    throw usageError(`There is no page "${clean(page)}"`, `There are: ${PAGES.join(", ")}`);
  output.document({ page, roff: pages[page] });
  if (output.piped || !(await show(pages[page]))) output.data(pages[page].trimEnd());
  return 0;
}

/** False where there is no `man`. */
async function show(roff: string): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "shoal-man-"));
  try {
    const file = join(dir, "shoal.1");
    await writeFile(file, roff);
    return await new Promise((resolve) => {
      const child = spawn("man", [file], { stdio: "inherit" });
      child.on("error", () => resolve(false));
      child.on("exit", (code) => resolve(code === 0));
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
