import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { type Line, parseLines, Place } from "./shoal.ts";

const DAEMON = ["daemon", "start", "--port", "0", "--ui-port", "0", "--no-lsd", "--no-dht"] as const;

/** Something that is shared by a process of its own until the end of the test; how to get it. */
async function shared(place: Place, name: string, bytes: number): Promise<{ link: string[]; port: number }> {
  writeFileSync(place.path(name), Buffer.alloc(bytes, name));
  const sender = place.startIn(
    { SHOAL_STATE_DIR: place.path("sender") },
    ...["send", name, "--json", "--port", "0", "--host", "127.0.0.1", "--no-discovery"],
  );
  const { magnet, port } = await sender.event("listening");
  return { link: [String(magnet)], port: Number(port) };
}

function states(stdout: string): unknown[] {
  return (JSON.parse(stdout) as { torrents: { name: string; state: string }[] }).torrents.map(
    ({ name, state }) => [name, state],
  );
}

test("get: the daemon fetches, the command shows it and ends when all is there", async () => {
  await using place = new Place();
  const { link } = await shared(place, "film.mkv", 3_000_000);
  await place.run(...DAEMON);
  const got = await place.run("get", ...link, "-o", "out", "--json");
  assert.equal(got.code, 0, got.stderr);
  const events = parseLines(got.stdout);
  const names = new Set(events.map(({ event }) => event));
  assert.deepEqual(names, new Set(["added", "metadata", "files", "progress", "complete"]));
  const last = events.at(-1)!;
  assert.deepEqual(
    [last["event"], last["name"], last["path"], last["totalSize"]],
    ["complete", "film.mkv", place.path("out", "film.mkv"), 3_000_000],
  );
  assert.deepEqual(readFileSync(place.path("out", "film.mkv")), readFileSync(place.path("film.mkv")));
  const again = await place.run("get", ...link);
  assert.deepEqual([again.code, again.stdout], [0, `${place.path("out", "film.mkv")}\n`]);
  assert.match(again.stderr, /film\.mkv is on the list already, as transfer 1\.\n.*All of it was there/s);
});

test("get: without a terminal nothing is shared afterwards, with --seed-ratio it is", async () => {
  await using place = new Place();
  const [one, two] = [await shared(place, "one", 100_000), await shared(place, "two", 100_000)];
  await place.run(...DAEMON);
  mkdirSync(place.path("Downloads"));
  const both = await place.run("get", ...one.link, ...two.link, "--seed-ratio", "3");
  assert.equal(both.code, 0, both.stderr);
  assert.match(
    both.stderr,
    /Sharing goes on in the background until ratio 3\.0 or 24 h\. {2}Stop: shoal rm \d/,
  );
  assert.deepEqual(states((await place.run("list", "--json")).stdout), [
    ["one", "seeding"],
    ["two", "seeding"],
  ]);
});

