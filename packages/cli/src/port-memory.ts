import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FILE = "port";

/** The port that shoal took when none was chosen for the first time, or null. */
export async function rememberedPort(stateDir: string): Promise<number | null> {
  const text = await readFile(join(stateDir, FILE), "utf8").catch(() => "");
  const port = /^\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

/**
 * Keeps the port for the next time: routers are told to forward one port, so it had better stay the same. A memory that can't be
 * written is no reason to stop.
 */
export async function rememberPort(stateDir: string, port: number): Promise<void> {
  await writeFile(join(stateDir, FILE), `${port}\n`).catch(() => undefined);
}
