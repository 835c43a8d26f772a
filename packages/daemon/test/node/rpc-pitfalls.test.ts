// What programs that speak Transmission's RPC fall over, each under its number.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { errorOf } from "../../dist/rpc/error-fields.js";
import { peerFields } from "../../dist/rpc/peer-fields.js";
import { makeTorrent, openRpcScene, untilStatus } from "../rpc-scene.js";

const MAGNET = `magnet:?xt=urn:btih:${"ab".repeat(20)}&dn=hello`;

type Added = { readonly id: number; readonly name: string; readonly hashString: string };

function added(args: Record<string, unknown>): Added {
  return (args["torrent-added"] ?? args["torrent-duplicate"]) as Added;
}

/** Fractions by their nature. */
const FRACTIONS = new Set([
  "percentDone",
  "percentComplete",
  "metadataPercentComplete",
  "recheckProgress",
  "uploadRatio",
  "seedRatioLimit",
  "progress",
]);

function assertNumbers(value: unknown, name: string): void {
  assert.notEqual(value, null, name);
  assert.notEqual(value, undefined, name);
  if (typeof value === "number") {
    assert.ok(Number.isFinite(value), name);
    if (!FRACTIONS.has(name)) assert.ok(Number.isSafeInteger(value), `${name}: ${value}`);
  }
  if (typeof value === "object")
    for (const [key, below] of Object.entries(value!))
      assertNumbers(below, Array.isArray(value) ? name : key);
}

/** All that any program is known to ask for. */
const ALL_FIELDS = (
  "id name hashString status error errorString eta etaIdle isFinished isStalled isPrivate leftUntilDone sizeWhenDone haveValid haveUnchecked " +
  "percentDone percentComplete metadataPercentComplete recheckProgress rateDownload rateUpload downloadedEver uploadedEver corruptEver uploadRatio " +
  "pieceCount pieceSize pieces availability desiredAvailable downloadDir labels group queuePosition magnetLink torrentFile addedDate doneDate activityDate " +
  "startDate editDate manualAnnounceTime secondsDownloading secondsSeeding bandwidthPriority downloadLimit downloadLimited uploadLimit uploadLimited " +
  "honorsSessionLimits seedRatioLimit seedRatioMode seedIdleLimit seedIdleMode peer-limit maxConnectedPeers sequential_download peers peersFrom " +
  "peersConnected peersSendingToUs peersGettingFromUs webseedsSendingToUs webseeds trackers trackerStats trackerList comment creator dateCreated totalSize " +
  "file-count fileCount primary-mime-type files fileStats priorities wanted bytesCompleted"
).split(" ");

