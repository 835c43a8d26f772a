// Runs the tests as one `node --test`, so that there is one summary and one exit code. Expects a finished build.
//
//   npm test                    everything: unit, integration, and the tests against other clients
//   npm test -- frame           the test files whose path contains "frame"
//   npm test -- "round trip"    the tests whose name matches, when no path contains the words
//   npm run test:unit           unit tests only
//
// Options that start with "--test-" are handed to node. Starting a process costs more than most unit tests, so the unit
// tests of a package share one; tests that open sockets, start workers or children get a process per file.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const FILE_TIMEOUT_MS = 300_000;
/** Folders below a package's `test/` whose files get a process each. */
const ISOLATED = new Set(["node", "session", "api", "fuzz", "process", "integration"]);
/** Folders whose tests take too long for `npm run check`: whole programs, and swarms. */
const LONG = ["process", "integration"];
const GROUP_NAME = "_unit.test.js";

/** Compares in the same way on every machine, whatever its language. */
const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Every test of the repository as `{ source, compiled, kind, home }`: kind "unit" (shares a process with the others of
 * the same home folder), "isolated" or "interop". Found by source, so that compiled leftovers of deleted tests are not run.
 */
export function findTests(root) {
  const tests = [];
  const packages = readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join("packages", entry.name));
  for (const home of [...packages, "bench", "tools"]) {
    for (const path of testFilesBelow(join(root, home, "test"))) {
      const within = relative(join(root, home, "test"), path);
      tests.push({
        source: relative(root, path),
        compiled: join(root, home, "dist-test", toCompiledName(within)),
        kind: within.split(sep).some((part) => ISOLATED.has(part)) ? "isolated" : "unit",
        home,
      });
    }
  }
  for (const path of testFilesBelow(join(root, "interop", "src"))) {
    const within = relative(join(root, "interop", "src"), path);
    const compiled = join(root, "interop", "dist", toCompiledName(within));
    tests.push({ source: relative(root, path), compiled, kind: "interop", home: "interop" });
  }
  return tests.sort((a, b) => byText(a.source, b.source));
}

/** Unit tests need nothing but this repository and are quick; those with sockets and workers of their own count too. */
function isUnit(test) {
  return test.kind !== "interop" && !test.source.split(sep).some((part) => LONG.includes(part));
}

function testFilesBelow(folder) {
  if (!existsSync(folder)) return [];
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...testFilesBelow(path));
    else if (entry.name.endsWith(".test.ts")) found.push(path);
  }
  return found;
}

function toCompiledName(source) {
  return source.replace(/\.ts$/, ".js");
}

/** Splits the words of the command line into path filters, name patterns and options for node. */
export function parseWords(words, tests) {
  /** @type {{ unitOnly: boolean, paths: string[], names: string[], options: string[] }} */
  const chosen = { unitOnly: false, paths: [], names: [], options: [] };
  for (const word of words) {
    if (word === "--unit") chosen.unitOnly = true;
    else if (word.startsWith("--test-")) chosen.options.push(word);
    else if (word.startsWith("-")) throw new Error(`Unknown option ${word}`);
    else if (tests.some((test) => matchesPath(test, word))) chosen.paths.push(word);
    else chosen.names.push(word);
  }
  return chosen;
}

function matchesPath(test, word) {
  const path = test.source.split(sep).join("/");
  return path.includes(word.replace(/^\.\//, ""));
}

/** The files to hand to node: unit tests of one home through one generated file that imports them. */
function filesToRun(root, tests, isGrouped) {
  const missing = tests.filter((test) => !existsSync(test.compiled));
  if (missing.length > 0) {
    throw new Error(`Not built: ${missing.map((test) => test.source).join(", ")} (npm run build)`);
  }
  const files = tests.filter((test) => !isGrouped || test.kind !== "unit").map((test) => test.compiled);
  if (!isGrouped) return files;
  const homes = new Set(tests.filter((test) => test.kind === "unit").map((test) => test.home));
  for (const home of homes) {
    const folder = join(root, home, "dist-test");
    const members = tests.filter((test) => test.kind === "unit" && test.home === home);
    const lines = members.map(
      (test) => `import "./${relative(folder, test.compiled).split(sep).join("/")}";\n`,
    );
    const entry = join(folder, GROUP_NAME);
    writeFileSync(entry, lines.join(""));
    files.push(entry);
  }
  return files.sort(byText);
}

function main(root, words) {
  let tests = findTests(root);
  const chosen = parseWords(words, tests);
  if (chosen.unitOnly) tests = tests.filter(isUnit);
  if (chosen.paths.length > 0) {
    tests = tests.filter((test) => chosen.paths.some((word) => matchesPath(test, word)));
  }
  if (tests.length === 0) throw new Error("There is no test to run");
  const files = filesToRun(root, tests, chosen.paths.length === 0);

  const scratch = mkdtempSync(join(tmpdir(), "shoal-test-"));
  const tally = join(scratch, "tally");
  try {
    const reporter = pathToFileURL(join(root, "tools", "tally-reporter.js")).href;
    const result = spawnSync(
      process.execPath,
      [
        "--enable-source-maps",
        "--test",
        `--test-concurrency=${Math.max(2, availableParallelism())}`,
        `--test-timeout=${FILE_TIMEOUT_MS}`,
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        `--test-reporter=${reporter}`,
        `--test-reporter-destination=${tally}`,
        ...chosen.names.map((name) => `--test-name-pattern=${name}`),
        ...chosen.options,
        ...files,
      ],
      { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: environment(scratch) },
    );
    if (result.error) throw result.error;
    if (result.status !== 0) return 1;
    return judge(root, tally, chosen.names.length > 0);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Nothing leaves loopback, and nothing is read from or left in the folders of the user who runs the tests. */
function environment(scratch) {
  return {
    ...process.env,
    SHOAL_OFFLINE: "1",
    XDG_CONFIG_HOME: join(scratch, "config"),
    XDG_STATE_HOME: join(scratch, "state"),
    XDG_DATA_HOME: join(scratch, "data"),
    XDG_CACHE_HOME: join(scratch, "cache"),
  };
}

/** node calls a run without tests, and a file without tests, a success; we do not. */
function judge(root, tally, isFiltered) {
  const { tests, emptyFiles } = JSON.parse(readFileSync(tally, "utf8"));
  if (tests === 0) throw new Error("No test has run: nothing has such a name");
  const empty = emptyFiles.filter((file) => basename(file) !== GROUP_NAME);
  if (empty.length === 0 || isFiltered) return 0;
  throw new Error(`Files without a test: ${empty.map((file) => relative(root, file)).join(", ")}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.exitCode = main(resolve(dirname(fileURLToPath(import.meta.url)), ".."), process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
