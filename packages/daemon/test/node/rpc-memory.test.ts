// What programs set while it is switched off is shown to them again and comes back when it is switched on, in the next run, too.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { RpcClient } from "../rpc-client.js";
import { makeTorrent, openRpcScene, type RpcScene } from "../rpc-scene.js";

/** The same client after a restart. */
async function again({ scene, rpc }: RpcScene): Promise<RpcClient> {
  await scene.stop();
  const { ui } = await scene.start();
  const [user, password] = Buffer.from(rpc.authorization.slice(6), "base64").toString().split(":");
  return new RpcClient(ui.port, user!, password!);
}

describe("what programs have set and is switched off", () => {
  test("of the session: limits, sizes of the queue, goals, hours of slow mode, the folder of unfinished files", async (t) => {
    const opened = await openRpcScene(t);
    const partial = join(opened.scene.downloadDir, "partial");
    mkdirSync(partial);
    const set = {
      "speed-limit-down": 123,
      "speed-limit-down-enabled": false,
      "speed-limit-up": 45,
      "speed-limit-up-enabled": false,
      "download-queue-size": 3,
      "download-queue-enabled": false,
      "seed-queue-size": 4,
      "seed-queue-enabled": false,
      seedRatioLimit: 1.25,
      seedRatioLimited: false,
      "idle-seeding-limit": 17,
      "idle-seeding-limit-enabled": false,
      "alt-speed-time-begin": 100,
      "alt-speed-time-end": 200,
      "alt-speed-time-day": 3,
      "alt-speed-time-enabled": false,
      "incomplete-dir": partial,
      "incomplete-dir-enabled": false,
    };
    await opened.rpc.ask("session-set", set);
    assert.deepEqual(await opened.rpc.ask("session-get", { fields: Object.keys(set) }), set);
    const rpc = await again(opened);
    assert.deepEqual(await rpc.ask("session-get", { fields: Object.keys(set) }), set);
    const on = {
      "speed-limit-down-enabled": true,
      "seed-queue-enabled": true,
      "alt-speed-time-enabled": true,
      "incomplete-dir-enabled": true,
    };
    await rpc.ask("session-set", on);
    assert.deepEqual(await rpc.ask("session-get", { fields: Object.keys(set) }), { ...set, ...on });
  });

  test("of a torrent: limits, goals, its priority and that of files that are not wanted", async (t) => {
    const opened = await openRpcScene(t);
    const { metainfo } = await makeTorrent(opened.scene, "film", false);
    const added = {
      paused: true,
      bandwidthPriority: 1,
      "peer-limit": 33,
      "files-unwanted": [0],
      "priority-high": [0],
    };
    await opened.rpc.ask("torrent-add", { metainfo, ...added });
    const set = {
      downloadLimit: 77,
      downloadLimited: false,
      uploadLimit: 88,
      uploadLimited: false,
      seedRatioLimit: 1.25,
      seedRatioMode: 0,
      seedIdleLimit: 40,
      seedIdleMode: 2,
      "peer-limit": 33,
      bandwidthPriority: 1,
    };
    const { downloadLimit, uploadLimit, seedRatioLimit, seedIdleLimit, seedIdleMode } = set;
    await opened.rpc.ask("torrent-set", { downloadLimit, uploadLimit, seedRatioLimit });
    await opened.rpc.ask("torrent-set", { seedIdleLimit, seedIdleMode });
    const shown = { ...set, wanted: [0, 1, 1], priorities: [1, 0, 0] };
    const fields = Object.keys(shown);
    assert.deepEqual(await opened.rpc.torrents(fields), [shown]);
    const rpc = await again(opened);
    assert.deepEqual(await rpc.torrents(fields), [shown]);
    const on = { downloadLimited: true, seedRatioMode: 1, seedIdleMode: 1, bandwidthPriority: -1 };
    await rpc.ask("torrent-set", { ...on, "files-wanted": [0] });
    assert.deepEqual(await rpc.torrents(fields), [{ ...shown, ...on, wanted: [1, 1, 1] }]);
    // One state behind every face.
    const { body } = await opened.scene.call("GET", "/torrents/1/files");
    const [file] = body["files"] as { priority: unknown }[];
    assert.equal(file!.priority, 7);
  });

  test("a file that is not there is told", async (t) => {
    const { scene, rpc } = await openRpcScene(t);
    await rpc.ask("torrent-add", {
      metainfo: (await makeTorrent(scene, "film", false)).metainfo,
      paused: true,
    });
    for (const name of ["files-wanted", "files-unwanted", "priority-low"])
      assert.equal(
        (await rpc.call("torrent-set", { ids: [1], [name]: [0, 3] })).result,
        "file index out of range",
      );
    assert.deepEqual(await rpc.torrents(["wanted", "priorities"]), [
      { wanted: [1, 1, 1], priorities: [0, 0, 0] },
    ]);
  });
});
