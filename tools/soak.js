// `npm run soak [-- ROUNDS] [--only tests|fuzz|torture]`: what takes longer than a test may, over and over. A round is the tests
// that end our own process at random moments and those of whole swarms, a minute of fuzzing for each target, and fifty
// downloads under kill -9, with new random numbers each time. Run by hand before a release.
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const tests = ["crash", "faults", "swarm"].map((name) => join(root, "interop", "dist", `${name}.test.js`));
const PARTS = {
  tests: ["--enable-source-maps", "--test", "--test-reporter=spec", ...tests],
  fuzz: [join(root, "packages", "testkit", "dist", "fuzz", "main.js"), "all", "--seconds", "60"],
  torture: [join(root, "interop", "dist", "torture", "main.js"), "kill", "--rounds", "50"],
};

function parse(words) {
  const chosen = { rounds: 10, parts: Object.keys(PARTS) };
  for (let at = 0; at < words.length; at++) {
    if (words[at] === "--only" && words[at + 1] in PARTS) chosen.parts = [words[++at]];
    else if (/^[1-9]\d*$/.test(words[at])) chosen.rounds = Number(words[at]);
    else throw new Error(`"${words[at]}" is not understood: npm run soak -- 20 --only tests|fuzz|torture`);
  }
  return chosen;
}

function main({ rounds, parts }) {
  for (let round = 1; round <= rounds; round++) {
    for (const part of parts) {
      console.log(`round ${round} of ${rounds}: ${part}`);
      const env = { ...process.env, SHOAL_OFFLINE: "1" };
      if (spawnSync(process.execPath, PARTS[part], { stdio: "inherit", env }).status !== 0) return 1;
    }
  }
  return 0;
}

try {
  process.exitCode = main(parse(process.argv.slice(2)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