test("get: Ctrl-C leaves the download to the daemon, and says how to stop it", async () => {
  await using place = new Place();
  await place.run(...DAEMON);
  const magnet = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=nobody`;
  const running = place.start("get", magnet, "--json");
  await running.event("added");
  const { code, stderr } = await running.stop("SIGINT");
  assert.equal(code, 6);
  assert.match(
    stderr,
    /^Still without the file list: no peer was found\. It goes on in the background\. See: shoal watch 1 {3}Stop: shoal rm 1\.?\n$/,
  );
  assert.deepEqual(states((await place.run("list", "--json")).stdout), [["nobody", "metadata"]]);
  const late = await place.run("get", magnet, "--timeout", "1s");
  assert.equal(late.code, 124);
  const twice = await place.run("get", magnet, "--foreground", "--timeout", "1s");
  assert.equal(twice.code, 12);
  assert.match(twice.stderr, /already open in process \d+\. Another shoal is working on the same torrent/);
});

test("get: a daemon that ends meanwhile ends the command too, and nothing is lost", async () => {
  await using place = new Place();
  await place.run(...DAEMON);
  const running = place.start("get", `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=nobody`, "--json");
  await running.event("added");
  assert.equal((await place.run("daemon", "stop")).code, 0);
  const { code, stderr } = await running.ended;
  assert.deepEqual(
    [code, stderr],
    [7, "The daemon has ended at 0 %. The download goes on when it is started again: shoal daemon start\n"],
  );
  await place.run(...DAEMON);
  assert.deepEqual(states((await place.run("list", "--json")).stdout), [["nobody", "metadata"]]);
});

test("get: what can't be added is told, and the rest is done", async () => {
  await using place = new Place();
  const { link } = await shared(place, "fine", 1_000);
  await place.run(...DAEMON);
  mkdirSync(place.path("out"));
  writeFileSync(place.path("out", "fine"), "something else");
  const { code, stderr } = await place.run("get", ...link, "-o", "out");
  assert.equal(code, 11, stderr);
  assert.equal(readFileSync(place.path("out", "fine"), "utf8"), "something else");
  const broken = await place.run("get", "magnet:?xt=nonsense", ...link);
  assert.equal(broken.code, 2, "words that can't be read are told before anything is done");
  const input = `${link[0]}\nmagnet:?xt=urn:btih:${"cd".repeat(20)}&dn=other\n`;
  const { code: detached, stdout } = await place.runWithInput(
    input,
    "get",
    "-",
    "--detach",
    "--json",
    "--label",
    "films",
  );
  assert.equal(detached, 0);
  const { torrents } = JSON.parse(stdout) as { torrents: { name: string; labels: string[] }[] };
  assert.deepEqual(
    torrents.map(({ name }) => name),
    ["fine", "other"],
  );
  assert.deepEqual(torrents[1]!.labels, ["films"]);
  const paused = await place.run("get", `magnet:?xt=urn:btih:${"ef".repeat(20)}`, "--paused", "--json");
  assert.equal((JSON.parse(paused.stdout) as Line)["state"], "paused");
});

test("get: the daemon is started where it may be, and is not needed where it may not", async () => {
  await using place = new Place();
  const { link } = await shared(place, "fine", 1_000);
  mkdirSync(place.path("config", "shoal"), { recursive: true });
  const alone = await place.run("get", ...link, "-o", "alone");
  assert.equal(alone.code, 0, alone.stderr);
  assert.ok(existsSync(place.path("alone", "fine")));
  const env = { SHOAL_NO_START: "", SHOAL_UI_PORT: "0", SHOAL_NETWORK_PORT: "0" };
  const started = await place.runIn(env, "get", ...link, "-o", "out");
  assert.equal(started.code, 0, started.stderr);
  assert.match(started.stderr, /^Started shoal in the background/);
  assert.equal((await place.run("daemon", "status")).code, 0);
});

test("get: files are chosen, and a choice that fits none leaves nothing behind", async () => {
  await using place = new Place();
  mkdirSync(place.path("trip"));
  for (const name of ["a.jpg", "b.txt", "c.txt"]) writeFileSync(place.path("trip", name), name.repeat(9_000));
  const sender = place.startIn(
    { SHOAL_STATE_DIR: place.path("sender") },
    ...["send", "trip", "--json", "--port", "0", "--host", "127.0.0.1", "--no-discovery"],
  );
  const link = String((await sender.event("listening"))["magnet"]);
  await place.run(...DAEMON);
  const none = await place.run("get", link, "-o", "out", "--select", "*.png");
  assert.equal(none.code, 2, none.stderr);
  assert.match(none.stderr, /No file matches --select\./);
  assert.deepEqual(states((await place.run("list", "--json")).stdout), []);
  const some = await place.run(
    "get",
    link,
    "-o",
    "out",
    "--select",
    "*.txt",
    "--priority",
    "c.txt=skip",
    "--priority",
    "*.nfo=low",
    "--limit-down",
    "5M",
  );
  assert.equal(some.code, 0, some.stderr);
  assert.match(some.stderr, /No file matches --priority \*\.nfo=low\./);
  assert.deepEqual(
    ["a.jpg", "b.txt"].map((name) => existsSync(place.path("out", "trip", name))),
    [false, true],
  );
  const { files } = JSON.parse((await place.run("show", "2", "--files", "--json")).stdout) as {
    files: { path: string; wanted: boolean }[];
  };
  assert.deepEqual(
    files.filter(({ wanted }) => wanted).map(({ path }) => path),
    ["trip/b.txt"],
  );
  assert.equal((await place.run("get", link, "--foreground", "--label", "x")).code, 2);
});

test("get: on a terminal it asks where to save and what; what is there already can be an error", async () => {
  await using place = new Place();
  mkdirSync(place.path("box"));
  for (const name of ["a.txt", "b.txt"]) writeFileSync(place.path("box", name), name.repeat(5_000));
  await place.run("torrent", "create", "box", "-o", "box.torrent");
  await place.run("daemon", "start", "--port", "0", "--ui-port", "0", "--no-lsd", "--no-dht");
  const no = place.startOnTerminal({}, "get", "box.torrent", "-o", ".");
  await no.until(() => no.stdout.includes("n no: "), "the question");
  no.child.stdin?.write("n\r");
  assert.equal((await no.ended).code, 0);
  assert.equal((await place.run("list", "--json=id")).stdout, '{"schema":1,"torrents":[]}\n');
  const some = place.startOnTerminal({}, "get", "box.torrent", "-o", ".", "--choose");
  await some.until(() => some.stdout.includes("all: "), "the choice");
  some.child.stdin?.write("b*\r");
  await some.until(() => some.stdout.includes("n no: "), "the question");
  some.child.stdin?.write("\r");
  const { code, stdout } = await some.ended;
  assert.equal(code, 0, stdout);
  const files = await place.run("torrent", "files", "box", "--json");
  assert.deepEqual(
    (JSON.parse(files.stdout) as { files: { wanted: boolean }[] }).files.map(({ wanted }) => wanted),
    [false, true],
  );
  assert.equal((await place.run("get", "box.torrent", "--fail-if-exists")).code, 11);
  assert.equal((await place.run("get", "box.torrent", "--choose")).code, 2);
});
