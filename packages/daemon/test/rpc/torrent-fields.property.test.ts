import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { REASONS, type WaitingCode } from "@shoal/engine";
import fc from "fast-check";
import { TORRENT_FIELDS } from "../../dist/rpc/torrent-fields.js";
import { TorrentLook } from "../../dist/rpc/torrent-look.js";

type Transfer = TorrentLook["transfer"];
type Context = TorrentLook["context"];

/** What the list of transmission-remote needs of each row, or the row is not shown. */
const ROW = [
  "id",
  "name",
  "eta",
  "leftUntilDone",
  "rateDownload",
  "rateUpload",
  "sizeWhenDone",
  "status",
  "uploadRatio",
];
/** May have fractions. */
const REALS = new Set([
  "uploadRatio",
  "percentDone",
  "percentComplete",
  "metadataPercentComplete",
  "recheckProgress",
  "seedRatioLimit",
  "progress",
]);
const STATES = [
  "metadata",
  "checking",
  "queued",
  "downloading",
  "finished",
  "seeding",
  "paused",
  "error",
] as const;

const amount = fc.oneof(
  fc.nat(),
  fc.double({ min: 0, noNaN: false }),
  fc.constantFrom(0, 1e21, 2 ** 53, Infinity, NaN),
);
const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "\u0000\u009b31m", "\ud800", "a:b"));
const time = fc.option(fc.date({ noInvalidDate: true }).map((date) => date.toISOString()));
const millis = fc.option(fc.double({ min: 0, max: 1e15, noNaN: true }));
const goal = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined });

const stats = fc.record({
  downloaded: amount,
  uploaded: amount,
  downRate: amount,
  upRate: amount,
  wanted: amount,
  have: amount,
  wasted: amount,
  failed: amount,
  peers: fc.nat(3),
  seeds: fc.nat(3),
  pieceCount: fc.nat(),
  piecesHave: fc.nat(),
  etaMs: fc.option(amount),
  waiting: fc.option(
    fc.record({
      code: fc.constantFrom(...(Object.keys(REASONS) as WaitingCode[])),
      message: text,
      action: fc.constant(""),
    }),
  ),
});

const peer = fc.record({
  host: fc.constant("127.0.0.1"),
  port: fc.nat(65_535),
  client: text,
  progress: amount,
  downRate: amount,
  upRate: amount,
  choked: fc.boolean(),
  choking: fc.boolean(),
  interested: fc.boolean(),
  interesting: fc.boolean(),
  incoming: fc.boolean(),
  obfuscated: fc.boolean(),
  source: fc.constantFrom("user", "tracker", "dht", "pex", "lsd", "incoming", "magnet"),
});

const tracker = fc.record({
  url: fc.oneof(
    fc.webUrl(),
    text,
    fc.constantFrom("udp://[::1]:9/announce", "http://a.b.example/announce?x=1"),
  ),
  tier: fc.nat(5),
  state: fc.constantFrom("idle", "asking", "ok", "failed", "never"),
  message: fc.option(text),
  refused: fc.boolean(),
  peers: amount,
  fails: fc.nat(3),
  seeds: fc.option(fc.nat()),
  leechers: fc.option(fc.nat()),
  downloaded: fc.option(fc.nat()),
  lastAnnounceAt: millis,
  nextAnnounceAt: millis,
});

