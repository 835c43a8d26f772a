import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Reachability, WayIn } from "@shoal/engine";
import { checkClock } from "../../dist/doctor/checks/clock.js";
import { checkDatabase } from "../../dist/doctor/checks/database.js";
import { checkDht } from "../../dist/doctor/checks/dht.js";
import { checkDisk, type FolderFacts } from "../../dist/doctor/checks/disk.js";
import { checkFiles } from "../../dist/doctor/checks/files.js";
import { checkFirewall } from "../../dist/doctor/checks/firewall.js";
import { checkHub } from "../../dist/doctor/checks/hub.js";
import { checkListening } from "../../dist/doctor/checks/listening.js";
import { checkLog } from "../../dist/doctor/checks/log.js";
import { checkNetwork } from "../../dist/doctor/checks/network.js";
import { checkPeers } from "../../dist/doctor/checks/peers.js";
import { checkProgram } from "../../dist/doctor/checks/program.js";
import { checkReachable } from "../../dist/doctor/checks/reachable.js";
import { checkTrackers } from "../../dist/doctor/checks/trackers.js";
import type { Finding } from "../../dist/doctor/finding.js";

type Case = readonly [Finding, Finding["status"], RegExp, (6 | 9 | 10)?];

const FOLDER: FolderFacts = {
  use: "downloads",
  path: "/home/anna/films",
  trouble: null,
  free: 211e9,
  freeFiles: 1e6,
  writeMs: 3,
  reserve: 512e6,
};
const disk = (facts: Partial<FolderFacts>): Finding => checkDisk([{ ...FOLDER, ...facts }])[0]!;

const NETWORK = { isKept: false, obstacle: null, host: null, hasProxy: false, ipv4: "10.0.0.2", ipv6: null };
const LISTENING = { port: 41873, isWanted: true, tcp: "ok", udp: "ok" } as const;
const DHT = { isOn: true, isPrivate: false, isKept: false, nodes: 0, packetsIn: 0, packetsOut: 0 };

const LOOKING: WayIn = { state: "looking" };
const closed = (code: Extract<WayIn, { state: "closed" }>["code"], reason: string): Reachability => ({
  ipv4: { state: "closed", code, reason },
  ipv6: { state: "closed", code: "no-router", reason: "this computer is connected to no router" },
});
const REACHABLE = {
  isKept: false,
  port: 41873,
  sinceIncomingMs: null,
  reachability: { ipv4: LOOKING, ipv6: LOOKING },
};

const tracker = (host: string, outcome: "answered" | "refused" | "failed" | "unasked", message?: string) => ({
  host,
  outcome,
  message: message ?? null,
});

