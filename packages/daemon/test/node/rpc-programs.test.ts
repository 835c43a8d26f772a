// Calls in the order in which well-known programs make them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { join } from "node:path";
import { RpcClient, rawRequest } from "../rpc-client.js";
import { makeTorrent, openRpcScene, untilStatus } from "../rpc-scene.js";

const SONARR_FIELDS = (
  "id hashString name downloadDir totalSize leftUntilDone isFinished eta status secondsDownloading secondsSeeding errorString uploadedEver " +
  "downloadedEver seedRatioLimit seedRatioMode seedIdleLimit seedIdleMode fileCount file-count labels"
).split(" ");
const FLOOD_FIELDS = (
  "hashString downloadDir name comment haveValid addedDate dateCreated doneDate rateDownload rateUpload downloadedEver uploadedEver eta isPrivate error " +
  "errorString peersGettingFromUs peersSendingToUs status totalSize sizeWhenDone trackers labels activityDate"
).split(" ");

describe("programs that drive us by Transmission's RPC", () => {
  test("Sonarr and Radarr: find the version, add with a label and limits of sharing, import, remove", async (t) => {
    const { daemon, rpc, scene } = await openRpcScene(t);
    // The session id by GET: anything but 409 is a failure for them.
    const { authorization } = rpc;
    const first = await rawRequest(daemon.ui.port, { method: "GET", headers: { authorization } });
    assert.equal(first.status, 409);
    assert.ok(first.headers["x-transmission-session-id"]);
    const config = await rpc.ask("session-get");
    const version = /(?<!\(|(\d|\.)+)(?<version>\d|\.)+(?!\)|(\d|\.)+)/.exec(String(config["version"]));
    assert.ok(version !== null && Number.parseFloat(version[0]) >= 2.4, String(config["version"]));
    assert.match(String(config["version"]), /^4\./, "labels are used from 4.0 on");

    const { metainfo, hash } = await makeTorrent(scene, "Show.S01E01", true);
    const dir = join(scene.downloadDir);
    const added = await rpc.ask("torrent-add", {
      metainfo,
      "download-dir": dir,
      paused: false,
      labels: ["tv-sonarr"],
    });
    assert.equal((added["torrent-added"] as { hashString: string }).hashString, hash);
    const limits = { seedRatioLimit: 1.5, seedRatioMode: 1, seedIdleLimit: 600, seedIdleMode: 1 };
    await rpc.ask("torrent-set", { ...limits, ids: [hash.toUpperCase()] });
    await rpc.ask("queue-move-top", { ids: [hash.toLowerCase()] });
    await untilStatus(rpc, 1, 6);
    const [torrent] = await rpc.torrents(SONARR_FIELDS);
    const expected = {
      ...limits,
      hashString: hash,
      name: "Show.S01E01",
      downloadDir: dir,
      totalSize: 225_000,
      leftUntilDone: 0,
      isFinished: false,
      status: 6,
      errorString: "",
      fileCount: 3,
      "file-count": 3,
      labels: ["tv-sonarr"],
    };
    assert.deepEqual(torrent, { ...torrent, ...expected });
    await rpc.ask("torrent-set", { ids: [hash], labels: ["tv-imported"] });
    await rpc.ask("torrent-remove", { ids: [hash], "delete-local-data": true });
    assert.deepEqual(await rpc.torrents(SONARR_FIELDS), []);
    // A magnet that nobody has yet is queued for them while it has no size.
    await rpc.ask("torrent-add", {
      filename: `magnet:?xt=urn:btih:${"AB".repeat(20)}&dn=Show`,
      labels: ["tv-sonarr"],
    });
    const [magnet] = await rpc.torrents(["totalSize", "status", "hashString"]);
    assert.deepEqual(magnet, { totalSize: 0, status: 4, hashString: "ab".repeat(20) });
  });

  test("Flood: one session for hours, lists, details of one, trackers replaced, tags, throttles", async (t) => {
    const { rpc, scene, daemon } = await openRpcScene(t);
    const urls = ["http://127.0.0.1:9/announce", "http://127.0.0.1:9/b/announce"];
    const { metainfo, hash } = await makeTorrent(scene, "film", true, urls);
    const added = await rpc.ask("torrent-add", { metainfo, "download-dir": scene.downloadDir, paused: true });
    assert.ok(added["torrent-added"]);
    await rpc.ask("torrent-set", { ids: [hash], labels: ["a", "b"] });
    await rpc.ask("torrent-start-now", { ids: [hash] });
    await untilStatus(rpc, 1, 6);
    const [listed] = await rpc.torrents(FLOOD_FIELDS);
    assert.deepEqual(Object.keys(listed!).toSorted(), FLOOD_FIELDS.toSorted());
    const [details] = await rpc.torrents(["files", "fileStats", "peers", "trackerStats"], [hash]);
    assert.equal((details!["files"] as unknown[]).length, 3);
    assert.deepEqual(Object.keys((details!["trackerStats"] as object[])[0]!).toSorted(), TRACKER_KEYS);
    const ids = (listed!["trackers"] as { id: number }[]).map(({ id }) => id);
    await rpc.ask("torrent-set", { ids: [hash], trackerRemove: ids });
    await rpc.ask("torrent-set", { ids: [hash], trackerAdd: ["http://127.0.0.1:9/c/announce"] });
    const [after] = await rpc.torrents(["trackers"], [hash]);
    assert.deepEqual(
      (after!["trackers"] as { announce: string }[]).map(({ announce }) => announce),
      ["http://127.0.0.1:9/c/announce"],
    );
    const throttles = {
      "speed-limit-down": 1024,
      "speed-limit-down-enabled": true,
      "speed-limit-up": 0,
      "speed-limit-up-enabled": false,
    };
    await rpc.ask("session-set", {
      ...throttles,
      "dht-enabled": true,
      "peer-limit-per-torrent": 60,
      "peer-limit-global": 300,
    });
    const session = await rpc.ask("session-get");
    assert.deepEqual(
      [session["speed-limit-down"], session["speed-limit-up-enabled"], session["peer-limit-global"]],
      [1024, false, 300],
    );
    assert.equal(daemon.node.settings.get("limits.down"), 1_024_000);
    await rpc.ask("torrent-set", { ids: [hash], "priority-high": [0], "files-unwanted": [2] });
    await rpc.ask("torrent-verify", { ids: [hash] });
    await rpc.ask("torrent-reannounce", { ids: [hash] });
    await rpc.ask("torrent-stop", { ids: [hash] });
    await rpc.ask("torrent-remove", { ids: [hash], "delete-local-data": false });
    const other = new RpcClient(daemon.ui.port, "nobody", "nothing");
    assert.equal((await other.raw({ body: "{}" })).status, 401);
  });

  test("Tremotesf and the desktop programs: tables, what changed lately, slow mode, bandwidth groups", async (t) => {
    const { rpc, scene, daemon } = await openRpcScene(t);
    await rpc.ask("torrent-add", { metainfo: (await makeTorrent(scene, "film", true)).metainfo });
    const fields = [
      "id",
      "queuePosition",
      "percentDone",
      "metadataPercentComplete",
      "seedIdleMode",
      "trackerList",
    ];
    const { torrents } = await rpc.ask("torrent-get", { fields, format: "table" });
    assert.deepEqual((torrents as unknown[][])[0], fields);
    assert.equal((torrents as unknown[][])[1]!.length, fields.length);
    await rpc.ask("session-set", { "alt-speed-down": 40, "alt-speed-up": 20, "alt-speed-enabled": true });
    assert.deepEqual(daemon.node.limits.view().slow.on, true);
    assert.equal(daemon.node.limits.view().down, 40_000);
    const hours = {
      "alt-speed-time-begin": 510,
      "alt-speed-time-end": 1050,
      "alt-speed-time-day": 62,
      "alt-speed-time-enabled": true,
    };
    await rpc.ask("session-set", hours);
    assert.deepEqual(daemon.node.settings.get("limits.schedule"), ["Mon Tue Wed Thu Fri 08:30-17:30"]);
    assert.deepEqual(await rpc.ask("session-get", { fields: Object.keys(hours) }), hours);
    await rpc.ask("session-set", { "alt-speed-time-enabled": false, "alt-speed-enabled": false });
    assert.deepEqual(daemon.node.settings.get("limits.schedule"), []);
    const limits = {
      downloadLimit: 30,
      downloadLimited: true,
      uploadLimit: 10,
      uploadLimited: true,
      honorsSessionLimits: false,
      "peer-limit": 7,
    };
    await rpc.ask("torrent-set", { ids: [1], ...limits });
    assert.deepEqual(await rpc.torrents(Object.keys(limits)), [limits]);
    await rpc.ask("torrent-set", { ids: [1], downloadLimited: false });
    const [off] = await rpc.torrents(["downloadLimit", "downloadLimited"]);
    assert.deepEqual(off, { downloadLimit: 30, downloadLimited: false });
    assert.deepEqual(await rpc.ask("group-get"), { group: [] });
    await rpc.ask("torrent-rename-path", { ids: [1], path: "film/sub", name: "subs" });
    const [renamed] = await rpc.torrents(["files"]);
    assert.deepEqual((renamed!["files"] as { name: string }[]).map(({ name }) => name).toSorted(), [
      "film/a.mkv",
      "film/b.txt",
      "film/subs/c.srt",
    ]);
    for (const [path, name] of [
      ["film", "../x"],
      ["film/none", "x"],
      ["film", ""],
      ["film", "a/b"],
    ])
      assert.notEqual((await rpc.call("torrent-rename-path", { ids: [1], path, name })).result, "success");
  });
});

/** Of each tracker, as Transmission tells them, and two of its later versions. */
const TRACKER_KEYS = (
  "announce announceState downloadCount downloaderCount hasAnnounced hasScraped host id isBackup lastAnnouncePeerCount lastAnnounceResult " +
  "lastAnnounceStartTime lastAnnounceSucceeded lastAnnounceTime lastAnnounceTimedOut lastScrapeResult lastScrapeStartTime lastScrapeSucceeded lastScrapeTime " +
  "lastScrapeTimedOut leecherCount nextAnnounceTime nextScrapeTime scrape scrapeState seederCount sitename tier"
)
  .split(" ")
  .toSorted();
