import assert from "node:assert/strict";
import { test } from "node:test";
import type { WaitingCode, WaitingReason } from "@shoal/engine";

import {
  downloadLines,
  failedPeer,
  fileList,
  headline,
  lookingLine,
  lookingLines,
  sharingLine,
  statusLine,
  stillLooking,
} from "../dist/commands/get/view.js";
import { listeningLines } from "../dist/commands/send/view.js";
import { reachabilityLines } from "../dist/commands/send/reachability.js";
import { bar } from "../dist/ui/bar.js";
import { createStyle } from "../dist/ui/style.js";

const PLAIN = createStyle(false);

const STATS = {
  downloaded: 38,
  uploaded: 12_000_000,
  downRate: 11_200_000,
  upRate: 500_000,
  wanted: 100,
  have: 38,
  wasted: 0,
  failed: 0,
  peers: 1,
  seeds: 1,
  pieceCount: 10,
  piecesHave: 3,
  etaMs: 180_000,
  waiting: null,
};

function reason(code: WaitingCode, message: string): WaitingReason {
  return { code, message, action: "leave it" };
}

const NOBODY = {
  trackers: 0,
  trackersAnswered: 0,
  trackersRefused: 0,
  peersNamed: 0,
  peersContacted: 0,
  finders: [],
};

test("downloadLines: numbers while data arrives, the reason while it does not", () => {
  const moving = downloadLines(STATS, 0, PLAIN, 80);
  assert.deepEqual(moving, [`   ${bar(0.38)}  38 %   11.2 MB/s   3 min left   from 1 person`]);
  const waiting = { ...STATS, waiting: reason("no-peers", "no peer is known\u001b[2J") };
  assert.deepEqual(downloadLines(waiting, 0, PLAIN, 100), [
    `   ${bar(0.38)}  38 %   no peer is known\ufffd[2J; name one with --peer HOST:PORT`,
  ]);
});

test("downloadLines: people and web servers are told apart", () => {
  assert.match(downloadLines(STATS, 2, PLAIN, 120)[0]!, /from 1 person and 2 web servers$/);
  assert.match(downloadLines({ ...STATS, peers: 0 }, 1, PLAIN, 120)[0]!, /from 1 web server$/);
});

test("downloadLines: a long reason goes on in the next lines", () => {
  const message =
    "no tracker answers (no answer from 192.168.100.200:6969 within 30 seconds), and no peer is known";
  const lines = downloadLines({ ...STATS, waiting: reason("tracker-down", message) }, 0, PLAIN, 80);
  assert.deepEqual(lines, [
    `   ${bar(0.38)}  38 %   no tracker answers (no answer from`,
    "      192.168.100.200:6969 within 30 seconds), and no peer is known",
  ]);
  const endless = reason("tracker-refused", "word ".repeat(500));
  const most = downloadLines({ ...STATS, waiting: endless }, 0, PLAIN, 80);
  assert.equal(most.length, 4);
  for (const line of most) assert.ok(line.length < 80, line);
});

test("statusLine and sharingLine: one line for logs and for the time after", () => {
  assert.equal(statusLine("a\nb", STATS), "a\ufffdb: 38 %, 11.2 MB/s, 3 min left, 1 peer");
  assert.equal(sharingLine(STATS), "   Sharing with 1 person, 500 kB/s, given 12 MB");
});

test("lookingLine: what was asked, and nothing that was not", () => {
  const asked = { ...NOBODY, trackers: 2, trackersAnswered: 1, peersNamed: 84, peersContacted: 12 };
  assert.equal(
    lookingLine(asked, null),
    "Looking for the file list …  asked 2 trackers (1 answered, 84 peers), 12 peers contacted",
  );
  const waiting = reason("no-peers", "no peer is known");
  assert.equal(
    lookingLine(NOBODY, waiting),
    "Looking for the file list …  no peer is known; name one with --peer HOST:PORT",
  );
  const finders = [
    { source: "dht", asked: 70, answered: 61, peers: 5 },
    { source: "lsd", asked: 0, answered: 0, peers: 0 },
  ] as const;
  assert.equal(
    lookingLine({ ...NOBODY, finders }, reason("searching", "asking the DHT for peers")),
    "Looking for the file list …  DHT 61 nodes (5 peers), local network",
  );
});

