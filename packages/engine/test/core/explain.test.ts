import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { explainWaiting, type WaitingFacts } from "../../dist/core/explain.js";
import { REASONS, type WaitingCode } from "../../dist/core/reasons.js";

const FACTS: WaitingFacts = {
  needsMetadata: false,
  paused: false,
  hold: null,
  checking: false,
  checksBefore: null,
  downloading: true,
  receiving: false,
  limit: null,
  disk: null,
  diskBusy: false,
  network: null,
  peers: 0,
  connecting: 0,
  candidates: 0,
  banned: 0,
  plainOnly: 0,
  hungUp: 0,
  silent: 0,
  forbidden: 0,
  plainHere: false,
  v2Only: false,
  clock: null,
  trackers: 0,
  trackersFailed: 0,
  trackersAnswered: 0,
  trackerFailure: null,
  finders: [],
  dhtUnanswered: 0,
  webSeeds: 0,
  needsHashes: false,
  webSeedFailure: null,
  metadataSources: 0,
  useful: 0,
  unchoked: 0,
  together: null,
  sinceCompleteMs: null,
};
const REFUSED = { trackers: 1, trackersFailed: 1, trackerFailure: { refused: true, message: "not here" } };
const DOWN = { trackers: 2, trackersFailed: 2, trackerFailure: { refused: false, message: "time out" } };
const FULL = { kind: "full", space: { path: "/films", needed: 1.2e9, free: 3e8, kept: 0 } } as const;
const BROKEN = { kind: "error", message: 'can\'t write "/films/a": EIO', retrying: true } as const;

const DHT = { source: "dht", asked: 70, answered: 61 } as const;
const LAN = { source: "lsd", asked: 0, answered: 0 } as const;

const DAY_MS = 86_400_000;
const PAUSED = { paused: true, downloading: false, disk: FULL };

