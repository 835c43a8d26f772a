import { repoRoot } from "@shoal/testkit";
import { join } from "node:path";

/** Our command line as built in this checkout. */
export function programPath(): string {
  return join(repoRoot(), "packages", "cli", "bin", "shoal.js");
}

export function driverPath(name: string): string {
  return join(repoRoot(), "bench", "drivers", name);
}
