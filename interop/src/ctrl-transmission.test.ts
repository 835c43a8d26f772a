// The npm client for Transmission that many web programs are built on, against a daemon of ours: all that it can do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ctrlClient } from "./rpc/ctrl-client.ts";
import { openStage, poll, runShoal, Shoal, writePayload } from "@shoal/testkit";

test("@ctrl/transmission does with us all that it does with Transmission", { timeout: 90_000 }, async (t) => {
  const stage = openStage(t);
  const state = stage.folder("state");
  const downloads = stage.folder("downloads");
  const args = ["daemon", "run", "--port", "0", "--ui-port", "0", "--download-dir", downloads];
  const { rpc } = await Shoal.start(stage, args, state).listening();
  const token = await runShoal(["token", "new", "--for", "ctrl", "--json"], state);
  const { user, password } = JSON.parse(token) as { user: string; password: string };
  const baseUrl = new URL(String(rpc)).origin;
  const client = await ctrlClient({ baseUrl, username: user, password, timeout: 20_000 });

  const { arguments: session } = await client.getSession();
  assert.equal(session["download-dir"], downloads);
  assert.match(String(session["version"]), /^4\.0\.\d+ \(shoal /);
  await client.setSession({ "speed-limit-up": 77, "speed-limit-up-enabled": true });
  assert.equal((await client.getSession()).arguments["speed-limit-up"], 77);
  assert.ok((await client.freeSpace(downloads)).arguments["size-bytes"] > 0);

  // Complete from the start.
  const payload = await writePayload(downloads, {
    name: "album",
    seed: 3,
    files: { "1.flac": 70_000, "2.flac": 50_000 },
  });
  const file = join(stage.dir, "album.torrent");
  await runShoal(["torrent", "create", payload.path, "-o", file, "--v1"], state);
  const bytes = readFileSync(file);
  const added = await client.normalizedAddTorrent(bytes, { label: "music", startPaused: true });
  assert.deepEqual([added.name, added.label, added.savePath], ["album", "music", downloads]);
  const { id } = added;
  assert.equal((await client.getTorrent(id.toUpperCase())).id, id);
  await client.verifyTorrent(id);
  await client.resumeTorrent(id);
  await poll("it is shared", async () => (await client.getTorrent(id)).state === "seeding");
  const whole = await client.getTorrent(id);
  assert.deepEqual([whole.progress, whole.isCompleted, whole.totalSize], [1, true, 120_000]);
  assert.equal((await client.addTorrent(bytes)).arguments["torrent-added"], undefined);

  // Magnets.
  const magnet = `magnet:?xt=urn:btih:${"cd".repeat(20)}&dn=later`;
  const later = await client.normalizedAddTorrent(magnet, { label: "films" });
  assert.deepEqual([later.id, later.name, later.state], ["cd".repeat(20), "later", "downloading"]);
  await client.addMagnet(`magnet:?xt=urn:btih:${"ef".repeat(20)}`, {
    paused: true,
    "download-dir": downloads,
  });
  const all = await client.getAllData();
  assert.equal(all.torrents.length, 3);
  assert.deepEqual(
    all.labels.map(({ name, count }) => [name, count]),
    [
      ["music", 1],
      ["films", 1],
    ],
  );

  // The queue.
  const order = async (): Promise<number[]> => {
    const { torrents } = (await client.listTorrents(undefined, ["queuePosition"])).arguments;
    return torrents.toSorted((a, b) => a.queuePosition - b.queuePosition).map((torrent) => torrent.id);
  };
  assert.deepEqual(await order(), [1, 2, 3]);
  await client.queueTop(3);
  assert.deepEqual(await order(), [3, 1, 2]);
  await client.queueDown(3);
  assert.deepEqual(await order(), [1, 3, 2]);
  await client.queueUp(2);
  assert.deepEqual(await order(), [1, 2, 3]);
  await client.queueBottom("cd".repeat(20));
  assert.deepEqual(await order(), [1, 3, 2]);

  // Changes.
  await client.setTorrent(id, { seedRatioLimit: 3, seedRatioMode: 1, labels: ["music", "lossless"] });
  const changed = (await client.getTorrent(id)).raw;
  assert.deepEqual([changed.seedRatioLimit, changed.labels], [3, ["music", "lossless"]]);
  await client.renamePath(id, { path: "album", name: "record" });
  assert.deepEqual(
    (await client.getTorrent(id)).raw.files.map(({ name }) => name),
    ["record/1.flac", "record/2.flac"],
  );
  await client.moveTorrent(id, join(downloads, "kept"));
  await poll("it has moved", async () => (await client.getTorrent(id)).savePath === join(downloads, "kept"));
  await client.reannounceTorrent(id);
  await client.pauseTorrent(id);
  assert.equal((await client.getTorrent(id)).state, "paused");

  await client.removeTorrent(id, true);
  await client.removeTorrent([2, 3]);
  await assert.rejects(client.getTorrent(id), /not found/);
  assert.deepEqual((await client.getAllData()).torrents, []);
  const stranger = await ctrlClient({ baseUrl, username: user, password: "wrong" });
  await assert.rejects(stranger.getSession(), /401/);
});
