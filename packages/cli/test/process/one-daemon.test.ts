import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";

import { Place, type Running } from "./shoal.ts";

const FLAGS = ["--port", "0", "--no-lsd", "--no-dht"];
const RUN = ["daemon", "run", "--json", "--ui-port", "0", ...FLAGS];

/** Of a node that does not run some are absent. */
interface Info {
  readonly running: boolean;
  readonly peerId: string | null;
  readonly peerPort?: number;
  readonly addresses?: readonly { readonly address: string; readonly reach: string }[];
  readonly reachable?: string;
  readonly uptimeMs?: number;
  readonly totals?: object;
  readonly stateDir: string;
}

test("of several that start at the same moment one runs, and the others say so", async () => {
  await using place = new Place();
  const all = Array.from({ length: 4 }, () => place.start(...RUN));
  const first = await Promise.any(all.map(async (one) => (await one.event("listening"), one)));
  const others = await Promise.all(all.filter((one) => one !== first).map(({ ended }) => ended));
  for (const { code, stderr } of others) {
    assert.equal(code, 12);
    assert.match(stderr, /^Shoal runs already for this profile \(process \d+\)\. Stop it with/);
  }
  assert.equal((await place.run("daemon", "stop")).code, 0);
  assert.equal((await first.ended).code, 0);
});

test("what a killed one, an earlier start of the computer, or another program has left is in nobody's way", async () => {
  await using place = new Place();
  const state = place.path("state");
  const env = { SHOAL_STATE_DIR: state };
  const first = place.startIn(env, ...RUN);
  await first.event("listening");
  await first.stop("SIGKILL");
  for (const name of ["daemon.0123456789abcdef-1-1.lock", "daemon.lock"])
    writeFileSync(`${state}/${name}`, "");
  assert.ok(readdirSync(state).includes("daemon.sock"));
  const second = place.startIn(env, ...RUN);
  await second.event("listening");
  assert.equal(readdirSync(state).filter((name) => /^daemon\..*-.*\.lock$/.test(name)).length, 1);
  assert.equal((await second.stop("SIGINT")).code, 130);
});

test("one that runs where its process can't be seen is left alone", async () => {
  await using place = new Place();
  const state = place.path("state");
  mkdirSync(state, { mode: 0o700 });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${state}/daemon.sock`, resolve));
  try {
    const { code, stderr } = await place.startIn({ SHOAL_STATE_DIR: state }, ...RUN).ended;
    assert.equal(code, 12);
    assert.match(stderr, /^Shoal runs already for this profile \(in another container\)/);
    assert.deepEqual(
      readdirSync(state).filter((name) => /\.(sock|lock)$/.test(name)),
      ["daemon.sock"],
    );
  } finally {
    server.close();
  }
});

test("info tells who the node is: without the daemon what is known, with it where it is", async () => {
  await using place = new Place();
  const info = async (): Promise<Info> => JSON.parse((await place.run("info", "--json")).stdout) as Info;
  const before = await info();
  assert.deepEqual([before.running, before.peerId], [false, null]);
  const daemon = place.start(...RUN);
  await daemon.event("listening");
  const now = await info();
  const { peerId, peerPort, addresses, totals } = now;
  assert.match(peerId ?? "", /^[a-z2-7]{7}(-[a-z2-7]{7})+$/);
  assert.deepEqual(addresses, [{ address: `127.0.0.1:${peerPort}`, reach: "computer" }]);
  assert.deepEqual([now.running, now.reachable, typeof now.uptimeMs], [true, "no", "number"]);
  assert.deepEqual(Object.keys(totals ?? {}), ["session", "all"]);
  assert.match((await place.run("info")).stdout, new RegExp(peerId!));
  await daemon.stop("SIGTERM");
  const after = await info();
  assert.deepEqual([after.running, after.peerId], [false, peerId]);
  const key = `${now.stateDir}/identity.key`;
  const sound = readFileSync(key);
  writeFileSync(key, "spoilt");
  for (const words of [["info"], RUN]) {
    const { code, stderr } = await place.run(...words);
    assert.equal(code, 10);
    assert.match(stderr, /identity\.key, can't be used: it is no private key\. Put back a copy/);
  }
  assert.equal(readFileSync(key, "utf8"), "spoilt");
  writeFileSync(key, sound);
  assert.equal((await info()).peerId, peerId);
});

test("a state folder with a long path has its socket elsewhere", async () => {
  await using place = new Place();
  const state = place.path("long ü".repeat(10), "x".repeat(60));
  const env = { SHOAL_STATE_DIR: state };
  const daemon = place.startIn(env, ...RUN);
  await daemon.event("listening");
  const { code, stderr } = await place.startIn(env, "daemon", "stop").ended;
  assert.equal(code, 0, stderr);
  assert.equal((await daemon.ended).code, 0);
});

test("a port that is taken is named with its flag", async () => {
  await using place = new Place();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as { port: number };
    for (const [flag, rest] of [
      ["--ui-port", []],
      ["--rpc-port", ["--ui-port", "0"]],
    ] as const) {
      const { code, stderr } = await place.run("daemon", "run", ...FLAGS, ...rest, flag, String(port));
      assert.equal(code, 12);
      assert.match(
        stderr,
        new RegExp(`^Port ${port} for .* is taken by another program\\. Choose another with ${flag}`),
      );
    }
  } finally {
    server.close();
  }
});

test("a state folder that can't be one is refused in a sentence", async () => {
  await using place = new Place();
  const state = place.path("state");
  writeFileSync(state, "");
  const file = await place.startIn({ SHOAL_STATE_DIR: state }, ...RUN).ended;
  assert.deepEqual(
    [file.code, /is not a folder\. Choose another .* SHOAL_STATE_DIR/.test(file.stderr)],
    [10, true],
  );
  rmSync(state);
  mkdirSync(`${state}/state.db`, { recursive: true });
  const folder: Awaited<Running["ended"]> = await place.startIn({ SHOAL_STATE_DIR: state }, ...RUN).ended;
  assert.equal(folder.code, 10, folder.stderr);
});
