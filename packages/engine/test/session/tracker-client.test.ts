import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { MovedClock } from "@shoal/sim";
import type { Endpoint } from "../../dist/base/address.js";
import { ShoalError } from "../../dist/base/errors.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { ExternalAddress } from "../../dist/core/external-address.js";
import { nodeClock } from "../../dist/node/clock.js";
import { NodeHttp } from "../../dist/node/http.js";
import { NetPolicy } from "../../dist/node/net-policy.js";
import { NodeRandom } from "../../dist/node/random.js";
import { NodeNet } from "../../dist/node/tcp.js";
import { NodeUdp } from "../../dist/node/udp.js";
import type { Clock } from "../../dist/ports/clock.js";
import type { AnnounceInfo, Announcing, TrackerListener } from "../../dist/session/announcing.js";
import type { TrackerResult } from "../../dist/session/tracker-status.js";
import { TrackerClient } from "../../dist/session/tracker-client.js";
import { httpTracker, udpTracker } from "./fake-trackers.ts";

const V1 = new Uint8Array(20).fill(0x11);
const V2 = new Uint8Array(20).fill(0x22);
const PEER = { host: "1.2.3.4", port: 6881 };
const ANSWER = "d8:intervali1800e5:peers6:\x01\x02\x03\x04\x1a\xe1e";

function client(t: TestContext, clock: Clock = nodeClock): TrackerClient {
  const policy = new NetPolicy({ loopbackOnly: true });
  const http = new NodeHttp(policy, "Shoal-test/1");
  const log = { debug() {}, info() {}, warn() {}, error: (text: string) => assert.fail(text) };
  const ports = {
    clock,
    net: new NodeNet(policy),
    udp: new NodeUdp(policy),
    http,
    random: new NodeRandom(),
    log,
    external: new ExternalAddress(),
  };
  const trackers = new TrackerClient(ports, new Xoshiro128(5));
  t.after(async () => {
    await trackers.close();
    http.close();
  });
  return trackers;
}

function begin(trackers: TrackerClient, info: AnnounceInfo, listener: TrackerListener): Announcing {
  const announcing = trackers.add(info, listener);
  announcing.start();
  return announcing;
}

class Listener implements TrackerListener {
  readonly peers: Endpoint[] = [];
  readonly results: TrackerResult[] = [];
  #waiting: { count: number; resolve: () => void }[] = [];

