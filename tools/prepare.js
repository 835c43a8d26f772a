// Makes a checkout ready to run: installs the locked dependencies and compiles, each only when needed, each with one
// line; silent when there is nothing to do. Runs before `npm start`, `npm test` and the others on whatever Node and on
// a clone that has nothing installed, so it is plain JavaScript without dependencies.
//
//   node tools/prepare.js [all | cli | modules]
//
// all      everything, tests included (the default)
// cli      what `npm start` needs: packages/cli and the packages it is built from
// modules  only the dependencies
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const OLDEST_NODE = [20, 19];
const LOCK_POLL_MS = 200;

/** Compares in the same way on every machine, whatever its language. */
const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * True when `node_modules` holds what package-lock.json asks for. The answer is remembered in a marker with the hash
 * of the lockfile. Without a matching marker, npm's own record of what it installed is compared with the lockfile, so
 * that a plain `npm install` by hand counts too; npm writes that record last, so a broken-off install does not.
 */
export function modulesAreCurrent(root) {
  const lockText = readFileSync(join(root, "package-lock.json"));
  const marker = join(root, "node_modules", ".shoal-prepared");
  const hash = sha256(lockText);
  if (readText(marker) === hash) return true;
  const installed = readText(join(root, "node_modules", ".package-lock.json"));
  if (installed === null) return false;
  if (!sameVersions(JSON.parse(lockText.toString()), JSON.parse(installed))) return false;
  writeFileSync(marker, hash);
  return true;
}

/** Whether every package that the lockfile wants on this platform is recorded as installed in that version. */
function sameVersions(lock, installed) {
  const have = installed.packages ?? {};
  for (const [path, wanted] of Object.entries(lock.packages ?? {})) {
    if (!path.includes("node_modules/")) continue;
    const found = have[path];
    if (found === undefined) {
      if (wanted.optional || wanted.devOptional || wanted.peer) continue;
      return false;
    }
    if (found.version !== wanted.version || found.resolved !== wanted.resolved) return false;
  }
  return true;
}

/** The projects that building `project` builds: itself and, through the `references` of its tsconfig.json, others. */
export function projectsOf(project, seen = new Set()) {
  const file = project.endsWith(".json") ? project : join(project, "tsconfig.json");
  if (seen.has(file) || !existsSync(file)) return seen;
  seen.add(file);
  const config = JSON.parse(readFileSync(file, "utf8"));
  for (const reference of config.references ?? []) projectsOf(resolve(dirname(file), reference.path), seen);
  return seen;
}

/**
 * One hash over path, size and time of everything the compiler reads.
 * Statting some hundred files costs a few milliseconds; starting the compiler to hear "nothing to do" costs a hundred.
 */
export function sourceStamp(root, project) {
  const hash = createHash("sha256");
  const note = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    hash.update(`${relative(root, path)} ${stat?.size ?? "-"} ${stat?.mtimeMs ?? "-"}\n`);
  };
  note(join(root, "tsconfig.base.json"));
  note(join(root, "node_modules", ".shoal-prepared"));
  for (const file of [...projectsOf(project)].sort(byText)) {
    note(file);
    const folder = dirname(file);
    const config = JSON.parse(readFileSync(file, "utf8"));
    note(join(folder, "package.json"));
    for (const include of config.include ?? []) {
      for (const source of sourcesBelow(join(folder, include))) note(source);
    }
  }
  return hash.digest("hex");
}

/** Whether every project of `project` has left its build record, as it does not after somebody removed `dist`. */
export function outputsExist(project) {
  for (const file of projectsOf(project)) {
    const record = JSON.parse(readFileSync(file, "utf8")).compilerOptions?.tsBuildInfoFile;
    if (record !== undefined && !existsSync(join(dirname(file), record))) return false;
  }
  return true;
}

function sourcesBelow(folder) {
  if (!existsSync(folder)) return [];
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...sourcesBelow(path));
    else if (/\.[cm]?tsx?$/.test(entry.name)) found.push(path);
  }
  return found.sort(byText);
}

/** Installs and builds what is missing. Progress goes to standard error: standard output belongs to the program. */
export function prepare(root, target = "all") {
  checkNode();
  if (!modulesAreCurrent(root)) {
    withLock(root, () => {
      if (!modulesAreCurrent(root)) install(root);
    });
  }
  if (target === "modules") return;
  const projects = { all: root, cli: join(root, "packages", "cli") };
  const project = projects[target];
  if (project === undefined) throw new Error(`Nothing is called "${target}": use all, cli or modules`);
  const markerOf = (name) => join(root, "node_modules", `.shoal-built-${name}`);
  const isBuilt = () => readText(markerOf(target)) === sourceStamp(root, project) && outputsExist(project);
  if (isBuilt()) return;
  withLock(root, () => {
    if (isBuilt()) return;
    // Taken before the compiler reads: a file that changes meanwhile makes the next run build again.
    const covered = target === "all" ? ["all", "cli"] : [target];
    const stamps = covered.map((name) => sourceStamp(root, projects[name]));
    build(root, project);
    covered.forEach((name, i) => writeFileSync(markerOf(name), stamps[i]));
  });
}

function install(root) {
  say("Installing dependencies (npm ci)…");
  rmSync(join(root, "node_modules", ".shoal-prepared"), { force: true });
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  // Inside an npm script this variable names the running npm; without it `npm` is looked for on the path.
  const npm = process.env.npm_execpath;
  const isScript = npm !== undefined && /npm-cli\.[cm]?js$/.test(npm);
  if (isScript) run(root, process.execPath, [npm, ...args], "npm ci");
  else run(root, process.platform === "win32" ? "npm.cmd" : "npm", args, "npm ci");
  writeFileSync(
    join(root, "node_modules", ".shoal-prepared"),
    sha256(readFileSync(join(root, "package-lock.json"))),
  );
}

function build(root, project) {
  say("Building (tsc -b)…");
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  run(root, process.execPath, [compiler, "-b", project], "tsc -b");
}

function run(root, command, args, name) {
  const shell = command.endsWith(".cmd");
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    shell,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  throw new Error(`${name} failed${result.error ? `: ${result.error.message}` : ""}`);
}

/** One preparation at a time: two terminals that start on a fresh clone must not install into each other. */
function withLock(root, work) {
  const lock = join(root, ".shoal-prepare.lock");
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!ownerIsAlive(lock)) rmSync(lock, { recursive: true, force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
  try {
    writeFileSync(join(lock, "pid"), String(process.pid));
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function ownerIsAlive(lock) {
  const pid = Number(readText(join(lock, "pid")));
  if (!(pid > 0)) {
    // Between creating the folder and writing the number: young means alive.
    const stat = statSync(lock, { throwIfNoEntry: false });
    return stat !== undefined && Date.now() - stat.mtimeMs < 5000;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Error(`Shoal needs Node ${OLDEST_NODE.join(".")} or newer, this is ${process.versions.node}`);
}

function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    prepare(resolve(dirname(fileURLToPath(import.meta.url)), ".."), process.argv[2] ?? "all");
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
