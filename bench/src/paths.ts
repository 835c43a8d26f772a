import { repoRoot } from "@shoal/testkit";
import { join } from "node:path";

/** A program that drives a foreign client. */
export function driverPath(name: string): string {
  return join(repoRoot(), "bench", "drivers", name);
}