test("lookingLine: who has not answered, and who refuses", () => {
  const finders = [{ source: "dht", asked: 3, answered: 0, peers: 0 }] as const;
  const asked = { ...NOBODY, trackers: 2, finders };
  const down = reason("tracker-down", "no tracker answers");
  assert.equal(
    lookingLine(asked, down),
    "Looking for the file list …  asked 2 trackers (no answer yet), DHT (no answer yet)",
  );
  const offline = reason("no-network", "waits for interface tun0");
  assert.equal(lookingLine(asked, offline), "Looking for the file list …  waits for interface tun0");
  assert.match(lookingLine({ ...asked, trackersRefused: 1 }, null), /asked 2 trackers \(1 refused\)/);
});

test("lookingLines: goes on below what is too long", () => {
  const finders = [
    { source: "dht", asked: 70, answered: 61, peers: 5 },
    { source: "lsd", asked: 0, answered: 0, peers: 1 },
  ] as const;
  const asked = { ...NOBODY, trackers: 5, trackersAnswered: 1, peersNamed: 84, peersContacted: 12, finders };
  const whole =
    "asked 5 trackers (1 answered, 84 peers), DHT 61 nodes (5 peers), local network (1 peer), 12 peers contacted";
  assert.deepEqual(lookingLines(asked, null, 200), [`Looking for the file list …  ${whole}`]);
  assert.deepEqual(lookingLines(asked, null, 80), [
    "Looking for the file list …  asked 5 trackers (1 answered, 84 peers),",
    "      DHT 61 nodes (5 peers), local network (1 peer), 12 peers contacted",
  ]);
});

const GIVE_UP = "Ctrl-C gives up (exit 6)";

test("stillLooking: what is likely after what was tried, and how to give up", () => {
  const heard = [{ source: "dht", asked: 3, answered: 2, peers: 0 }] as const;
  const silent = [{ source: "dht", asked: 3, answered: 0, peers: 0 }] as const;
  assert.match(
    stillLooking({ ...NOBODY, finders: heard }, 0, null, GIVE_UP),
    /^Still no file list\. No peer was found\. Likely: nobody online .*Ctrl-C gives up \(exit 6\)\.$/,
  );
  assert.match(
    stillLooking({ ...NOBODY, peersContacted: 1 }, 0, null, GIVE_UP),
    /The one peer known did not answer\./,
  );
  assert.match(
    stillLooking({ ...NOBODY, peersContacted: 12 }, 0, null, GIVE_UP),
    /None of 12 peers answered\./,
  );
  assert.match(
    stillLooking({ ...NOBODY, peersContacted: 12 }, 3, null, GIVE_UP),
    /0 of 12 peers answered with it\./,
  );
  assert.match(
    stillLooking({ ...NOBODY, trackers: 2, finders: silent }, 0, null, GIVE_UP),
    /Neither the trackers nor the DHT answered\. Likely: this computer is not connected/,
  );
  assert.match(
    stillLooking({ ...NOBODY, trackers: 1 }, 0, null, GIVE_UP),
    /No answer came from the tracker\./,
  );
  assert.match(stillLooking(NOBODY, 0, null, GIVE_UP), /nobody near has it now/);
  const offline = reason("no-network", "waits for interface tun0");
  assert.match(
    stillLooking(NOBODY, 0, offline, GIVE_UP),
    /Nobody can be reached: waits for interface tun0\./,
  );
});

