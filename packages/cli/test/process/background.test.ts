import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";

import { Place } from "./shoal.ts";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;
const PORTS = ["--port", "0", "--ui-port", "0", "--no-lsd", "--no-dht"] as const;

test("daemon start, status, restart and stop: each ends when it is so", async () => {
  await using place = new Place();
  const started = await place.run("daemon", "start", ...PORTS);
  assert.deepEqual([started.code, started.stdout], [0, ""]);
  const [, pid] = /^Started shoal in the background \(pid (\d+)\)\. Stop: shoal daemon stop\n$/.exec(
    started.stderr,
  )!;
  assert.match((await place.run("daemon", "status")).stdout, new RegExp(`runs \\(pid ${pid}\\)`));
  const again = await place.run("daemon", "start", "--json");
  assert.deepEqual([again.code, (JSON.parse(again.stdout) as { started: boolean }).started], [0, false]);
  assert.equal((await place.run("get", "--detach", MAGNET)).code, 0);
  const restarted = await place.run("daemon", "restart", "--json", ...PORTS);
  assert.notEqual((JSON.parse(restarted.stdout) as { pid: number }).pid, Number(pid));
  const list = JSON.parse((await place.run("list", "--json")).stdout) as { torrents: unknown[] };
  assert.equal(list.torrents.length, 1);
  assert.equal((await place.run("daemon", "stop")).code, 0);
  assert.equal((await place.run("daemon", "status")).code, 5);
});

test("a command that needs the daemon starts it", async () => {
  await using place = new Place();
  const env = { SHOAL_NO_START: "" };
  const { code, stderr } = await place.runIn(env, "list");
  assert.equal(code, 0);
  assert.match(stderr, /^Started shoal in the background \(pid \d+\)\. Stop: shoal daemon stop\n/);
  assert.equal((await place.runIn(env, "--no-start", "list")).code, 0);
  assert.equal((await place.run("daemon", "stop")).code, 0);
  assert.equal((await place.runIn(env, "--no-start", "list")).code, 5);
});

test("two commands that start the daemon at once start one", async () => {
  await using place = new Place();
  const env = { SHOAL_NO_START: "", SHOAL_UI_PORT: "0", SHOAL_NETWORK_PORT: "0" };
  const both = await Promise.all([place.runIn(env, "list"), place.runIn(env, "list")]);
  const told = both.map(({ stderr }) => stderr).join("");
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
    told,
  );
  const pids = new Set(Array.from(told.matchAll(/\(pid (\d+)\)/g), ([, pid]) => pid));
  assert.equal(pids.size, 1, told);
});

test("what keeps the daemon from starting is told by who started it", async () => {
  await using place = new Place();
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const start = ["daemon", "start", "--port", "0"];
  const web = await place.run(...start, "--ui-port", String(port));
  const rpc = await place.run(...start, "--ui-port", "0", "--rpc-port", String(port));
  server.close();
  assert.deepEqual([web.code, rpc.code], [12, 12]);
  assert.match(web.stderr, new RegExp(`^Port ${port} for the web page is taken by another program\\.`));
  assert.match(rpc.stderr, new RegExp(`^Port ${port} for Transmission's programs is taken .*--rpc-port`));
});

test("--daemon and --token-file reach a daemon by its address", async () => {
  await using place = new Place();
  const ports = [...PORTS, "--profile", "other"];
  const { ui } = JSON.parse((await place.run("daemon", "start", "--json", ...ports)).stdout) as {
    ui: string;
  };
  assert.equal((await place.run("list")).code, 5, "it is no other profile's");
  assert.equal((await place.run("--daemon", ui, "list")).code, 4);
  const made = await place.run("--profile", "other", "token", "new", "--for", "me", "--json");
  writeFileSync(place.path("token"), `${(JSON.parse(made.stdout) as { password: string }).password}\n`);
  const named = { SHOAL_DAEMON: ui, SHOAL_TOKEN_FILE: place.path("token") };
  assert.equal((await place.run("--daemon", ui, "--token-file", "token", "get", "--detach", MAGNET)).code, 0);
  assert.equal((await place.runIn(named, "pause", "1")).code, 0);
  assert.equal((await place.runIn(named, "daemon", "status")).code, 0);
  assert.equal((await place.runIn(named, "daemon", "restart")).code, 2);
  const elsewhere = await place.run("--daemon", "http://127.0.0.1:1", "list");
  assert.deepEqual(
    [elsewhere.code, elsewhere.stderr],
    [
      5,
      "No daemon can be reached at http://127.0.0.1:1: ECONNREFUSED. Check the address, and that shoal runs there.\n",
    ],
  );
  for (const wrong of ["nonsense", "ftp://host", "http://user:secret@127.0.0.1:1"])
    assert.equal((await place.run("--daemon", wrong, "list")).code, 2, wrong);
  writeFileSync(place.path("token"), "two words\n");
  assert.equal((await place.runIn(named, "list")).code, 4);
});

test("a daemon of another version: which side is older, and what to do", async () => {
  await using place = new Place();
  mkdirSync(place.path(".local/state/shoal"), { recursive: true });
  let version = "0.0.1";
  const fake = createServer((_request, response) =>
    response.end(JSON.stringify({ schema: 1, version, pid: process.pid, ui: "http://127.0.0.1:1" })),
  ).listen(place.path(".local/state/shoal/daemon.sock"));
  await new Promise((resolve) => fake.once("listening", resolve));
  const { version: ours } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  ) as { version: string };
  try {
    const older = await place.run("list");
    assert.deepEqual(
      [older.code, older.stderr],
      [
        12,
        `The daemon is older (0.0.1) than this program (${ours}). Start the new one with: shoal daemon restart\n`,
      ],
    );
    version = "99.0.0";
    const newer = await place.run("list");
    assert.deepEqual(
      [newer.code, newer.stderr],
      [12, `This program (${ours}) is older than the daemon (99.0.0). Install the newer program.\n`],
    );
    assert.equal((await place.run("daemon", "status")).code, 0, "it can still be looked at");
  } finally {
    fake.close();
  }
});

test("daemon logs: the last lines, those that follow, and those of a daemon that has ended", async () => {
  await using place = new Place();
  assert.match((await place.run("daemon", "logs")).stderr, /^Nothing is in .*daemon\.log yet\.\n$/);
  await place.run("daemon", "start", ...PORTS);
  const following = place.start("daemon", "logs", "--follow", "-n", "0", "--json");
  // Whatever a daemon notes at its end.
  await place.run("daemon", "restart", ...PORTS);
  await following.event("log");
  assert.equal((await following.stop("SIGINT")).code, 0);
  await place.run("daemon", "stop");
  const { stdout } = await place.run("daemon", "logs", "-n", "1");
  assert.match(stdout, /^\d{4}-.*Z {2}\w+ +\S.*\n$/);
});
