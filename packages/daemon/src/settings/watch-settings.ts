import type { Log } from "@shoal/engine";
import { watch } from "chokidar";
import type { Settings } from "./settings.ts";

/** Editors write a file in steps. */
const SETTLED_MS = 200;

/** Takes up what somebody writes into the configuration files. Returns how to end that. */
export function watchSettings(settings: Settings, files: readonly string[], log: Log): () => Promise<void> {
  const watcher = watch([...files], {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: SETTLED_MS, pollInterval: SETTLED_MS / 4 },
  });
  watcher.on("all", () => {
    settings.reload().then(
      () => log.info("the configuration was read again"),
      (error: unknown) =>
        log.warn("the configuration can't be used as it is now; the earlier one holds", { error }),
    );
  });
  watcher.on("error", (error) => log.warn("the configuration can't be watched", { error }));
  return () => watcher.close();
}