test("headline and fileList: what is left out is said", () => {
  const files = [
    { path: "Trip/a.jpg", size: 1_000_000, wanted: true },
    { path: "Trip/b\u202e.txt", size: 10, wanted: false },
  ];
  const metainfo = { name: "Trip", layout: { contentSize: 1_000_010 } } as Parameters<typeof headline>[0];
  assert.equal(headline(metainfo, files), "Trip: 2 files, 1 MB; getting 1 file, 1 MB");
  assert.deepEqual(fileList(files, 80, PLAIN), ["  1  1 MB  a.jpg", "  2  10 B  b\ufffd.txt (left out)"]);
  assert.deepEqual(fileList(files.slice(0, 1), 80, PLAIN), []);
  const many = Array.from({ length: 25 }, (_, at) => ({ path: `T/${at}`, size: 1, wanted: true }));
  assert.equal(fileList(many, 80, PLAIN).at(-1), "  … and 5 more files");
});

test("failedPeer: the address once, the reason in small letters", () => {
  assert.equal(
    failedPeer("127.0.0.1:9", "connection refused by 127.0.0.1:9"),
    "127.0.0.1:9 can't be used now: connection refused",
  );
  assert.equal(
    failedPeer("192.0.2.1:9", "192.0.2.1:9 can't be reached from the address that is set"),
    "192.0.2.1:9 can't be used now: can't be reached from the address that is set",
  );
  assert.equal(
    failedPeer("192.0.2.1:9", "The proxy p:1 can't connect to 192.0.2.1:9 (it answers 502)"),
    "192.0.2.1:9 can't be used now: the proxy p:1 can't connect to 192.0.2.1:9 (it answers 502)",
  );
  assert.equal(
    failedPeer("[::1]:9", "The peer hung up\u001b[2J"),
    "[::1]:9 can't be used now: the peer hung up\ufffd[2J",
  );
});

test("listeningLines: where, in one line that fits 80 columns", () => {
  const everywhere = { endpoint: { host: "::", port: 41_873 }, obstacle: null };
  const lines = listeningLines(everywhere, [{ host: "192.168.100.200", port: 41_873 }], false);
  assert.deepEqual(lines, [
    "Listening on port 41873 of every address (in your own network: 192.168.100.200).",
  ]);
  for (const line of lines) assert.ok(line.length <= 80);
  const here = { endpoint: { host: "127.0.0.1", port: 7 }, obstacle: null };
  assert.deepEqual(listeningLines(here, [], false), ["Listening on 127.0.0.1, port 7."]);
  const away = { endpoint: null, obstacle: "waits for interface tun0" };
  assert.deepEqual(listeningLines(away, [], false), ["Not listening: waits for interface tun0."]);
  const nowhere = { endpoint: null, obstacle: null };
  assert.match(listeningLines(nowhere, [], false).join(), /only people named/);
  assert.match(listeningLines(nowhere, [], true).join(), /through a proxy nobody can connect to you/);
});

test("reachabilityLines: nothing before it is known, and what can be done about a no", () => {
  const off = { state: "off" } as const;
  const looking = { state: "looking" } as const;
  const open = { state: "open", via: "PCP", host: "80.1.2.3", port: 41_874, expiresAt: null } as const;
  const silent = { state: "closed", code: "silent", reason: "the router does not answer" } as const;
  const none = { state: "closed", code: "no-router", reason: "there is no router" } as const;
  const forward = "From elsewhere the router must forward TCP port 41873.";
  for (const [ipv4, ipv6, lines] of [
    [off, off, [forward]],
    [looking, looking, []],
    [looking, none, []],
    [looking, open, []],
    [silent, looking, []],
    [open, looking, ["Reachable from outside: yes (router opened port 41874)."]],
    [silent, open, ["Reachable from outside: yes (router opened port 41874, over IPv6 only)."]],
    [silent, none, ["Reachable from outside: no (the router does not answer).", forward]],
    [
      { ...open, via: null },
      none,
      ["Reachable from outside: yes, unless a firewall forbids it (public address 80.1.2.3)."],
    ],
  ] as const) {
    assert.deepEqual(reachabilityLines({ ipv4, ipv6 }, 41_873), lines);
  }
  assert.deepEqual(reachabilityLines({ ipv4: off, ipv6: off }, null), []);
});
