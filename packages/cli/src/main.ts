import { readVersion } from "./version.ts";

// The commonest question of scripts is answered before anything else is loaded.
const [first, second] = process.argv.slice(2);
if (second === undefined && (first === "--version" || first === "-V" || first === "version")) {
  process.stdout.on("error", () => process.exit(1));
  process.stdout.write(`shoal ${readVersion()}\n`);
} else {
  const { runProcess } = await import("./process.ts");
  await runProcess();
}
