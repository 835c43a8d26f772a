import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { parseLines, Place } from "./shoal.ts";
import type { Line, Running } from "./shoal.ts";

const SIZE = 3_000_000;
const CONTENT = Uint8Array.from({ length: SIZE }, (_, at) => (at * 2_654_435_761) >>> 13);

function share(place: Place): void {
  mkdirSync(place.path("Trip/day 1"), { recursive: true });
  writeFileSync(place.path("Trip/film.mkv"), CONTENT);
  writeFileSync(place.path("Trip/day 1/note.txt"), "hello");
}

/** A sender in its own state folder, ready to be fetched from. */
async function sender(place: Place, ...more: string[]): Promise<{ running: Running; listening: Line }> {
  const env = { SHOAL_STATE_DIR: place.path("sender-state") };
  const running = place.startIn(
    env,
    "send",
    "--no-lsd",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--json",
    ...more,
  );
  return { running, listening: await running.event("listening") };
}

const GET = ["--no-lsd", "--host", "127.0.0.1", "--port", "0"];

test("send and get by magnet: events in order, same bytes, Ctrl-C ends the share with 0", async () => {
  await using place = new Place();
  share(place);
  const { running, listening } = await sender(place, "Trip");
  assert.ok(existsSync(String(listening["torrentFile"])));
  assert.match(String(listening["infoHashV1"]), /^[0-9a-f]{40}$/);
  const { code, stdout, stderr } = await place.run(
    "get",
    String(listening["magnet"]),
    "-o",
    "out",
    "--json",
    ...GET,
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(readFileSync(place.path("out/Trip/film.mkv")), Buffer.from(CONTENT));
  assert.equal(readFileSync(place.path("out/Trip/day 1/note.txt"), "utf8"), "hello");
  const lines = parseLines(stdout);
  const names = lines.map((line) => line["event"]);
  const order = ["listening", "metadata", "files", "first-block", "complete"];
  assert.deepEqual(
    names.filter((name) => order.includes(String(name))),
    order,
  );
  for (const line of lines) assert.equal(line["schema"], 1);
  const complete = lines.find((line) => line["event"] === "complete") ?? {};
  assert.equal(complete["path"], place.path("out/Trip"));
  assert.equal(complete["totalSize"], SIZE + 5);
  await running.event("peer-complete");
  const ended = await running.stop("SIGINT");
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /1 person got all of it/);
});

test("get by .torrent and --peer into the default folder; the path on stdout; a second run finds it there", async () => {
  await using place = new Place();
  share(place);
  const { listening } = await sender(place, "Trip/film.mkv", "--v1", "-o", "film.torrent");
  const peer = `127.0.0.1:${String(listening["port"])}`;
  const first = await place.run("get", "film.torrent", "--peer", peer, "--no-discovery", ...GET);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stdout, `${place.path("Downloads/film.mkv")}\n`);
  assert.match(first.stderr, /film\.mkv: 1 file, 3 MB/);
  const second = await place.run("get", "film.torrent", "--once", ...GET);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /there already/);
});

test("--select fetches only what matches", async () => {
  await using place = new Place();
  share(place);
  const { listening } = await sender(place, "Trip");
  const magnet = String(listening["magnet"]);
  const { code, stderr } = await place.run("get", magnet, "-o", "out", "--select", "*.txt", ...GET);
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(place.path("out/Trip/day 1/note.txt"), "utf8"), "hello");
  assert.ok(!existsSync(place.path("out/Trip/film.mkv")));
  const none = await place.run("get", magnet, "-o", "other", "--select", "*.flac", ...GET);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /No file matches --select/);
});

test("--priority leaves out what is to be skipped", async () => {
  await using place = new Place();
  share(place);
  const { listening } = await sender(place, "Trip");
  const magnet = String(listening["magnet"]);
  const { code, stderr } = await place.run(
    "get",
    magnet,
    ...["-o", "out", "--priority", "*.mkv=skip", "--priority", "*.txt=high", "--first-last"],
    ...GET,
  );
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(place.path("out/Trip/day 1/note.txt"), "utf8"), "hello");
  assert.ok(!existsSync(place.path("out/Trip/film.mkv")));
  const wrong = await place.run("get", magnet, "-o", "out", "--priority", "*.mkv", ...GET);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--priority \*\.mkv can't be used: write GLOB=high/);
});

