import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { poll } from "@shoal/testkit";
import type { Share, TorrentFiles, TorrentPeers, TorrentTrackers } from "@shoal/schema";
import { ask, Scene } from "../scene.js";

describe("one transfer looked at closely", () => {
  test("its files, who fetches it, and who is asked; addresses only for who may do something", async (t) => {
    const [giver, taker] = [new Scene(t), new Scene(t)];
    const [{ node: giving, ui }] = [await giver.start(), await taker.start()];
    const folder = join(giver.dir, "films");
    mkdirSync(join(folder, "sub"), { recursive: true });
    writeFileSync(join(folder, "a.txt"), "a".repeat(20_000));
    writeFileSync(join(folder, "sub", "b.txt"), "b".repeat(300));
    const trackers = ["http://127.0.0.1:1/announce"];
    const added = await giver.call("POST", "/shares", { paths: [folder], trackers, pieceSize: 16_384 });
    const { id } = (added.body["shares"] as Share[])[0]!;
    const torrentId = await poll("it is shared", async () => {
      const { body } = await giver.call("GET", `/shares/${id}`);
      return body["torrentId"] as number | null;
    });
    const { v1 } = (await giver.call("GET", `/torrents/${torrentId}`)).body;
    const port = giving.session.endpoint?.port;
    const fetched = { infoHash: v1 as string, peers: [`127.0.0.1:${port}`] };
    const fetchedId = (await taker.call("POST", "/torrents", fetched)).body["id"] as number;
    await poll("it is there", async () => {
      const { body } = await taker.call("GET", `/torrents/${fetchedId}`);
      return body["state"] === "seeding";
    });

    const { files } = (await taker.call("GET", `/torrents/${fetchedId}/files`))
      .body as unknown as TorrentFiles;
    assert.deepEqual(
      files.map(({ path, size, have, wanted, priority }) => [path, size, have, wanted, priority]),
      [
        ["films/a.txt", 20_000, 20_000, true, 4],
        ["films/sub/b.txt", 300, 300, true, 4],
      ],
    );
    const asked = (await giver.call("GET", `/torrents/${torrentId}/trackers`))
      .body as unknown as TorrentTrackers;
    assert.deepEqual([asked.trackers.length, asked.trackers[0]?.url], [1, trackers[0]]);

    // Who has all of it may have left by now.
    const { secret } = await giving.tokens.create("reader", "read");
    const headers = { authorization: `Bearer ${secret}` };
    const peersOf = async (call: Promise<{ readonly body: object }>): Promise<TorrentPeers["peers"]> =>
      ((await call).body as TorrentPeers).peers;
    for (const peer of await peersOf(giver.call("GET", `/torrents/${torrentId}/peers`)))
      assert.equal(peer.host, "127.0.0.1");
    for (const peer of await peersOf(ask({ ...ui, headers }, "GET", `/torrents/${torrentId}/peers`)))
      assert.deepEqual([peer.host, peer.port], [null, null]);
    assert.equal((await giver.call("GET", "/torrents/99/files")).status, 404);
  });
});
