import assert from "node:assert/strict";
import { test } from "node:test";
import { MovedClock } from "@shoal/sim";
import type { Endpoint, Family } from "../../dist/base/address.js";
import { ShoalError } from "../../dist/base/errors.js";
import { Xoshiro128 } from "../../dist/base/rng.js";
import { ExternalAddress } from "../../dist/core/external-address.js";
import type { Http, HttpGetOptions } from "../../dist/ports/http.js";
import type { Announcing, AnnounceInfo } from "../../dist/session/announcing.js";
import type { TrackerResult } from "../../dist/session/tracker-status.js";
import { TrackerClient } from "../../dist/session/tracker-client.js";

const NAME = "11".repeat(20);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Asked {
  readonly url: URL;
  readonly family: Family | undefined;
  readonly options: HttpGetOptions;
  answer(body: string): Promise<void>;
  fail(): Promise<void>;
}

/** A client whose requests are answered by the test, under a virtual clock. */
function setUp(families: readonly Family[] = []) {
  const clock = new MovedClock();
  const asked: Asked[] = [];
  const http: Http = {
    families: () => Promise.resolve(families),
    stream: () => assert.fail(),
    close() {},
    get: (url, options) =>
      new Promise((resolve, reject) => {
        const fail = (): void => reject(new ShoalError("ERR_HTTP", "nobody is there"));
        options.signal?.addEventListener("abort", fail);
        asked.push({
          url: new URL(url),
          family: options.family,
          options,
          answer(body) {
            resolve({ status: 200, headers: new Map(), body: Buffer.from(body, "latin1") });
            return settle();
          },
          fail() {
            fail();
            return settle();
          },
        });
      }),
  };
  let random = 1;
  const external = new ExternalAddress();
  const client = new TrackerClient(
    {
      clock,
      http,
      net: {
        listen: () => assert.fail(),
        connect: () => assert.fail(),
        resolve: () => assert.fail(),
        obstacle: null,
        watch: () => () => {},
      },
      udp: { open: () => assert.fail() },
      random: { fill: (target) => target, uint32: () => random++ },
      log: { debug() {}, info() {}, warn() {}, error: (text) => assert.fail(text) },
      external,
    },
    new Xoshiro128(5),
  );
  const peers: Endpoint[] = [];
  const results: TrackerResult[] = [];
  const listener = {
    onPeers: (found: readonly Endpoint[]): void => void peers.push(...found),
    onResult: (result: TrackerResult): void => void results.push(result),
  };
  const add = (tiers: readonly (readonly string[])[], more: Partial<AnnounceInfo> = {}): Announcing => {
    const defaults: AnnounceInfo = {
      tiers,
      names: () => [NAME],
      peerId: new Uint8Array(20),
      port: () => 1,
      totals: () => ({ uploaded: 1, downloaded: 2, left: 3 }),
    };
    // Getters stay getters.
    const info = Object.defineProperties(defaults, Object.getOwnPropertyDescriptors(more));
    return client.add(info, listener);
  };
  return { client, clock, external, add, asked, peers, results };
}

const peer = (last: number): string => `6:\x01\x02\x03${String.fromCharCode(last)}\x1a\xe1`;
const ANSWER = `d8:completei4e10:incompletei5e8:intervali1800e5:peers${peer(4)}e`;

test("Announcing: over both families; the first answer decides, peers of the second come later (BEP 7)", async () => {
  const { add, asked, peers, results } = setUp([4, 6]);
  const announcing = add([["http://t/announce"]]);
  announcing.start();
  await settle();
  assert.deepEqual(
    asked.map(({ family }) => family),
    [4, 6],
  );
  const keys = new Set(asked.map(({ url }) => url.searchParams.get("key")));
  assert.equal(keys.size, 1, "by the key the tracker knows that both are one");
  await asked[1]!.answer(ANSWER);
  assert.deepEqual([peers.length, results.length], [1, 1]);
  await asked[0]!.answer(`d8:intervali1800e5:peers${peer(9)}e`);
  assert.deepEqual(peers, [
    { host: "1.2.3.4", port: 6881 },
    { host: "1.2.3.9", port: 6881 },
  ]);
  assert.equal(results.length, 1);
  let stopped = false;
  void announcing.stop().then(() => (stopped = true));
  await settle();
  assert.deepEqual(
    asked.slice(2).map(({ url, family }) => [url.searchParams.get("event"), family]),
    [
      ["stopped", 4],
      ["stopped", 6],
    ],
  );
  await asked[2]!.answer("de");
  assert.equal(stopped, false, "both are told");
  await asked[3]!.fail();
  assert.equal(stopped, true);
});