const rate = fc.option(fc.integer({ min: 1 }));
const look = fc
  .record({
    stats,
    peers: fc.array(peer, { maxLength: 3 }),
    trackers: fc.array(tracker, { maxLength: 4 }),
    state: fc.constantFrom(...STATES),
    name: text,
    error: fc.option(text.map((message) => ({ message }))),
    down: rate,
    up: rate,
    ratio: fc.option(amount),
    goals: fc.record({ ratio: goal, idleMs: goal }),
    labels: fc.array(text, { maxLength: 3 }),
    addedAt: time,
    finishedAt: time,
    activeAt: time,
    sharingMs: amount,
    checked: amount,
    observedAt: millis,
    file: fc.record({ path: text, size: amount, have: amount, wanted: fc.boolean(), priority: fc.nat(7) }),
    limit: fc.option(amount),
    remote: fc.record(
      {
        down: fc.integer({ min: 1 }),
        up: fc.integer({ min: 1 }),
        ratio: fc.double({ min: 0, max: 1e9, noNaN: true }),
        idleMs: fc.double({ min: 0, max: 1e15, noNaN: true }),
        priority: fc.integer({ min: -1, max: 1 }),
      },
      { requiredKeys: [] },
    ),
    now: millis,
  })
  .map((facts): TorrentLook => {
    const torrent = {
      name: facts.name,
      state: facts.state,
      error: facts.error,
      downloadDir: "/d",
      isAtRest: false,
      infoHashes: { v1: new Uint8Array(20), v2: null },
      limits: {
        down: facts.down,
        up: facts.up,
        honorsSessionLimits: true,
        maxConnections: null,
        uploadSlots: null,
      },
      stats: () => facts.stats,
      peers: () => facts.peers,
      trackers: () => facts.trackers,
      webSeeds: () => [],
    };
    const transfer = {
      id: 1,
      name: facts.name,
      hash: "00".repeat(20),
      isPrivate: false,
      ratio: facts.ratio,
      downloadDir: "/d",
      holds: new Map(),
      torrent,
      record: {
        labels: facts.labels,
        goals: facts.goals,
        addedAt: facts.addedAt ?? "2026-01-01T00:00:00.000Z",
        finishedAt: facts.finishedAt,
        activeAt: facts.activeAt,
        sharingMs: facts.sharingMs,
        downloadingMs: facts.sharingMs,
        reached: null,
        sequential: false,
        remote: facts.remote,
      },
      waiting: () => facts.stats.waiting,
    } as unknown as Transfer;
    const observed = {
      changedAt: null,
      activeAt: facts.observedAt,
      startedAt: facts.observedAt,
      editedAt: null,
      checked: facts.checked,
      moved: 0,
      trackerIds: new Map(),
    };
    const digest = {
      comment: facts.name,
      creator: facts.name,
      createdAt: facts.checked,
      pieceSize: 16_384,
      size: facts.checked,
      fileCount: 1,
      mimeType: "text/plain",
      webSeeds: [],
    };
    const context = {
      now: facts.now ?? 0,
      observed,
      trackerId: () => 0,
      hidesAddresses: false,
      torrentFile: "/t",
      peerLimit: 200,
      queuePosition: () => 0,
      details: {
        digest,
        files: [facts.file],
        pieces: { have: new Uint8Array(2), peers: new Uint16Array(16) },
      },
      goals: () => ({ ratio: facts.limit, idleMs: facts.limit }),
    } as unknown as Context;
    return new TorrentLook(transfer, context);
  });

/** As strict as the strictest of the programs. */
function assertReadable(value: unknown, name: string): void {
  assert.ok(value !== null && value !== undefined, `${name} is nothing`);
  if (typeof value === "number") {
    assert.ok(Number.isFinite(value), `${name}: ${value}`);
    if (!REALS.has(name)) assert.match(String(value), /^-?\d+$/, name);
  } else if (typeof value === "string") {
    assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(value), `${name}: ${JSON.stringify(value)}`);
    assert.equal(Buffer.from(value).toString(), value, `${name} is not well-formed`);
  } else if (typeof value === "object") {
    for (const [key, below] of Object.entries(value))
      assertReadable(below, Array.isArray(value) ? name : key);
  }
}

describe("fields of torrent-get", () => {
  test("can be read by every program, whatever the torrent's state", () => {
    fc.assert(
      fc.property(look, (one) => {
        const torrent = Object.fromEntries([...TORRENT_FIELDS].map(([name, field]) => [name, field.of(one)]));
        const read = JSON.parse(JSON.stringify(torrent)) as Record<string, unknown>;
        assert.deepEqual(Object.keys(read), [...TORRENT_FIELDS.keys()]);
        for (const [name, value] of Object.entries(read)) assertReadable(value, name);
        for (const name of ROW) assert.equal(typeof read[name], name === "name" ? "string" : "number", name);
      }),
      { numRuns: 300 },
    );
  });
});
