import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { Place } from "./shoal.ts";

const DAEMON = ["daemon", "start", "--port", "0", "--ui-port", "0", "--no-lsd", "--no-dht"] as const;

function wedding(place: Place): string {
  mkdirSync(place.path("Wedding", "sub"), { recursive: true });
  writeFileSync(place.path("Wedding", "a.jpg"), Buffer.alloc(2_000_000, "a"));
  writeFileSync(place.path("Wedding", "sub", "b.jpg"), Buffer.alloc(300, "b"));
  return "Wedding";
}

async function names(place: Place): Promise<unknown[]> {
  const { stdout } = await place.run("list", "--json=name,state");
  return (JSON.parse(stdout) as { torrents: { name: string; state: string }[] }).torrents.map(
    ({ name, state }) => [name, state],
  );
}

test("from the daemon of one to the daemon of another, with the link alone", async () => {
  await using anna = new Place();
  await using ben = new Place();
  await Promise.all([anna.run(...DAEMON), ben.run(...DAEMON)]);
  const sending = anna.start("send", wedding(anna), "--json");
  const { magnet, torrentFile } = await sending.event("sharing");
  assert.match(String(magnet), /^magnet:\?xt=urn:btih:.*x\.pe=127\.0\.0\.1:\d+/);
  readFileSync(String(torrentFile));
  const got = await ben.run("get", String(magnet));
  assert.equal(got.code, 0, got.stderr);
  assert.equal(got.stdout, `${ben.path("Downloads", "Wedding")}\n`);
  for (const file of ["a.jpg", "sub/b.jpg"])
    assert.deepEqual(
      readFileSync(ben.path("Downloads", "Wedding", file)),
      readFileSync(anna.path("Wedding", file)),
    );
  await sending.event("peer-connected");
  assert.deepEqual(await names(anna), [["Wedding", "seeding"]]);
  const { code, stderr } = await sending.stop("SIGINT");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Stopped sharing\. \d (?:person|people) got all of it; given .* in all\.\n$/);
  assert.deepEqual(await names(anna), [], "what the command has begun ends with it");
});

test("send: --detach and a closed terminal leave it to the daemon; what it had before stays", async () => {
  await using place = new Place();
  await place.run(...DAEMON);
  const path = wedding(place);
  const detached = await place.run("send", path, "--detach");
  assert.equal(detached.code, 0, detached.stderr);
  assert.match(detached.stdout, /shoal get 'magnet:\?xt=/);
  assert.match(
    detached.stderr,
    /Sharing goes on in the background\. See: shoal watch 1 {3}Stop: shoal rm 1\n$/,
  );
  const again = place.start("send", path, "--json");
  await again.event("sharing");
  const ended = await again.stop("SIGINT");
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /What was shared before goes on: transfer 1\. Stop: shoal rm 1\n$/);
  assert.deepEqual(await names(place), [["Wedding", "seeding"]]);
  writeFileSync(place.path("other"), "other");
  const closed = place.start("send", "other", "--json");
  await closed.event("sharing");
  assert.equal((await closed.stop("SIGTERM")).code, 143);
  assert.deepEqual(await names(place), [
    ["Wedding", "seeding"],
    ["other", "seeding"],
  ]);
});

test("send: what can't be shared is told as in the foreground", async () => {
  await using place = new Place();
  await place.run(...DAEMON);
  assert.equal((await place.run("send", "missing")).code, 10);
  mkdirSync(place.path("empty"));
  const [by, here] = [await place.run("send", "empty"), await place.run("send", "empty", "--foreground")];
  assert.deepEqual([by.code, by.stderr], [here.code, here.stderr]);
  assert.equal((await place.run("send", "empty", "--detach", "--port", "0")).code, 2);
});

test("send: by a daemon that is spoken to over the network", async () => {
  await using place = new Place();
  await place.run(...DAEMON);
  const status = await place.run("daemon", "status", "--json=ui");
  const { ui } = JSON.parse(status.stdout) as { ui: string };
  const { stdout } = await place.run("token", "new", "--for", "me", "--scope", "admin", "--json");
  writeFileSync(place.path("token"), String((JSON.parse(stdout) as { password: string }).password));
  const elsewhere = ["--daemon", ui, "--token-file", "token"];
  const sent = await place.run(
    "send",
    place.path(wedding(place)),
    "--detach",
    "--json",
    "--label",
    "photos",
    ...elsewhere,
  );
  assert.equal(sent.code, 0, sent.stderr);
  const sharing = sent.stdout.split("\n").find((line) => line.includes('"sharing"'));
  assert.equal((JSON.parse(sharing!) as { torrentFile: unknown }).torrentFile, null);
  const missing = await place.run("send", place.path("missing"), "--detach", ...elsewhere);
  assert.equal(missing.code, 3, missing.stderr);
});

test("send: on a terminal it asks whether to stop when somebody has all of it; labels are given on", async () => {
  await using anna = new Place();
  await using ben = new Place();
  await Promise.all([anna.run(...DAEMON), ben.run(...DAEMON)]);
  const sending = anna.startOnTerminal({ TERM: "xterm" }, "send", wedding(anna), "--label", "photos");
  await sending.until(() => /Keep this window open/.test(sending.stdout), "the end of its words");
  const listed = JSON.parse((await anna.run("list", "--json")).stdout) as {
    torrents: { labels: string[] }[];
  };
  assert.deepEqual(listed.torrents[0]?.labels, ["photos"]);
  const magnet = await anna.run("torrent", "magnet", "1");
  const status = await anna.run("daemon", "status", "--json=peerPort");
  const port = String((JSON.parse(status.stdout) as { peerPort: number }).peerPort);
  const got = await ben.run("get", magnet.stdout.trim(), "--peer", `127.0.0.1:${port}`);
  assert.equal(got.code, 0, got.stderr);
  await sending.until(() => sending.stdout.includes("Stop sharing Wedding? [Y/n]"), "the question");
  sending.child.stdin?.write("\r");
  assert.equal((await sending.ended).code, 0);
  assert.match(sending.stdout, /Stopped sharing\. 1 person got all of it/);
  assert.deepEqual(await names(anna), []);
});