  onPeers(peers: readonly Endpoint[]): void {
    this.peers.push(...peers);
  }
  onResult(result: TrackerResult): void {
    this.results.push(result);
    for (const one of this.#waiting) if (this.results.length >= one.count) one.resolve();
  }
  until(count: number): Promise<void> {
    if (this.results.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}

function info(tiers: string[][], hashes: Uint8Array[] = [V1]) {
  return {
    tiers,
    names: () => hashes.map((hash) => Buffer.from(hash).toString("hex")),
    peerId: new Uint8Array(20).fill(0x33),
    port: () => 41873,
    totals: () => ({ uploaded: 7, downloaded: 8, left: 9 }),
  };
}

for (const [kind, start] of [
  ["HTTP", (t: TestContext) => httpTracker(t, ANSWER)],
  ["UDP", (t: TestContext) => udpTracker(t)],
] as const) {
  test(`${kind}: started, completed and stopped for both names of a hybrid`, async (t) => {
    const tracker = await start(t);
    const listener = new Listener();
    const handle = begin(client(t), info([[tracker.url]], [V1, V2]), listener);
    await listener.until(2);
    assert.deepEqual(listener.peers, [PEER, PEER]);
    const counts = kind === "UDP" ? { seeds: 1, leechers: 1 } : { seeds: null, leechers: null };
    const ok = {
      url: tracker.url,
      ok: true,
      message: null,
      refused: false,
      never: false,
      peers: 1,
      ...counts,
    };
    assert.deepEqual(listener.results, [ok, ok]);
    assert.deepEqual([handle.count, handle.failed], [1, 0]);
    handle.completed();
    await listener.until(4);
    await handle.stop();
    await handle.stop();
    handle.completed();
    const [v1, v2] = [V1, V2].map((hash) => {
      const hex = Buffer.from(hash).toString("hex");
      return tracker.told.filter((told) => told.infoHash === hex);
    });
    for (const told of [v1!, v2!]) {
      assert.deepEqual(
        told.map((one) => one.event),
        ["started", "completed", "stopped"],
      );
      assert.equal(new Set(told.map((one) => one.key)).size, 1, "one key for one name");
      assert.deepEqual(
        told.map((one) => one.numWant),
        [200, 200, 0],
      );
      assert.deepEqual([told[0]!.left, told[0]!.port], [9, 41873]);
      assert.match(told[0]!.path, /^\/announce/);
    }
    assert.notEqual(v1![0]!.key, v2![0]!.key);
    assert.deepEqual([v1![0]!.uploaded, v2![0]!.uploaded], [7, 0], "bytes count once");
    assert.equal(listener.results.length, 4, "nothing is told after stop");
  });
}

test("UDP: one connection id for several torrents, and the path of the URL (BEP 41)", async (t) => {
  const tracker = await udpTracker(t);
  const trackers = client(t);
  const listener = new Listener();
  for (const hash of [V1, V2]) begin(trackers, info([[tracker.url]], [hash]), listener);
  await listener.until(2);
  assert.equal(tracker.connects, 1);
  assert.equal(tracker.told[0]!.path, "/announce?pass=1");
  await trackers.close();
});

test("failures in the trackers' own words, and the next tier takes over", async (t) => {
  const bad = [
    await httpTracker(t, "d14:failure reason9:not todaye"),
    await httpTracker(t, "<html>", 404),
    await httpTracker(t, "<html>"),
    await httpTracker(t, "de", 500),
    await udpTracker(t, "go away"),
    { url: "http://127.0.0.1:1/announce" },
    { url: "http://127.0.0.1:1/cgi-bin/reboot" },
    { url: "http://tracker.example/announce" },
    { url: "udp://127.0.0.1/announce" },
  ];
  const good = await httpTracker(t, ANSWER);
  const urls = [...bad.map((one) => one.url), "wss://tracker.example/", "ftp://x/", "nonsense", good.url];
  const listener = new Listener();
  const handle = begin(client(t), info(urls.map((url) => [url])), listener);
  await listener.until(10);
  assert.deepEqual(
    listener.results.map((result) => result.message),
    [
      "not today",
      "the tracker answers with status 404",
      "the answer is not that of a tracker",
      "the tracker answers with status 500",
      "go away",
      "connection refused by 127.0.0.1:1",
      "a private address with a URL that is not that of a tracker is asked only if you name it",
      "tracker.example is not on this machine, and Shoal is kept to it",
      "the tracker's URL names no port",
      null,
    ],
  );
  assert.deepEqual([handle.count, handle.failed], [10, 9]);
  assert.deepEqual(listener.peers, [PEER]);
  await handle.stop();
  assert.deepEqual(
    good.told.map((told) => told.event),
    ["started", "stopped"],
  );
  assert.equal(
    bad.flatMap((one) => ("told" in one ? one.told : [])).some((told) => told.event === "stopped"),
    false,
  );
});

test("a warning and a name that becomes known later", async (t) => {
  const tracker = await httpTracker(t, "d8:intervali1800e15:warning message3:hoye");
  const listener = new Listener();
  const hashes = [V1];
  const handle = begin(client(t), info([[tracker.url]], hashes), listener);
  await listener.until(1);
  assert.equal(listener.results[0]!.message, "hoy");
  assert.deepEqual(listener.peers, []);
  hashes.push(V2);
  handle.announceSoon();
  await listener.until(2);
  assert.deepEqual(
    tracker.told.map((told) => `${told.infoHash.slice(0, 2)} ${told.event}`),
    ["11 started", "22 started"],
  );
});

test("a silent tracker: the next is asked after ten seconds, and stopping takes three", async (t) => {
  const clock = new MovedClock();
  const silent = await httpTracker(t, null);
  const second = await udpTracker(t);
  const listener = new Listener();
  const trackers = client(t, clock);
  const handle = begin(trackers, info([[silent.url], [second.url]]), listener);
  await silent.announces(1);
  await clock.advance(9_999);
  assert.equal(second.connects, 0);
  await clock.advance(1);
  await listener.until(1);
  assert.equal(listener.results[0]!.url, second.url);

  let stopped = false;
  const stopping = handle.stop().then(() => (stopped = true));
  await Promise.all([silent.announces(2), second.announces(2)]);
  assert.equal(silent.told[1]!.event, "stopped", "it may have heard of us");
  assert.equal(second.told[1]!.event, "stopped");
  assert.equal(stopped, false);
  await clock.advance(3_000);
  await stopping;
  await trackers.close();
  await clock.advance(3_600_000);
  assert.deepEqual([silent.told.length, second.told.length], [2, 2]);
});

test("closing the client stops what is left", async (t) => {
  const tracker = await httpTracker(t, ANSWER);
  const trackers = client(t);
  const listener = new Listener();
  begin(trackers, info([[tracker.url]]), listener);
  await listener.until(1);
  await trackers.close();
  assert.deepEqual(
    tracker.told.map((told) => told.event),
    ["started", "stopped"],
  );
});

test("UDP: asked at one address of each family; what this machine lacks is done without", async (t) => {
  const tracker = await udpTracker(t);
  const { port } = new URL(tracker.url);
  const opened: number[] = [];
  const policy = new NetPolicy({ loopbackOnly: true });
  const udp = new NodeUdp(policy);
  const net = new NodeNet(policy);
  const ports = {
    clock: nodeClock,
    net: Object.assign(net, { resolve: () => Promise.resolve(["::1", "127.0.0.1", "127.0.0.2", "::2"]) }),
    udp: {
      open: (...given: Parameters<NodeUdp["open"]>) => {
        opened.push(given[0].family);
        if (given[0].family === 4) return udp.open(...given);
        return Promise.reject(new ShoalError("ERR_LISTEN", "There is no IPv6 here"));
      },
    },
    http: new NodeHttp(policy, "Shoal-test/1"),
    random: new NodeRandom(),
    external: new ExternalAddress(),
    log: { debug() {}, info() {}, warn() {}, error: (text: string) => assert.fail(text) },
  };
  const trackers = new TrackerClient(ports, new Xoshiro128(5));
  t.after(() => trackers.close());
  const listener = new Listener();
  begin(trackers, info([[`udp://two.example:${port}/announce`]]), listener);
  await listener.until(1);
  assert.ok(listener.results[0]!.ok);
  assert.deepEqual(new Set(opened), new Set([4, 6]));
  assert.equal(tracker.told.length, 1);
});
