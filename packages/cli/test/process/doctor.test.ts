import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { DoctorReport } from "@shoal/schema";
import { Namespace } from "@shoal/testkit";
import { Place, type Result, Running } from "./shoal.ts";

const BIN = fileURLToPath(new URL("../../bin/shoal.js", import.meta.url));
const RUN = ["daemon", "run", "--json", "--ui-port", "0", "--port", "0", "--no-lsd"];
const HASH = "ab".repeat(20);

type Examined = DoctorReport & { readonly code: number | null };

async function startDaemon(place: Place, ...flags: string[]): Promise<Running> {
  const daemon = place.start(...RUN, ...flags);
  await daemon.event("listening");
  return daemon;
}

async function doctor(place: Place, ...words: string[]): Promise<Examined> {
  return doctorIn(place, {}, ...words);
}

async function doctorIn(
  place: Place,
  env: Readonly<Record<string, string>>,
  ...words: string[]
): Promise<Examined> {
  const { code, stdout, stderr } = await place.runIn(env, "doctor", "--json", ...words);
  assert.notEqual(stdout, "", stderr);
  return { ...(JSON.parse(stdout) as DoctorReport), code };
}

function check({ checks }: DoctorReport, name: string): [status: string, message: string] {
  const found = checks.find((one) => one.check === name);
  assert.ok(found, `no check of ${name}: ${JSON.stringify(checks)}`);
  return [found.status, found.message];
}

/** A port of this computer at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A small file system at `dir`; null, and the test is skipped, where none may be mounted. */
function mount(t: TestContext, place: Place, dir: string, options: string): string | null {
  const path = place.path(dir);
  mkdirSync(path, { recursive: true });
  if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "shoal-test", path]).status !== 0) {
    t.skip("may not mount a small file system");
    return null;
  }
  return path;
}

test("a daemon that is well: nothing fails, and it really answers at its port", async () => {
  await using place = new Place();
  await startDaemon(place);
  const report = await doctor(place);
  assert.equal(report.code, 0, JSON.stringify(report.checks));
  assert.match(check(report, "disk").join(" "), /^ok .*writable$/);
  assert.match(check(report, "listening").join(" "), /^ok TCP \d+; UDP is not needed yet$/);
  assert.deepEqual(check(report, "files")[0], "ok");
  assert.deepEqual(check(report, "database"), ["ok", "answers"]);
  assert.deepEqual(
    report.checks.filter(({ status }) => status === "fail" || status === "warn"),
    [],
  );
  assert.match(report.addresses[0]!.address, /^127\.0\.0\.1:\d+$/);
  const { stdout } = await place.run("doctor");
  assert.match(stdout, /^All is well\.\n {2}ok {4}disk {7}/);
  await place.run("get", "--detach", `magnet:?xt=urn:btih:${HASH}`);
  assert.match(check(await doctor(place, "1"), "listening").join(" "), /^ok TCP and UDP \d+$/);
});

test("a dead tracker: why the transfer waits, what to try, and exit 6; the report for strangers names nobody", async () => {
  await using place = new Place();
  await startDaemon(place, "--no-dht");
  const port = await closedPort();
  const tracker = encodeURIComponent(`http://127.0.0.1:${port}/announce`);
  await place.run("get", "--detach", `magnet:?xt=urn:btih:${HASH}&dn=old-backup&tr=${tracker}`);
  let report = await doctor(place, "old-backup");
  // The tracker is asked within moments.
  while (report.torrent?.waiting?.code === "asking-tracker") report = await doctor(place, "old-backup");
  assert.equal(report.code, 6);
  assert.equal(report.torrent?.waiting?.code, "tracker-down");
  assert.match(report.summary, /^old-backup waits: no tracker answers/);
  assert.match(check(report, "trackers").join(" "), /^fail 0 of 1 answered; connection refused/);
  assert.deepEqual(check(report, "DHT"), ["info", "switched off"]);
  assert.equal(report.tries[0], "leave it: shoal keeps asking");
  assert.ok(report.tries.some((one) => one.includes("shoal torrent peers 1 ")));
  const shared = await place.run("doctor", "1", "--share-report");
  assert.equal(shared.code, 6);
  assert.match(shared.stdout, /^shoal doctor: one transfer, metadata, waits: tracker-down\n/);
  assert.doesNotMatch(shared.stdout, new RegExp(`old-backup|127\\.0\\.0\\.1|${port}|${HASH}|${place.dir}`));
});