test("Announcing: each family is told its own port, where a router has opened another one", async () => {
  const { add, asked } = setUp([4, 6]);
  add([["http://t/announce"]], { port: () => 7000, port6: () => 6881 }).start();
  await settle();
  assert.deepEqual(
    asked.map(({ url, family }) => [family, url.searchParams.get("port")]),
    [
      [4, "7000"],
      [6, "6881"],
    ],
  );
});

test("Announcing: one family that does not answer is no failure, and is not asked for long", async () => {
  const { add, asked, results, client, clock } = setUp([4, 6]);
  const announcing = add([["http://t/announce"]]);
  announcing.start();
  await settle();
  for (let round = 0; round < 20; round++) {
    const started = asked.length;
    for (const one of asked) if (one.family === 4) await one.answer(ANSWER);
    await clock.advance(31 * MINUTE);
    assert.ok(asked.length > started, "goes on");
  }
  assert.ok(results.every(({ ok }) => ok));
  const silent = asked.filter(({ family }) => family === 6).length;
  assert.ok(silent <= 16, `${silent} of ${asked.length}`);
  const closing = client.close();
  await clock.advance(3_000);
  await closing;
});

test("Announcing.statuses: what each tracker said, and when it is asked again", async () => {
  const { add, asked, clock } = setUp();
  const announcing = add([["http://a/announce"], ["http://b/announce"], ["http://c/announce"], ["wss://d/"]]);
  assert.deepEqual(announcing.statuses(), []);
  announcing.start();
  await settle();
  await asked[0]!.answer("d14:failure reason4:nope8:retry in5:nevere");
  await asked[1]!.answer(ANSWER);
  const brief = (): unknown[] =>
    announcing
      .statuses()
      .map(({ url, tier, state, message, refused, seeds, leechers, fails, peers }) => [
        `${url} ${tier} ${state} ${message} ${refused}`,
        [seeds, leechers, fails, peers],
      ]);
  assert.deepEqual(brief(), [
    ["http://a/announce 0 never nope true", [null, null, 1, 0]],
    ["http://b/announce 1 ok null false", [4, 5, 0, 1]],
    ["http://c/announce 2 idle null false", [null, null, 0, 0]],
  ]);
  const [never, ok, idle] = announcing.statuses();
  assert.deepEqual([never!.nextAnnounceAt, idle!.nextAnnounceAt], [null, null]);
  assert.ok(ok!.nextAnnounceAt! >= 1_700_000_000_000 + 30 * MINUTE);
  await clock.advance(31 * MINUTE);
  assert.equal(announcing.statuses()[1]!.state, "asking");
  await asked[2]!.fail();
  const failed = announcing.statuses()[1]!;
  assert.deepEqual(
    [failed.state, failed.message, failed.refused, failed.seeds],
    ["failed", "nobody is there", false, 4],
  );
});

test("Announcing: a pause ends announces under way, and what trackers said is still known after it", async () => {
  const { add, asked, results } = setUp();
  const announcing = add([["http://a/announce"]]);
  announcing.start();
  await settle();
  await asked[0]!.answer(ANSWER);
  announcing.announceSoon();
  await settle();
  const stopping = announcing.stop();
  await settle();
  await asked[1]!.answer("de");
  await stopping;
  assert.deepEqual([announcing.statuses()[0]!.state, announcing.statuses()[0]!.nextAnnounceAt], ["ok", null]);
  announcing.announceSoon();
  announcing.completed();
  await settle();
  assert.equal(asked.length, 2, "nothing happens while it is stopped");
  announcing.start();
  await settle();
  assert.deepEqual(
    asked.map(({ url }) => url.searchParams.get("event")),
    ["started", "stopped", "started"],
  );
  assert.equal(new Set(asked.map(({ url }) => url.searchParams.get("key"))).size, 1);
  assert.equal(results.length, 1);
});