const CASES: readonly (readonly [WaitingCode, Partial<WaitingFacts>, RegExp])[] = [
  ["paused-user", PAUSED, /^paused by a user$/],
  ["paused-user", { ...PAUSED, hold: { code: "paused-user" } }, /^paused by a user$/],
  [
    "paused-rule",
    { ...PAUSED, hold: { code: "paused-rule", rule: "ratio 2 is reached" } },
    /^sharing has ended: ratio 2 is reached$/,
  ],
  ["queued", { ...PAUSED, hold: { code: "queued", before: 0, running: 1 } }, /^next in the queue; 1 runs at/],
  [
    "queued",
    { ...PAUSED, hold: { code: "queued", before: 2, running: 5 } },
    /^in the queue behind 2 others; 5 run/,
  ],
  ["limited", { peers: 1, useful: 1, unchoked: 1, limit: 20_000 }, /^held back by the limit of 20 kB\/s/],
  ["limited", { webSeeds: 1, limit: 20_000 }, /^held back by the limit/],
  [
    "limited",
    { peers: 1, useful: 1, unchoked: 1, limit: 2_000, receiving: true },
    /^held back by the limit of 2 kB/,
  ],
  [
    "blocked",
    { candidates: 6, silent: 6, trackers: 1, trackersAnswered: 1 },
    /^none of 6 known peers answers at all, while trackers do: /,
  ],
  ["blocked", { candidates: 6, silent: 6, finders: [DHT] }, /while the DHT does: /],
  ["blocked", { candidates: 2, forbidden: 2 }, /^this computer lets no connections out/],
  [
    "blocked",
    { trackers: 1, trackersAnswered: 1, finders: [{ ...DHT, answered: 0 }] },
    /^nothing comes back over UDP: none of 70 nodes of the DHT answered, while trackers did/,
  ],
  [
    "blocked",
    { trackers: 1, trackersAnswered: 1, finders: [{ ...DHT, asked: 0, answered: 0 }], dhtUnanswered: 12 },
    /^nothing comes back over UDP: none of 12 packets to the DHT was answered, while trackers did/,
  ],
  ["peers-silent", { candidates: 6, silent: 6 }, /^6 known peers did not answer; trying again$/],
  [
    "peers-silent",
    {
      candidates: 6,
      silent: 5,
      trackers: 2,
      trackersAnswered: 1,
      finders: [DHT],
      sinceCompleteMs: 3 * DAY_MS,
    },
    /^6 known peers did not answer; last seen complete 3 days ago; trying again; asking 2 trackers \(1 answered\) and the DHT \(61 of 70 nodes answered\) for peers$/,
  ],
  [
    "clock",
    { ...DOWN, clock: { aheadMs: -2 * DAY_MS, host: "a.example" } },
    /^the clock of this computer is 2 days behind of what a\.example says/,
  ],
  [
    "clock",
    { ...DOWN, clock: { aheadMs: null, host: "a.example" } },
    /^the certificate of a\.example is not valid/,
  ],
  ["tracker-refused", { ...REFUSED, clock: { aheadMs: DAY_MS, host: "a.example" } }, /refuses/],
  [
    "version",
    { candidates: 1, hungUp: 1, plainHere: true },
    /^the only peer known hangs up before they say anything: they may take obfuscated/,
  ],
  [
    "version",
    { candidates: 3, hungUp: 3, v2Only: true },
    /^all 3 peers known hang up .* speak BitTorrent v2/,
  ],
  ["version", { candidates: 3, hungUp: 3 }, /another version of it/],
  ["peers-silent", { candidates: 3, hungUp: 2 }, /^3 known peers/],
  [
    "peers-no-data",
    { peers: 12, together: 0.349, sinceCompleteMs: 3 * DAY_MS },
    /^12 peers connected, none has the missing pieces; with them 34 % of it is there; last seen complete 3 days ago$/,
  ],
  ["checking", { checking: true, downloading: false }, /comparing/],
  [
    "disk-full",
    { disk: FULL, receiving: true, peers: 2 },
    /^the disk is full: 1\.2 GB needed in \/films, 300 MB free; /,
  ],
  ["disk-full", { disk: { kind: "full", space: null } }, /^the disk is full; continues/],
  ["disk-error", { disk: BROKEN, peers: 2 }, /^can't write "\/films\/a": EIO; trying again$/],
  ["disk-error", { disk: { ...BROKEN, retrying: false } }, /EIO$/],
  [
    "files-missing",
    { disk: { kind: "missing", path: "a/b", files: 1 }, downloading: false },
    /^a\/b is missing; /,
  ],
  [
    "files-missing",
    { disk: { kind: "missing", path: "a/b", files: 3 } },
    /^a\/b and 2 more files are missing; /,
  ],
  [
    "files-changed",
    { disk: { kind: "changed", path: "a/b", files: 2 } },
    /^a\/b and 1 more file were changed; /,
  ],
  ["files-missing", { disk: { kind: "short", path: "a/b", files: 1 } }, /^a\/b is shorter than it was; /],
  ["no-network", { network: "waits for interface tun0", peers: 3 }, /^waits for interface tun0$/],
  ["disk-busy", { diskBusy: true, peers: 3 }, /waiting for the disk/],
  ["connecting", { connecting: 1, candidates: 4, ...DOWN }, /^connecting to 1 peer$/],
  ["only-peer-banned", { banned: 1, ...DOWN }, /^the only peer known sent bad data/],
  ["only-peer-banned", { banned: 3 }, /^all 3 peers known sent bad data/],
  ["tracker-refused", REFUSED, /^the tracker refuses: “not here”$/],
  ["tracker-down", DOWN, /^no tracker answers \(time out\), and no peer is known$/],
  [
    "tracker-down",
    { ...DOWN, finders: [LAN] },
    /^no tracker answers \(time out\); asking the local network for peers$/,
  ],
  [
    "asking-tracker",
    { trackers: 1, finders: [DHT, LAN] },
    /^asking the tracker, the DHT \(61 of 70 nodes answered\) and the local network for peers$/,
  ],
  [
    "searching",
    { finders: [DHT, LAN] },
    /^asking the DHT \(61 of 70 nodes answered\) and the local network for peers$/,
  ],
  ["searching", { finders: [{ ...DHT, asked: 0, answered: 0 }] }, /^asking the DHT for peers$/],
  [
    "peers-plain-only",
    { candidates: 1, plainOnly: 1 },
    /^the only peer known can't be reached by obfuscated/,
  ],
  ["peers-plain-only", { candidates: 2, plainOnly: 2, trackers: 1 }, /^all 2 peers known .* allowed here; /],
  ["peers-silent", { candidates: 2, plainOnly: 1 }, /^2 known peers did not answer/],
  ["peers-silent", { candidates: 2, trackers: 1 }, /^2 known peers did not answer/],
  ["asking-tracker", { trackers: 1 }, /^asking the tracker for peers$/],
  [
    "asking-tracker",
    { trackers: 3, trackersFailed: 1, trackersAnswered: 1 },
    /^asking 3 trackers \(1 answered, naming nobody\) for peers$/,
  ],
  ["no-peers", {}, /^no peer is known, and there is nobody to ask$/],
  [
    "getting-metadata",
    { needsMetadata: true, downloading: false, peers: 2, metadataSources: 1 },
    /from 1 peer$/,
  ],
  ["need-metadata", { needsMetadata: true, downloading: false, peers: 2 }, /none has the file list yet$/],
  ["need-hashes", { peers: 1, needsHashes: true }, /^1 peer connected, none has told the hashes/],
  ["peers-no-data", { peers: 2, ...REFUSED }, /^2 peers connected, none has the missing pieces$/],
  ["choked-by-all", { peers: 2, useful: 1 }, /^1 peer serving others first/],
  ["awaiting-web-server", { webSeeds: 1, trackers: 1 }, /^waiting for 1 web server to send$/],
  ["awaiting-data", { webSeeds: 1, peers: 1, useful: 1, unchoked: 1 }, /^waiting for 1 peer to send$/],
  [
    "web-server-down",
    { webSeedFailure: { host: "a.example", message: "it answers with status 500" } },
    /^web server a\.example can't be used: it answers with status 500; no peer is known$/,
  ],
  [
    "peers-no-data",
    { peers: 2, webSeedFailure: { host: "a.example", message: "it answers with status 500" } },
    /^2 peers connected, none has the missing pieces; web server a\.example can't be used: it answers with status 500$/,
  ],
  ["awaiting-data", { peers: 2, useful: 2, unchoked: 1 }, /^waiting for 1 peer to send$/],
];

describe("explainWaiting", () => {
  for (const [code, facts, sentence] of CASES) {
    test(`${code}: ${sentence.source}`, () => {
      const reason = explainWaiting({ ...FACTS, ...facts });
      assert.ok(reason !== null);
      assert.equal(reason.code, code);
      assert.match(reason.message, sentence);
      assert.equal(reason.action, REASONS[code].actions[0]);
    });
  }

  test("each code of the table has a case here", () => {
    const tested = new Set<string>(CASES.map(([code]) => code));
    assert.deepEqual(
      Object.keys(REASONS).filter((code) => !tested.has(code)),
      [],
    );
  });

  test("no text ever says stalled, and all are single clauses", () => {
    for (const [code, { meaning, actions, until }] of Object.entries(REASONS)) {
      for (const text of [meaning, ...actions, until]) assert.doesNotMatch(text, /stalled|\n/i, code);
      assert.match(meaning, /\.$/);
      for (const action of actions) assert.match(action, /^[a-z].*[^.]$/, code);
    }
  });

  test("null while data arrives, and when nothing is wanted", () => {
    assert.equal(explainWaiting({ ...FACTS, receiving: true, peers: 1 }), null);
    assert.equal(explainWaiting({ ...FACTS, receiving: true, peers: 1, limit: 20_000 }), null);
    assert.equal(explainWaiting({ ...FACTS, downloading: false }), null);
  });
});
