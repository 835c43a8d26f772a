import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, settle, setUp, peer, ANSWER } from "./announcing-scene.ts";

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