test("a tracker that refuses is quoted", async (t) => {
  await using place = new Place();
  const tracker = createHttpServer((_request, response) =>
    response.end("d14:failure reason20:unregistered torrente"),
  ).listen(0, "127.0.0.1");
  t.after(() => tracker.close().closeAllConnections());
  await new Promise((resolve) => tracker.once("listening", resolve));
  await startDaemon(place, "--no-dht");
  const url = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}/announce`;
  await place.run("get", "--detach", `magnet:?xt=urn:btih:${HASH}&tr=${encodeURIComponent(url)}`);
  let report = await doctor(place, "1");
  while (report.torrent?.waiting?.code === "asking-tracker") report = await doctor(place, "1");
  assert.equal(report.torrent?.waiting?.code, "tracker-refused");
  assert.match(check(report, "trackers")[1], /says “unregistered torrent”$/);
});

test("too little room: exit 9", async (t) => {
  await using place = new Place();
  const path = mount(t, place, "small", "size=24m");
  if (path === null) return;
  try {
    await startDaemon(place, "--download-dir", path);
    const report = await doctor(place);
    assert.equal(report.code, 9);
    assert.match(
      check(report, "disk").join(" "),
      /^fail the folder for downloads, .* free, and 512 MB are to stay so/,
    );
    assert.match(report.tries[0]!, /^make room/);
  } finally {
    spawnSync("umount", ["-l", path]);
  }
});

test("a disk that can only be read: exit 10", async (t) => {
  await using place = new Place();
  const path = mount(t, place, "fixed", "ro,size=1m");
  if (path === null) return;
  try {
    const { code, checks } = await doctorIn(place, { SHOAL_DOWNLOAD_DIR: path });
    assert.equal(code, 10);
    assert.match(checks.find(({ check: name }) => name === "disk")!.message, /can only be read$/);
  } finally {
    spawnSync("umount", ["-l", path]);
  }
});

test("a firewall that closes our own port is found by trying: exit 6", async (t) => {
  await using place = new Place();
  let machine: Namespace;
  try {
    machine = Namespace.open();
    machine.run(["nft", "add", "table", "inet", "shoal"]);
  } catch {
    t.skip("network namespaces and nft are not to be had here");
    return;
  }
  t.after(() => machine.close());
  const inside = (...words: string[]): Running => {
    const [command, ...args] = machine.wrap([process.execPath, BIN, ...words]);
    const env = { PATH: process.env["PATH"] ?? "", HOME: place.dir, SHOAL_OFFLINE: "1", SHOAL_NO_START: "1" };
    return new Running(spawn(command!, args, { cwd: place.dir, env }));
  };
  const daemon = inside(...RUN);
  try {
    await daemon.event("listening");
    machine.run(
      ["nft", "-f", "-"],
      "add chain inet shoal in { type filter hook input priority 0; }\nadd rule inet shoal in ip daddr 127.0.0.1 drop\n",
    );
    const { code, stdout }: Result = await inside("doctor", "--json").ended;
    assert.equal(code, 6);
    assert.match(
      check(JSON.parse(stdout) as DoctorReport, "listening").join(" "),
      /^fail port \d+ is open, but/,
    );
  } finally {
    await daemon.stop("SIGKILL");
  }
});

test("a hub that does not answer: named, and exit 6", async () => {
  await using place = new Place();
  const address = `http://127.0.0.1:${await closedPort()}`;
  assert.equal((await place.run("config", "set", "hub.address", address)).code, 0);
  await startDaemon(place);
  const report = await doctor(place);
  assert.equal(report.code, 6);
  assert.match(
    check(report, "hub").join(" "),
    /^fail http:\/\/127\.0\.0\.1:\d+ can't be used: ECONNREFUSED$/,
  );
});

test("without a daemon it looks at what it can see alone, and makes nothing", async () => {
  await using place = new Place();
  const report = await doctor(place);
  assert.equal(report.code, 0);
  assert.match(check(report, "daemon").join(" "), /^warn the daemon does not run: /);
  assert.deepEqual(check(report, "disk")[0], "ok");
  assert.equal(report.tries[0], "start it: shoal daemon start");
  const one = await place.run("doctor", "1");
  assert.equal(one.code, 5);
});

test("a transfer that is not there: exit 3", async () => {
  await using place = new Place();
  await startDaemon(place);
  assert.equal((await place.run("doctor", "7")).code, 3);
});