test("Announcing: trackers that are added are asked at once, one that is taken out is told", async () => {
  const { add, asked } = setUp();
  const tiers = [["http://a/announce"]];
  const announcing = add(tiers);
  announcing.start();
  await settle();
  await asked[0]!.answer(ANSWER);
  announcing.add(["http://b/announce", "ftp://c/"]);
  await settle();
  assert.deepEqual(
    [asked.length, asked[1]!.url.host, asked[1]!.url.searchParams.get("event")],
    [2, "b", "started"],
  );
  await asked[1]!.answer(ANSWER);
  announcing.remove("http://a/announce");
  await settle();
  assert.deepEqual([asked[2]!.url.host, asked[2]!.url.searchParams.get("event")], ["a", "stopped"]);
  assert.deepEqual(
    announcing.statuses().map(({ url, tier }) => [url, tier]),
    [["http://b/announce", 1]],
  );
});

test("Announcing: a partial seed says so each time (BEP 21)", async () => {
  const { add, asked, clock } = setUp();
  const announcing = add([["http://a/announce"]], {
    totals: () => ({ uploaded: 0, downloaded: 0, left: 0, isPartialSeed: true }),
  });
  announcing.start();
  await settle();
  await asked[0]!.answer(ANSWER);
  await clock.advance(31 * MINUTE);
  assert.deepEqual(
    asked.map(({ url }) => url.searchParams.get("event")),
    ["started", "paused"],
  );
});

test("Announcing.scrape: many torrents with few requests, and fewer at a time for trackers that want that (BEP 48)", async () => {
  const { add, asked, clock } = setUp();
  const names = Array.from({ length: 100 }, (_, i) => i.toString(16).padStart(40, "0"));
  const torrents = names.map((name) => add([["http://a/announce?k=1"]], { names: () => [name] }));
  const done = Promise.all(torrents.map((torrent) => torrent.scrape({ urgency: "asked", all: true })));
  await clock.advance(50);
  await settle();
  const hashesOf = ({ url }: Asked): string[] =>
    [...url.search.matchAll(/info_hash=([^&]*)/g)].map(([, escaped]) =>
      Buffer.from(
        escaped!.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        "latin1",
      ).toString("hex"),
    );
  assert.deepEqual(
    asked.map((one) => [one.url.pathname, one.url.searchParams.get("k"), hashesOf(one).length]),
    [
      ["/scrape", "1", 64],
      ["/scrape", "1", 36],
    ],
  );
  const reply = (one: Asked): Promise<void> => {
    const files = hashesOf(one).map(
      (hex) =>
        `20:${Buffer.from(hex, "hex").toString("latin1")}d8:completei7e10:incompletei${Number.parseInt(hex, 16)}ee`,
    );
    return one.answer(`d5:filesd${files.toSorted().join("")}ee`);
  };
  await asked[0]!.answer("d14:failure reason8:too manye");
  await reply(asked[1]!);
  for (let at = 2; at < asked.length; at++) await reply(asked[at]!);
  await done;
  assert.deepEqual(
    asked.slice(2).map((one) => hashesOf(one).length),
    [16, 16, 16, 16],
  );
  for (const [i, torrent] of torrents.entries()) {
    assert.deepEqual([torrent.statuses()[0]!.seeds, torrent.statuses()[0]!.leechers], [7, i]);
  }
});

