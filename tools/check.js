// `npm run check`: everything a commit must pass, one line per step, stops at the first failure and shows its output.
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const module = (...path) => join(root, "node_modules", ...path);

/** Name, what to run with node, and what to say about a success besides its time. */
const STEPS = [
  { name: "format", args: [module("oxfmt", "bin", "oxfmt"), "--check"] },
  { name: "build", args: [module("typescript", "bin", "tsc"), "-b"] },
  { name: "lint", args: [module("oxlint", "bin", "oxlint")] },
  { name: "unused code", args: [module("knip", "bin", "knip.js")] },
  { name: "layers", args: [join(root, "tools", "dist", "check-layers.js")] },
  { name: "documents", args: [join(root, "tools", "dist", "write-docs.js"), "--check"] },
  { name: "unit tests", args: [join(root, "tools", "test.js"), "--unit"], note: countTests },
];

function countTests(output) {
  const passed = /^ℹ pass (\d+)$/m.exec(output)?.[1];
  const skipped = /^ℹ skipped (\d+)$/m.exec(output)?.[1];
  return `${passed} passed${skipped === "0" ? "" : `, ${skipped} skipped`}`;
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`.padStart(7);
}

function runStep(step) {
  const start = performance.now();
  const result = spawnSync(process.execPath, step.args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 256 * 1024 * 1024,
  });
  const output = `${result.stdout}${result.stderr}`;
  const isPassed = result.status === 0;
  const note = isPassed && step.note ? `  ${step.note(output)}` : "";
  console.log(`${isPassed ? "ok  " : "FAIL"} ${step.name.padEnd(12)} ${seconds(start)}${note}`);
  if (!isPassed) process.stderr.write(`\n${output}${result.error ? `${result.error.message}\n` : ""}`);
  return isPassed;
}

const start = performance.now();
const failed = STEPS.find((step) => !runStep(step));
if (failed === undefined) console.log(`all good          ${seconds(start)}`);
else process.exitCode = 1;
