import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, HOUR, settle, type Asked, setUp, ANSWER } from "./announcing-scene.ts";

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