test("Announcing.scrape: a private torrent asks only the tracker that knows of it, and none that has no scrape", async () => {
  const { add, asked, clock } = setUp();
  const torrent = add([["http://a/announce"], ["http://b/announce"]], { isPrivate: true });
  torrent.start();
  await settle();
  await asked[0]!.answer(ANSWER);
  const done = torrent.scrape({ urgency: "asked", all: true });
  await clock.advance(50);
  await settle();
  assert.deepEqual(
    asked.slice(1).map(({ url }) => url.host + url.pathname),
    ["a/scrape"],
  );
  await asked[1]!.answer("de");
  await done;
  const other = add([["http://c/tracker.php?k=1"]]);
  const nothing = other.scrape({ urgency: "asked", all: true });
  await clock.advance(50);
  await nothing;
  assert.equal(asked.length, 2);
});

test("Announcing: once an hour torrents whose counts nobody tells are scraped, on the timer of the announces", async () => {
  const { add, asked, clock } = setUp();
  const told = add([["http://a/announce"]]);
  const silent = add([["http://b/announce"]], { names: () => ["22".repeat(20)] });
  told.start();
  silent.start();
  await settle();
  await asked[0]!.answer(ANSWER);
  await asked[1]!.answer("d8:intervali86400ee");
  assert.equal(clock.timers, 1);
  await clock.advance(HOUR + MINUTE);
  await settle();
  assert.deepEqual(
    asked.filter(({ url }) => url.pathname === "/scrape").map(({ url }) => url.host),
    ["b"],
  );
  void told.close();
  void silent.close();
  await clock.advance(MINUTE);
  await clock.advance(MINUTE);
  assert.equal(clock.timers, 0, "nothing is left of them");
});

test("Announcing: torrents are announced anew, one after another, when our address has changed", async () => {
  const { add, asked, external, clock } = setUp();
  for (const name of ["11", "22", "33"]) {
    add([["http://a/announce"]], { names: () => [name.repeat(20)] }).start();
  }
  await settle();
  for (const one of asked) await one.answer(ANSWER);
  external.vote("8.8.8.8", "a", "tracker");
  await clock.advance(2 * MINUTE);
  assert.equal(asked.length, 3, "that it becomes known is no change");
  external.vote("9.9.9.9", "b", "tracker");
  external.vote("9.9.9.9", "c", "tracker");
  external.vote("9.9.9.9", "d", "tracker");
  await clock.advance(0);
  await settle();
  assert.equal(asked.length, 4);
  await clock.advance(MINUTE);
  assert.equal(asked.length, 6);
});

test("Announcing: with all trackers dead retries become rare, and somebody who waits is served at once", async () => {
  const { add, asked, clock } = setUp();
  const announcing = add([["http://a/announce"], ["http://b/announce"]]);
  announcing.start();
  let requests = 0;
  const refuse = async (): Promise<void> => {
    await settle();
    for (; requests < asked.length; requests++) await asked[requests]!.fail();
  };
  for (let hour = 0; hour < 48; hour++) {
    for (let minute = 0; minute < 60; minute += 0.5) {
      await refuse();
      await clock.advance(MINUTE / 2);
    }
  }
  const inTwoDays = requests;

  assert.ok(inTwoDays < 80, `${inTwoDays} requests in two days`);
  for (let hour = 0; hour < 48; hour++) {
    await refuse();
    await clock.advance(HOUR);
  }
  assert.ok(requests - inTwoDays <= 8, `${requests - inTwoDays} requests in the next two`);
  assert.equal(clock.timers, 1);
  announcing.announceSoon();
  await settle();
  assert.equal(asked.length, requests + 1);
});

test("Announcing: a dead host costs the same for hundreds that began at once as for one", async () => {
  const { add, asked, clock } = setUp();
  for (let i = 0; i < 300; i++) {
    add([["http://a/announce"]], { names: () => [i.toString(16).padStart(40, "0")] }).start();
  }
  let failed = 0;
  for (let minute = 0; minute < 24 * 60; minute += 0.5) {
    await settle();
    for (; failed < asked.length; failed++) await asked[failed]!.fail();
    await clock.advance(MINUTE / 2);
  }
  assert.ok(failed <= 60, `${failed} requests in a day`);
});

