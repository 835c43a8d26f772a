import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { test } from "node:test";
import { assertSameTree } from "@shoal/testkit";
import { toHex } from "../../dist/base/bytes.js";
import { shortHashes } from "../../dist/meta/info-hash.js";
import { encodeLsdAnnounce, LSD_GROUPS, LSD_PORT } from "../../dist/wire/lsd.js";
import { SessionScene } from "./session-scene.ts";

const OPTIONS = { timeout: 30_000 };

test("a magnet that turns out to be private lets go of whom nobody answers for", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const spec = { name: "secret.bin", size: 200_000, seed: randomInt(2 ** 31) };
  const made = await scene.payload(spec, { kind: "hybrid", pieceLength: 16_384, private: true });
  const [stranger] = await scene.seed(made);
  const [friend] = await scene.seed(made);
  const leecher = await scene.session({ lsd: true });
  const got = await scene.add(leecher, {
    infoHash: toHex(made.metainfo.infoHashes.v1!),
    downloadDir: scene.folder("out"),
  });
  const neighbour = createSocket("udp4");
  t.after(() => neighbour.close());
  neighbour.bind(0, "127.0.0.1", () => {
    neighbour.setMulticastInterface("127.0.0.1");
    const names = shortHashes(made.metainfo.infoHashes).map(toHex);
    const announce = encodeLsdAnnounce({ port: stranger.endpoint!.port, names, cookie: null }, 4);
    const say = setInterval(() => neighbour.send(announce, LSD_PORT, LSD_GROUPS[4]), 50);
    t.after(() => clearInterval(say));
  });
  assert.equal((await got.until("peer-connected")).peer.source, "lsd");
  const { reason } = await got.until("peer-disconnected", ({ peer }) => peer.source === "lsd");
  assert.equal(reason, "The torrent is private");
  assert.equal(got.torrent.metainfo?.private, true);
  assert.deepEqual(got.torrent.finders(), []);
  assert.equal(got.torrent.stats().have, 0);
  got.torrent.addPeer(friend.endpoint!);
  await got.until("complete");
  await assertSameTree(made.path, join(scene.dir, "out", made.name));
  const met = got.events.filter((event) => event.type === "peer-connected").map(({ peer }) => peer.source);
  assert.deepEqual(met, ["lsd", "user"]);
});