const CASES: Readonly<Record<string, readonly Case[]>> = {
  disk: [
    [disk({}), "ok", /^211 GB free, writable$/],
    [disk({ trouble: "ENOSPC" }), "fail", /is full$/, 9],
    [disk({ trouble: "EROFS" }), "fail", /can only be read$/, 10],
    [disk({ trouble: "EACCES" }), "fail", /may not be written by this user$/, 10],
    [disk({ trouble: "ENOENT", free: null }), "fail", /is not there and can't be made$/, 10],
    [disk({ trouble: "EIO" }), "fail", /can't be written \(EIO\)$/, 10],
    [disk({ free: 120e6 }), "fail", /has 120 MB free, and 512 MB are to stay so: downloads wait$/, 9],
    [disk({ free: 1e6, reserve: 0 }), "fail", /has 1 MB free: downloads wait$/, 9],
    [disk({ freeFiles: 0 }), "fail", /no room for more files/, 9],
    [disk({ freeFiles: 12 }), "warn", /room for 12 more files only$/],
    [disk({ writeMs: 2_500 }), "warn", /took 2500 ms for a small write$/],
    [disk({ free: null, freeFiles: null, writeMs: null }), "ok", /^writable$/],
  ],
  network: [
    [checkNetwork(NETWORK), "ok", /^IPv4 up, no IPv6$/],
    [checkNetwork({ ...NETWORK, ipv4: null, ipv6: "fd00::1" }), "ok", /^no IPv4, IPv6 up$/],
    [checkNetwork({ ...NETWORK, ipv4: null }), "fail", /^no way out: /, 6],
    [
      checkNetwork({ ...NETWORK, obstacle: "waits for interface tun0" }),
      "fail",
      /^waits for interface tun0$/,
      6,
    ],
    [checkNetwork({ ...NETWORK, isKept: true, ipv4: null }), "info", /^kept to this computer/],
    [
      checkNetwork({ ...NETWORK, host: "tun0", hasProxy: true }),
      "ok",
      /bound to tun0, everything goes through a proxy$/,
    ],
  ],
  listening: [
    [checkListening(LISTENING), "ok", /^TCP and UDP 41873$/],
    [checkListening({ ...LISTENING, udp: "off" }), "ok", /^TCP 41873$/],
    [checkListening({ ...LISTENING, udp: "idle" }), "ok", /^TCP 41873; UDP is not needed yet$/],
    [checkListening({ ...LISTENING, udp: "silent" }), "warn", /UDP 41873 does not/],
    [checkListening({ ...LISTENING, tcp: "silent" }), "fail", /does not come through$/, 6],
    [checkListening({ ...LISTENING, port: null }), "fail", /^no port is open/, 6],
    [checkListening({ ...LISTENING, port: null, isWanted: false }), "info", /switched off$/],
  ],
  reachable: [
    [
      checkReachable({ ...REACHABLE, sinceIncomingMs: 120_000 }),
      "ok",
      /^somebody from outside connected 2 minutes ago$/,
    ],
    [
      checkReachable({ ...REACHABLE, sinceIncomingMs: 3_600_000 }),
      "info",
      /^unknown: .* the router is being asked; the last one came 1 hour ago$/,
    ],
    [checkReachable(REACHABLE), "info", /^unknown: nobody from outside has connected in the last 10 minutes/],
    [checkReachable({ ...REACHABLE, isKept: true }), "info", /^from this computer only/],
    [checkReachable({ ...REACHABLE, port: null }), "info", /does not listen$/],
    [
      checkReachable({
        ...REACHABLE,
        reachability: closed("silent", "the router does not answer UPnP, NAT-PMP or PCP"),
      }),
      "warn",
      /^unknown: nobody has connected in the last 10 minutes, and the router does not answer UPnP/,
    ],
    [
      checkReachable({
        ...REACHABLE,
        reachability: closed("double-nat", "the router is itself behind another one"),
      }),
      "fail",
      /^nobody outside can connect to port 41873: the router is itself behind another one$/,
      6,
    ],
    [
      checkReachable({
        ...REACHABLE,
        reachability: {
          ipv4: { state: "open", via: "NAT-PMP", host: "1.2.3.4", port: 41873, expiresAt: null },
          ipv6: LOOKING,
        },
      }),
      "info",
      /^unknown: the router has opened the port, and nobody from outside/,
    ],
  ],
  trackers: [
    [checkTrackers([], true), "info", /^it has none$/],
    [checkTrackers([], false), "info", /^no transfer has one$/],
    [
      checkTrackers([tracker("a.example", "answered"), tracker("b.example", "unasked")], true),
      "ok",
      /^1 of 2 answered; 1 not asked yet$/,
    ],
    [checkTrackers([tracker("a.example", "unasked")], true), "info", /^0 of 1 answered; 1 not asked yet$/],
    [
      checkTrackers(
        [tracker("a.example", "answered"), tracker("b.example", "refused", "unregistered torrent")],
        true,
      ),
      "warn",
      /^1 of 2 answered; b\.example says “unregistered torrent”$/,
    ],
    [
      checkTrackers([tracker("a.example", "failed", "no answer from a.example")], true),
      "fail",
      /^0 of 1 answered; no answer from a\.example$/,
      6,
    ],
    [
      checkTrackers(
        ["a", "b", "c", "d", "e"].map((host) => tracker(host, "failed", "time out")),
        false,
      ),
      "fail",
      /c: time out; 2 more don't answer$/,
      6,
    ],
  ],
  dht: [
    [checkDht({ ...DHT, nodes: 312 }), "ok", /^312 nodes$/],
    [checkDht({ ...DHT, isOn: false }), "info", /^switched off$/],
    [checkDht({ ...DHT, isPrivate: true }), "info", /private$/],
    [checkDht({ ...DHT, isKept: true, packetsOut: 40 }), "info", /none on this computer is known$/],
    [checkDht(DHT), "info", /nothing has needed it yet$/],
    [checkDht({ ...DHT, packetsOut: 3 }), "warn", /^no nodes yet: 3 packets sent, 0 came$/],
    [checkDht({ ...DHT, packetsOut: 40 }), "fail", /UDP does not come through$/, 6],
    [checkDht({ ...DHT, packetsOut: 40, packetsIn: 2 }), "warn", /^no nodes yet/],
  ],
  peers: [
    [
      checkPeers({ connected: 2, seeds: 0, together: 0.345, sinceCompleteMs: 3 * 86_400_000 }),
      "info",
      /^2 connected, together they have 34 %; last seen complete 3 days ago$/,
    ],
    [
      checkPeers({ connected: 2, seeds: 1, together: 1, sinceCompleteMs: 0 }),
      "info",
      /^2 connected, 1 with everything$/,
    ],
    [
      checkPeers({ connected: 0, seeds: 0, together: null, sinceCompleteMs: null }),
      "info",
      /^none connected$/,
    ],
  ],
  clock: [
    [checkClock({ trouble: null, witnesses: 2, aheadOfDiskMs: 5 }), "ok", /^right, as 2 servers say$/],
    [
      checkClock({ trouble: null, witnesses: 0, aheadOfDiskMs: null }),
      "info",
      /^nobody has told the time yet$/,
    ],
    [
      checkClock({ trouble: { aheadMs: -86_400_000, host: "a.example" }, witnesses: 2, aheadOfDiskMs: 0 }),
      "fail",
      /^1 day behind, as a\.example/,
      6,
    ],
    [
      checkClock({ trouble: { aheadMs: null, host: "a.example" }, witnesses: 0, aheadOfDiskMs: 0 }),
      "fail",
      /^the certificate of a\.example/,
      6,
    ],
    [
      checkClock({ trouble: null, witnesses: 0, aheadOfDiskMs: 600_000 }),
      "warn",
      /^10 minutes ahead of that of the disk/,
    ],
  ],
  firewall: [
    [checkFirewall({ platform: "linux", active: [], port: 41873 }), "ok", /none that could be seen/],
    [
      checkFirewall({ platform: "linux", active: ["ufw"], port: 41873 }),
      "info",
      /^ufw is on: port 41873 has to be allowed$/,
    ],
    [checkFirewall({ platform: "darwin", active: [], port: 41873 }), "info", /^macOS/],
    [checkFirewall({ platform: "win32", active: [], port: 41873 }), "info", /^Windows/],
  ],
  files: [
    [checkFiles([{ path: "/s", mode: 0o700, allowed: 0o700 }]), "ok", /open to this user only$/],
    [
      checkFiles([
        { path: "/home/anna/s", mode: 0o755, allowed: 0o700 },
        { path: "/c", mode: 0o666, allowed: 0o644 },
      ]),
      "warn",
      /rights to \/home\/anna\/s \(mode 755\) and 1 more$/,
    ],
  ],
  database: [
    [checkDatabase({ error: null, tookMs: 2 }), "ok", /^answers$/],
    [checkDatabase({ error: null, tookMs: 3_000 }), "warn", /slowly: 3000 ms/],
    [checkDatabase({ error: "disk I/O error", tookMs: 2 }), "fail", /^does not answer: disk I\/O error$/, 10],
  ],
  log: [
    [checkLog({ errors: 0, last: null }), "ok", /^no errors/],
    [
      checkLog({ errors: 2, last: { message: "no", agoMs: 90_000 } }),
      "warn",
      /^2 errors .* 1 minute ago: no$/,
    ],
  ],
  hub: [
    [checkHub({ address: "h:1", answer: 200 }), "ok", /^h:1 answers$/],
    [checkHub({ address: "h:1", answer: 502 }), "fail", /it answers with 502$/, 6],
    [checkHub({ address: "h:1", answer: { error: "ECONNREFUSED" } }), "fail", /ECONNREFUSED$/, 6],
    [checkHub({ address: "h:1", answer: "not-asked" }), "info", /not asked$/],
  ],
  program: [
    [
      checkProgram({ version: "1.2.3", node: "24.0.0", platform: "linux", arch: "x64" }),
      "info",
      /^shoal 1\.2\.3, Node 24/,
    ],
  ],
};

for (const [name, cases] of Object.entries(CASES)) {
  describe(`the check of ${name}`, () => {
    for (const [found, status, text, exit] of cases) {
      test(`${status}: ${text.source}`, () => {
        assert.equal(found.status, status, found.said.message);
        assert.match(found.said.message, text);
        assert.equal(found.exit, exit ?? null);
        if (status === "fail") assert.ok(found.tries.length > 0, "what fails has something to try");
      });
    }
  });
}

test("what strangers read has no names, ids and addresses", () => {
  const all = Object.values(CASES)
    .flat()
    .map(([{ said }]) => said.report)
    .join("\n");
  assert.doesNotMatch(all, /anna|\/films|example|tun0|unregistered|h:1|\d+\.\d+\.\d+\.\d+/);
  assert.match(all, /<tracker> says “<words>”/);
});
