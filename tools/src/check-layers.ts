// The layer test as a program, for `npm run check`: prints violations and fails when there are any.
import { fileURLToPath } from "node:url";
import { checkLayers } from "./layers.ts";

const violations = checkLayers(fileURLToPath(new URL("../..", import.meta.url)));
for (const violation of violations) console.error(violation);
if (violations.length > 0) process.exitCode = 1;