test("a file that is not ours is never overwritten unless asked", async () => {
  await using place = new Place();
  share(place);
  const { listening } = await sender(place, "Trip/film.mkv");
  mkdirSync(place.path("out"));
  writeFileSync(place.path("out/film.mkv"), "mine");
  const magnet = String(listening["magnet"]);
  const refused = await place.run("get", magnet, "-o", "out", ...GET);
  assert.equal(refused.code, 11, refused.stderr);
  assert.match(refused.stderr, /out\/film\.mkv.*--overwrite/);
  assert.equal(readFileSync(place.path("out/film.mkv"), "utf8"), "mine");
  const replaced = await place.run("get", magnet, "-o", "out", "--overwrite", ...GET);
  assert.equal(replaced.code, 0, replaced.stderr);
  assert.deepEqual(readFileSync(place.path("out/film.mkv")), Buffer.from(CONTENT));
});

test("send of a .torrent with --data shares what is there and warns of what is not", async () => {
  await using place = new Place();
  share(place);
  await place.run("torrent", "create", "Trip", "-o", "t.torrent");
  writeFileSync(place.path("Trip/day 1/note.txt"), "jello");
  const { running, listening } = await sender(place, "t.torrent", "--data", ".");
  assert.equal(listening["name"], "Trip");
  assert.ok(running.events.some((line) => line["event"] === "warning" && line["code"] === "ERR_VERIFY"));
  const nowhere = await place.run("send", "t.torrent", "--data", "Trip", "--port", "0");
  assert.equal(nowhere.code, 10);
  assert.match(nowhere.stderr, /there is no such thing in/);
});

/** Nobody is there. */
const TRACKER = "http://127.0.0.1:1/announce";

test("ways to end: --timeout 124, Ctrl-C without a file list 6, SIGTERM 143", async () => {
  await using place = new Place();
  const hash = "0123456789abcdef0123456789abcdef01234567";
  const over = await place.run("get", hash, "--timeout", "300ms", ...GET);
  assert.equal(over.code, 124);
  assert.match(over.stderr, /--timeout is over/);
  for (const [signal, expected] of [
    ["SIGINT", 6],
    ["SIGTERM", 143],
  ] as const) {
    const running = place.start("get", hash, "--tracker", TRACKER, "--json", ...GET);
    const { trackerList, finderList, peerList } = await running.event("progress");
    assert.deepEqual(
      (trackerList as { url: string }[]).map(({ url }) => url),
      [TRACKER],
    );
    assert.ok(Array.isArray(finderList) && Array.isArray(peerList));
    const { code, stdout } = await running.stop(signal);
    assert.equal(code, expected);
    assert.equal(parseLines(stdout).at(-1)?.["event"], "error");
  }
});

test("a port in use is told before anything is hashed", async () => {
  await using place = new Place();
  share(place);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { code, stdout, stderr } = await place.run(
    "send",
    "Trip",
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "--json",
  );
  server.close();
  assert.equal(code, 12, stderr);
  assert.deepEqual(
    parseLines(stdout).map((line) => line["code"]),
    ["ERR_PORT_IN_USE"],
  );
  assert.match(stderr, new RegExp(`^Port ${port} is taken`));
});

test("wrong words are told before any work", async () => {
  await using place = new Place();
  share(place);
  const cases: [string[], number, RegExp][] = [
    [["send", "missing"], 10, /^missing does not exist/],
    [["send", "Trip", "--data", "."], 2, /--data/],
    [["send", "Trip", "Trip/film.mkv", "--name", "x"], 2, /--name/],
    [["send", "Trip", "--v1", "--hybrid"], 2, /exclude/],
    [["get", "7-maple-otter"], 2, /is not a magnet link/],
    [["get", "Trip/film.mkv"], 2, /Trip\/film\.mkv is not a usable torrent/],
    [
      ["get", "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567", "-o", "Trip/film.mkv"],
      10,
      /is not a folder/,
    ],
  ];
  for (const [words, expected, sentence] of cases) {
    const { code, stderr } = await place.run(...words);
    assert.equal(code, expected, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, sentence);
  }
});

test("a file that vanishes under a share is named once, on stderr and as an event", async () => {
  await using place = new Place();
  share(place);
  const { running, listening } = await sender(place, "Trip/film.mkv");
  rmSync(place.path("Trip/film.mkv"));
  const fetching = place.start("get", String(listening["magnet"]), "-o", "out", "--json", ...GET);
  const warning = await running.event("warning");
  assert.equal(warning["code"], "ERR_FILES_MISSING");
  assert.match(String(warning["message"]), /film\.mkv/);
  assert.notEqual((await fetching.stop("SIGINT")).code, 0);
  const { code, stdout, stderr } = await running.stop("SIGINT");
  assert.equal(code, 0);
  assert.equal(parseLines(stdout).filter((line) => line["event"] === "warning").length, 1);
  assert.equal(stderr.split("film.mkv").length, 2, stderr);
});