test("Announcing: a magnet that turns out to be private waits for the tracker that it has asked (BEP 27)", async () => {
  const { add, asked, clock } = setUp();
  const torrent = { isPrivate: false };
  const announcing = add([["http://a/announce"], ["http://b/announce"]], {
    get isPrivate() {
      return torrent.isPrivate;
    },
  });
  announcing.start();
  await settle();
  torrent.isPrivate = true;
  await clock.advance(29_000);
  assert.equal(asked.length, 1);
  await asked[0]!.fail();
  assert.equal(asked.length, 2);
});

test("Announcing: only what a user named may be anything on this machine and in its network", async () => {
  const { add, asked, results } = setUp();
  add([
    ["http://127.0.0.1/reboot"],
    ["http://[::1]/x"],
    ["http://192.168.1.1/a"],
    ["http://localhost/"],
    ["http://lan/a"],
  ]).start();
  await settle();
  const mayAsk = (url: string): boolean => asked.at(-1)!.options.mayAskPrivate!(new URL(url));
  assert.equal(asked.length, 1, "literals are not even tried");
  assert.deepEqual(
    [mayAsk("http://lan/a"), mayAsk("http://lan/announce.php"), mayAsk("http://lan/x/scrape")],
    [false, true, true],
  );
  assert.equal(results.filter(({ message }) => message?.includes("only if you name it")).length, 4);
  add([["http://127.0.0.1/mine"]], {
    isNamed: (url) => url === "http://127.0.0.1/mine",
    names: () => ["44".repeat(20)],
  }).start();
  await settle();
  assert.equal(asked.at(-1)!.url.pathname, "/mine");
  assert.ok(mayAsk("http://127.0.0.1/mine"));
});

test("Announcing: the end of the client is the end of all, of what is asked over a second family and of good-byes, too", async () => {
  const { add, asked, client, clock } = setUp([4, 6]);
  const announcing = add([["http://t/announce"]]);
  announcing.start();
  await settle();
  await asked[0]!.answer(ANSWER);
  assert.equal(asked[1]!.options.signal!.aborted, false);
  announcing.remove("http://t/announce");
  await settle();
  assert.equal(asked[2]!.url.searchParams.get("event"), "stopped");
  await client.close();
  await settle();
  assert.deepEqual(
    asked.map(({ options }) => options.signal!.aborted),
    [true, true, true, true],
  );
  assert.equal(clock.timers, 0);
});

test("Announcing: what a user asks for comes before thousands that were just begun, also when it is in line with them", async () => {
  const { add, asked } = setUp();
  const nameOf = (i: number): string => `${String(i).padStart(38, "0")}ff`;
  const torrents = Array.from({ length: 2_000 }, (_, i) =>
    add([["http://t/announce"]], { names: () => [nameOf(i)] }),
  );
  for (const torrent of torrents) torrent.start();
  await settle();
  const places = asked.length;
  torrents[1_234]!.announceSoon("asked");
  await settle();
  assert.equal(asked.length, places + 1);
  const { search } = asked.at(-1)!.url;
  assert.ok(search.includes("%124%FF"), search);
});

test("TrackerClient: good-byes begin where the most people look", async () => {
  const { client, add, asked, clock } = setUp();
  const torrents = Array.from({ length: 40 }, (_, i) =>
    add([["http://t/announce"]], { names: () => [`${"ff".repeat(19)}${(128 + i).toString(16)}`] }),
  );
  for (const torrent of torrents) torrent.start();
  await settle();
  for (let i = 0; i < asked.length; i++)
    await asked[i]!.answer(`d10:incompletei${i % 40}e8:intervali1800e5:peers0:e`);
  assert.equal(asked.length, 40);
  const closed = client.close();
  await settle();
  const first = asked
    .slice(40)
    .map(({ url }) => Number.parseInt(url.search.slice(-200).match(/%FF%([0-9A-F]{2})&/)![1]!, 16) - 128);
  assert.deepEqual(first.slice(0, 5), [39, 38, 37, 36, 35]);
  await clock.advance(3_000);
  await closed;
});
