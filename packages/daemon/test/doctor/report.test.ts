import assert from "node:assert/strict";
import { test } from "node:test";
import type { Torrent } from "@shoal/schema";
import { addressesToGive } from "../../dist/doctor/addresses.js";
import { EXIT, failure, type Finding, finding } from "../../dist/doctor/finding.js";
import { makeReport } from "../../dist/doctor/report.js";
import { said } from "../../dist/doctor/said.js";

const OK = finding("disk", "ok", said`fine`);
const UNREACHABLE = failure("reachable", EXIT.network, said`no`, "forward the port");
const FULL = failure("disk", EXIT.noSpace, said`full`, "make room");
const ODD = finding("files", "warn", said`odd`, "close it");

const WAITING = {
  id: 3,
  name: "old-backup",
  state: "downloading",
  wanted: 100,
  have: 34,
  error: null,
  waiting: { code: "peers-no-data", message: "2 peers connected, none has the missing pieces", action: "" },
} as unknown as Torrent;

const report = (findings: Finding[], transfer: Torrent | null = null): ReturnType<typeof makeReport> =>
  makeReport(findings, transfer, []);

test("all is well: 0, and nothing to try", () => {
  assert.deepEqual(report([OK]), {
    schema: 1,
    torrent: null,
    summary: "All is well",
    checks: [{ check: "disk", status: "ok", message: "fine", report: "fine", tries: [] }],
    tries: [],
    addresses: [],
    exitCode: 0,
  });
});

test("the exit code is that of the first failure, warnings have none", () => {
  assert.equal(report([ODD]).exitCode, 0);
  assert.equal(report([ODD, FULL, UNREACHABLE]).exitCode, 9);
  assert.equal(report([UNREACHABLE, FULL]).exitCode, 6);
  assert.equal(report([UNREACHABLE, FULL, ODD]).summary, "2 things fail, 1 thing needs a look");
});

test("a transfer that waits: why, and what helps most first", () => {
  const { summary, tries, torrent } = report([ODD, OK, UNREACHABLE], WAITING);
  assert.equal(summary, "old-backup (34 %) waits: 2 peers connected, none has the missing pieces");
  assert.deepEqual(tries, [
    "leave it: shoal keeps asking",
    "forward the port",
    "ask the sender to come online",
    "name somebody who has it: shoal torrent peers 3 HOST:PORT",
    "close it",
  ]);
  assert.equal(torrent?.percent, 34);
});

test("what keeps a transfer from moving comes before what is wrong besides", () => {
  const full = { ...WAITING, waiting: { code: "disk-full", message: "the disk is full", action: "" } };
  assert.deepEqual(report([UNREACHABLE, FULL], full).tries.slice(0, 2), [
    "make room",
    "make room: it continues by itself then",
  ]);
});

test("addresses to give: those that reach farthest first, none of other interfaces, and only loopback when kept here", () => {
  const facts = {
    port: 41873,
    host: "::",
    isKept: false,
    external: { v4: "203.0.113.7", v6: null },
    externalPorts: { v4: 50_000, v6: 41873 },
    own: [
      { address: "127.0.0.1", isInternal: true },
      { address: "192.168.1.5", isInternal: false },
      { address: "fe80::1", isInternal: false },
      { address: "2a00::5", isInternal: false },
    ],
  };
  assert.deepEqual(
    addressesToGive(facts).map(({ address, reach }) => `${address} ${reach}`),
    ["[2a00::5]:41873 everybody", "203.0.113.7:50000 everybody", "192.168.1.5:41873 network"],
  );
  assert.deepEqual(addressesToGive({ ...facts, isKept: true, host: "127.0.0.1" }), [
    { address: "127.0.0.1:41873", reach: "computer" },
  ]);
  assert.deepEqual(
    addressesToGive({ ...facts, host: "192.168.1.5", external: { v4: null, v6: null } }).map(
      ({ address }) => address,
    ),
    ["192.168.1.5:41873"],
  );
});