test("the port taken without --port is remembered, and stays so while another shoal has it", async () => {
  await using place = new Place();
  share(place);
  const env = { SHOAL_STATE_DIR: place.path("state") };
  const first = place.startIn(env, "send", "Trip", "--json");
  const { port } = await first.event("listening");
  assert.equal(readFileSync(place.path("state/port"), "utf8"), `${String(port)}\n`);
  const second = place.startIn(env, "send", "Trip/film.mkv", "--json");
  assert.notEqual((await second.event("listening"))["port"], port);
  await Promise.all([first.stop("SIGINT"), second.stop("SIGINT")]);
  assert.equal(readFileSync(place.path("state/port"), "utf8"), `${String(port)}\n`);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const free = (server.address() as AddressInfo).port;
  server.close();
  await once(server, "close");
  writeFileSync(place.path("state/port"), `${free}\n`);
  const third = place.startIn(env, "send", "Trip", "--json");
  assert.equal((await third.event("listening"))["port"], free);
  await third.stop("SIGINT");
});

test("a peer named with --peer that does not answer is told once, with the reason", async () => {
  await using place = new Place();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const peer = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  await once(server, "close");
  const hash = "0123456789abcdef0123456789abcdef01234567";
  const running = place.start("get", hash, "--peer", peer, "--json", ...GET);
  await running.until(() => running.stderr.includes("Trying again"), "the sentence");
  assert.match(
    running.stderr,
    new RegExp(`^${peer} can't be used now: connection refused\\. Trying again; `),
  );
  const { stderr } = await running.stop("SIGINT");
  assert.match(stderr, /the one peer contacted did not send it/);
});

test("one thing named twice is shared once", async () => {
  await using place = new Place();
  share(place);
  mkdirSync(place.path("copy"));
  writeFileSync(place.path("copy/film.mkv"), CONTENT);
  const { running } = await sender(place, "Trip/film.mkv", "./Trip/film.mkv", "copy/film.mkv");
  await running.event("sharing");
  const { code, stdout, stderr } = await running.stop("SIGINT");
  assert.equal(code, 0, stderr);
  assert.equal(parseLines(stdout).filter((line) => line["event"] === "sharing").length, 1);
  assert.match(stderr, /^copy\/film\.mkv is the same torrent as film\.mkv: it is shared once\.$/m);
});

test("get from a web address: redirects followed as far as this computer, also to a magnet link", async () => {
  await using place = new Place();
  share(place);
  const { listening } = await sender(place, "Trip/film.mkv");
  const torrent = readFileSync(String(listening["torrentFile"]));
  const server = createHttpServer((request, response) => {
    const target = {
      "/to-file": "/film.torrent",
      "/to-magnet": String(listening["magnet"]),
      "/to-outside": "http://192.0.2.1/film.torrent",
      "/to-itself": "/to-itself",
    }[request.url ?? ""];
    if (target === undefined) response.end(torrent);
    else response.writeHead(302, { location: target }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const peer = ["--peer", `127.0.0.1:${String(listening["port"])}`];
  try {
    for (const path of ["/to-file", "/to-magnet"]) {
      const { code, stderr } = await place.run("get", base + path, "-o", `out${path}`, ...peer, ...GET);
      assert.equal(code, 0, stderr);
      assert.deepEqual(readFileSync(place.path(`out${path}/film.mkv`)), Buffer.from(CONTENT));
    }
    const outside = await place.run("get", `${base}/to-outside`, ...GET);
    assert.equal(outside.code, 6);
    assert.match(outside.stderr, /^http:\/\/192\.0\.2\.1\/film\.torrent can't be fetched: .*nothing leaves/);
    const kept = place.startIn({ SHOAL_OFFLINE: "" }, "get", "http://192.0.2.1/x.torrent", ...GET);
    assert.match((await kept.ended).stderr, /--host is of this computer alone, so nothing leaves/);
    const circle = await place.run("get", `${base}/to-itself`, ...GET);
    assert.match(circle.stderr, /the server sends us in circles/);
  } finally {
    server.close();
  }
});
