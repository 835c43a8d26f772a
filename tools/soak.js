// `npm run soak [-- ROUNDS]`: the tests that end our own process at random moments and those of whole swarms, over and over.
// Takes as long as it is given rounds; run by hand before a release.
import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const rounds = Number(process.argv[2] ?? 10);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error("The number of rounds must be a whole number above 0: npm run soak -- 20");
  process.exit(2);
}
const files = ["crash", "faults", "swarm"].map((name) => join(root, "interop", "dist", `${name}.test.js`));
for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round} of ${rounds}`);
  const { status } = spawnSync(
    process.execPath,
    ["--enable-source-maps", "--test", "--test-reporter=spec", ...files],
    { stdio: "inherit", env: { ...process.env, SHOAL_OFFLINE: "1" } },
  );
  if (status !== 0) process.exit(1);
}