describe("pitfalls of Transmission's RPC", () => {
  test("1: whole numbers are whole, and nothing is null, in every field of every kind of torrent", async (t) => {
    const { scene, rpc } = await openRpcScene(t);
    const { metainfo } = await makeTorrent(scene, "film", true, ["http://127.0.0.1:9/announce"]);
    await rpc.ask("torrent-add", { metainfo });
    await rpc.ask("torrent-add", {
      metainfo: (await makeTorrent(scene, "other", false)).metainfo,
      paused: true,
    });
    await rpc.ask("torrent-add", { filename: MAGNET });
    await untilStatus(rpc, 1, 6);
    const torrents = await rpc.torrents(ALL_FIELDS);
    assert.equal(torrents.length, 3);
    for (const torrent of torrents) {
      assert.deepEqual(Object.keys(torrent).toSorted(), ALL_FIELDS.toSorted());
      assertNumbers(torrent, "torrent");
    }
    assertNumbers(await rpc.ask("session-get"), "session");
    assertNumbers(await rpc.ask("session-stats"), "stats");
  });

  test("2: ids are small numbers; info-hashes are understood in any case", async (t) => {
    const { rpc } = await openRpcScene(t);
    const { id, hashString } = added(
      await rpc.ask("torrent-add", {
        filename: MAGNET.toUpperCase().replace("MAGNET:?XT=URN:BTIH", "magnet:?xt=urn:btih"),
      }),
    );
    assert.deepEqual([id, hashString], [1, "ab".repeat(20)]);
    for (const ids of ["AB".repeat(20), ["Ab".repeat(20)], [hashString, 7], 1, [1]])
      assert.deepEqual(await rpc.torrents(["id"], ids), [{ id: 1 }], JSON.stringify(ids));
  });

  test("3: the tag comes back as it was, and only if there was one", async (t) => {
    const { rpc } = await openRpcScene(t);
    for (const tag of [7, 0, -1, 4_294_967_295, "abc", { deep: [1] }, null])
      assert.deepEqual((await rpc.call("session-stats", {}, { tag })).tag, tag);
    assert.equal("tag" in (await rpc.call("session-stats")), false);
    assert.equal((await rpc.call("nonsense", {}, { tag: 3 })).tag, 3);
  });

  test("4: absent ids are all torrents, -1 and mixtures with commas none", async (t) => {
    const { rpc } = await openRpcScene(t);
    await rpc.ask("torrent-add", { filename: MAGNET });
    await rpc.ask("torrent-add", { filename: MAGNET.replaceAll("ab", "cd") });
    const count = async (ids?: unknown): Promise<number> => (await rpc.torrents(["id"], ids)).length;
    assert.equal(await count(), 2);
    assert.equal(await count("recently-active"), 2);
    for (const none of [
      -1,
      [],
      [-1],
      "1,2",
      `1,${"ab".repeat(20)}`,
      [1.5],
      2 ** 40,
      "",
      null,
      {},
      [[1]],
      true,
    ])
      assert.equal(await count(none), 0, JSON.stringify(none));
    await rpc.ask("torrent-remove", { ids: -1 });
    assert.equal(await count(), 2);
    await rpc.ask("torrent-remove", { ids: [2] });
    const { removed, torrents } = await rpc.ask("torrent-get", { ids: "recently-active", fields: ["id"] });
    assert.deepEqual([removed, torrents], [[2], [{ id: 1 }]]);
    await rpc.ask("torrent-remove");
    assert.equal(await count(), 0);
  });

  test("5: an empty list of files means all of them, but none when a torrent is added", async (t) => {
    const { scene, rpc } = await openRpcScene(t);
    const { metainfo } = await makeTorrent(scene, "film", false);
    await rpc.ask("torrent-add", { metainfo, paused: true, "files-unwanted": [1], "priority-high": [0] });
    const look = async (): Promise<unknown> => {
      const [torrent] = await rpc.torrents(["wanted", "priorities"]);
      return [torrent!["wanted"], torrent!["priorities"]];
    };
    assert.deepEqual(await look(), [
      [1, 0, 1],
      [1, 0, 0],
    ]);
    await rpc.ask("torrent-set", { ids: [1], "files-unwanted": [] });
    assert.deepEqual(((await look()) as unknown[])[0], [0, 0, 0]);
    await rpc.ask("torrent-set", { ids: [1], "files-wanted": [], "priority-low": [] });
    assert.deepEqual(await look(), [
      [1, 1, 1],
      [-1, -1, -1],
    ]);
    await rpc.ask("torrent-set", { ids: [1], "priority-normal": [2] });
    assert.deepEqual(await look(), [
      [1, 1, 1],
      [-1, -1, 0],
    ]);
    const none = { "files-unwanted": [], "files-wanted": [], "priority-high": [], "priority-low": [] };
    const other = await makeTorrent(scene, "other", false);
    await rpc.ask("torrent-add", { metainfo: other.metainfo, paused: true, ...none });
    assert.deepEqual(await rpc.torrents(["wanted", "priorities"], [2]), [
      { wanted: [1, 1, 1], priorities: [0, 0, 0] },
    ]);
  });

  test("6: that added torrents start is a setting, which one program may change for all", async (t) => {
    const { rpc } = await openRpcScene(t);
    await rpc.ask("session-set", { "start-added-torrents": false });
    assert.equal((await rpc.ask("session-get"))["start-added-torrents"], false);
    await rpc.ask("torrent-add", { filename: MAGNET });
    await rpc.ask("torrent-add", { filename: MAGNET.replaceAll("ab", "cd"), paused: false });
    assert.deepEqual(await rpc.torrents(["status"]), [{ status: 0 }, { status: 4 }]);
  });

  test("7: a magnet without its metadata downloads, has no size and no files", async (t) => {
    const { rpc } = await openRpcScene(t);
    await rpc.ask("torrent-add", { filename: MAGNET });
    const fields = ["status", "totalSize", "files", "metadataPercentComplete", "name", "pieces"];
    const expected = {
      status: 4,
      totalSize: 0,
      files: [],
      metadataPercentComplete: 0,
      name: "hello",
      pieces: "",
    };
    assert.deepEqual(await rpc.torrents(fields), [expected]);
  });

  test("8: what is not known is -1 or -2, never null", async (t) => {
    const { rpc } = await openRpcScene(t);
    await rpc.ask("torrent-add", { filename: MAGNET, paused: true });
    const expected = { eta: -1, uploadRatio: -1, etaIdle: -1, manualAnnounceTime: -1 };
    assert.deepEqual(await rpc.torrents(Object.keys(expected)), [expected]);
  });

  test("9: downloadDir is the folder above the torrent's own, without a slash at its end", async (t) => {
    const { scene, rpc } = await openRpcScene(t);
    const { metainfo } = await makeTorrent(scene, "film", true);
    await rpc.ask("torrent-add", { metainfo, "download-dir": `${scene.downloadDir}/` });
    const [torrent] = await rpc.torrents(["downloadDir", "name", "files"]);
    assert.deepEqual([torrent!["downloadDir"], torrent!["name"]], [scene.downloadDir, "film"]);
    assert.equal((torrent!["files"] as { name: string }[])[0]!.name, "film/a.mkv");
  });

  test("10: errorString stays empty while one tracker may still answer; it is finished only when a goal was reached", async (t) => {
    const { scene, rpc } = await openRpcScene(t);
    const { metainfo } = await makeTorrent(scene, "film", true);
    await rpc.ask("torrent-add", { metainfo });
    await untilStatus(rpc, 1, 6);
    const fields = ["error", "errorString", "isFinished"];
    assert.deepEqual(await rpc.torrents(fields), [{ error: 0, errorString: "", isFinished: false }]);
    assert.deepEqual(errorOf(null, { code: "asking-tracker", message: "asking" }), {
      error: 0,
      errorString: "",
    });
    const down = { code: "tracker-down", message: "no tracker answers (refused\u001b[31m)" } as const;
    assert.deepEqual(errorOf(null, down), { error: 0, errorString: "no tracker answers (refused [31m)" });
    const full = { code: "disk-full", message: "the disk is full" } as const;
    assert.deepEqual(errorOf(null, full), { error: 3, errorString: "the disk is full" });
  });

  test("11: minutes without interest are a goal of one torrent, of all, or none", async (t) => {
    const { rpc } = await openRpcScene(t);
    await rpc.ask("torrent-add", { filename: MAGNET });
    const fields = ["seedIdleLimit", "seedIdleMode", "seedRatioLimit", "seedRatioMode"];
    const set = async (args: object): Promise<unknown[]> => {
      await rpc.ask("torrent-set", { ids: ["AB".repeat(20)], ...args });
      return Object.values((await rpc.torrents(fields))[0]!);
    };
    assert.deepEqual(await set({ seedIdleLimit: 90, seedIdleMode: 1 }), [90, 1, 2, 0]);
    // A limit alone switches nothing on, and a mode keeps the limit.
    assert.deepEqual(await set({ seedRatioLimit: 1.5 }), [90, 1, 1.5, 0]);
    assert.deepEqual(await set({ seedRatioMode: 1 }), [90, 1, 1.5, 1]);
    assert.deepEqual(await set({ seedRatioMode: 2, seedIdleMode: 0 }), [90, 0, 1.5, 2]);
  });

  test("12: trackers are told apart by numbers that stay", async (t) => {
    const { scene, rpc } = await openRpcScene(t);
    const urls = ["http://127.0.0.1:9/announce", "udp://127.0.0.1:9/announce"];
    const { metainfo } = await makeTorrent(scene, "film", true, urls);
    await rpc.ask("torrent-add", { metainfo, paused: true });
    const list = async (): Promise<[number, string][]> => {
      const [torrent] = await rpc.torrents(["trackers"]);
      return (torrent!["trackers"] as { id: number; announce: string }[]).map(({ id, announce }) => [
        id,
        announce,
      ]);
    };
    const [first, second] = await list();
    await rpc.ask("torrent-set", {
      ids: [1],
      trackerRemove: [first![0]],
      trackerAdd: ["http://127.0.0.1:9/x/announce"],
    });
    const after = await list();
    assert.deepEqual(after[0], second);
    assert.equal(after[1]![1], "http://127.0.0.1:9/x/announce");
    assert.equal(new Set([first![0], ...after.map(([id]) => id)]).size, 3);
    assert.match(
      (await rpc.call("torrent-set", { ids: [1], trackerRemove: [77] })).result,
      /^invalid argument$/,
    );
    await rpc.ask("torrent-set", { ids: [1], trackerReplace: [second![0], "http://127.0.0.1:9/y/announce"] });
    const replaced = await list();
    assert.deepEqual(
      replaced.find(([id]) => id === second![0]),
      [second![0], "http://127.0.0.1:9/y/announce"],
      "the same number",
    );
    await rpc.ask("torrent-set", {
      ids: [1],
      trackerList: "http://127.0.0.1:9/y/announce\n\nudp://127.0.0.1:9/z",
    });
    const [torrent] = await rpc.torrents(["trackerList"]);
    assert.equal(torrent!["trackerList"], "http://127.0.0.1:9/y/announce\n\nudp://127.0.0.1:9/z");
    const again = await rpc.ask("torrent-add", { metainfo });
    assert.deepEqual(Object.keys(again), ["torrent-duplicate"]);
  });

  test("13: speed limits are whole kB/s", async (t) => {
    const { rpc, daemon } = await openRpcScene(t);
    await rpc.ask("session-set", { "speed-limit-down": 250.4, "speed-limit-down-enabled": true });
    const fields = { fields: ["speed-limit-down", "speed-limit-down-enabled"] };
    assert.deepEqual(await rpc.ask("session-get", fields), {
      "speed-limit-down": 250,
      "speed-limit-down-enabled": true,
    });
    assert.equal(daemon.node.settings.get("limits.down"), 250_400);
    await rpc.ask("session-set", { "speed-limit-down-enabled": false });
    assert.deepEqual(await rpc.ask("session-get", fields), {
      "speed-limit-down": 250,
      "speed-limit-down-enabled": false,
    });
    assert.equal(daemon.node.settings.get("limits.down"), null);
  });

  test("14: names of peers are clean", () => {
    const peer = {
      host: "127.0.0.1",
      port: 1,
      incoming: false,
      source: "pex",
      client: "bad\u0000\u009b\ud800name",
      progress: 1,
      seed: true,
      downRate: 1.5,
      upRate: 0,
      downloaded: 0,
      uploaded: 0,
      choked: true,
      choking: false,
      interested: false,
      interesting: true,
      snubbed: false,
      v2: false,
      obfuscated: false,
      requests: 0,
      reputation: { score: 0 },
    } as unknown as Parameters<typeof peerFields>[0];
    const fields = peerFields(peer, false);
    assert.equal(fields["clientName"], "bad  \ufffdname");
    assert.deepEqual([fields["rateToClient"], fields["flagStr"]], [2, "DX"]);
    assert.equal(peerFields(peer, true)["address"], "hidden");
  });

  test("18: fractions may be whole in JSON", async (t) => {
    const { scene, rpc } = await openRpcScene(t);
    await rpc.ask("torrent-add", { metainfo: (await makeTorrent(scene, "film", true)).metainfo });
    await untilStatus(rpc, 1, 6);
    assert.deepEqual(await rpc.torrents(["percentDone", "percentComplete"]), [
      { percentDone: 1, percentComplete: 1 },
    ]);
  });

  test("20: labels are texts without commas, also while adding", async (t) => {
    const { rpc } = await openRpcScene(t);
    await rpc.ask("torrent-add", { filename: MAGNET, labels: ["tv", "hd", "tv"] });
    assert.deepEqual(await rpc.torrents(["labels"]), [{ labels: ["tv", "hd"] }]);
    for (const labels of [["a,b"], [""], [7], "tv"])
      assert.notEqual((await rpc.call("torrent-set", { ids: [1], labels })).result, "success");
    await rpc.ask("torrent-set", { ids: [1], labels: [] });
    assert.deepEqual(await rpc.torrents(["labels"]), [{ labels: [] }]);
  });

  test("21: gzip for those who ask, a length for all, and no answer without a body", async (t) => {
    const { rpc } = await openRpcScene(t);
    const body = JSON.stringify({ method: "session-get" });
    const plain = await rpc.raw({ body });
    assert.equal(plain.headers["content-encoding"], undefined);
    assert.equal(Number(plain.headers["content-length"]), plain.body.length);
    for (const [offer, expected] of [
      ["deflate, gzip", "gzip"],
      ["*", "gzip"],
      ["gzip;q=0", undefined],
      ["identity", undefined],
    ] as const) {
      const answer = await rpc.raw({ body, headers: { "accept-encoding": offer } });
      assert.equal(answer.headers["content-encoding"], expected, offer);
      assert.equal(Number(answer.headers["content-length"]), answer.body.length);
      const text = expected === undefined ? answer.body : gunzipSync(answer.body);
      assert.equal((JSON.parse(text.toString()) as { result: string }).result, "success");
    }
    const removed = await rpc.raw({
      body: JSON.stringify({ method: "torrent-remove", arguments: { ids: [] } }),
    });
    assert.equal(removed.status, 200);
  });
});
