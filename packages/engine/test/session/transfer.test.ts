import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TorrentKind } from "@shoal/engine";
import { assertSameTree, oddFolderSpec } from "@shoal/testkit";
import { SessionScene } from "./session-scene.ts";

const kinds: readonly TorrentKind[] = ["v1", "v2", "hybrid"];

for (const kind of kinds) {
  test(`a ${kind} folder goes from seed to leecher by .torrent`, async (t) => {
    const scene = new SessionScene(t);
    const made = await scene.payload(oddFolderSpec(65_536), { kind, pieceLength: 65_536 });
    const [seed] = await scene.seed(made);
    const leecher = await scene.session();
    const out = scene.folder("out");
    const got = await scene.add(leecher, {
      metainfo: made.metainfo,
      downloadDir: out,
      peers: [seed.endpoint!],
    });
    await got.until("complete");
    await assertSameTree(made.path, join(out, made.name));
    const { have, wanted, wasted, downloaded } = got.torrent.stats();
    assert.equal(have, made.metainfo.layout.contentSize);
    assert.equal(wanted, have);
    assert.equal(wasted, 0);
    assert.equal(downloaded, have);
    assert.equal(got.events.filter((event) => event.type === "first-block").length, 1);
  });

  test(`a ${kind} folder goes by its info-hash alone`, async (t) => {
    const scene = new SessionScene(t);
    const made = await scene.payload(oddFolderSpec(16_384), { kind, pieceLength: 16_384 });
    const [seed] = await scene.seed(made);
    const leecher = await scene.session();
    const { v1, v2 } = made.metainfo.infoHashes;
    const got = await scene.add(leecher, {
      infoHash: Buffer.from(v1 ?? v2!).toString("hex"),
      downloadDir: scene.folder("out"),
      peers: [seed.endpoint!],
    });
    await got.until("metadata");
    assert.deepEqual(got.torrent.infoHashes, made.metainfo.infoHashes);
    await got.until("complete");
    await assertSameTree(made.path, join(scene.dir, "out", made.name));
  });
}

test("a hybrid is spoken as v2 between two that know it, though found by its v1 hash", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(
    { name: "file", size: 300_000, seed: 1 },
    { kind: "hybrid", pieceLength: 16_384 },
  );
  const [seed, seeding] = await scene.seed(made);
  const leecher = await scene.session();
  const got = await scene.add(leecher, {
    metainfo: made.metainfo,
    downloadDir: scene.folder("out"),
    peers: [seed.endpoint!],
  });
  const connected = await got.until("peer-connected");
  assert.equal(connected.peer.v2, true);
  assert.equal((await seeding.until("peer-connected")).peer.v2, true);
  await got.until("complete");
});

test("leechers get from each other what the seed gave only once", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(
    { name: "file", size: 12_000_000, seed: 2 },
    { kind: "hybrid", pieceLength: 65_536 },
  );
  // One slot: two of the three can only get pieces from each other.
  const [seed] = await scene.seed(made, { uploadSlots: 1 });
  const sessions = await Promise.all([1, 2, 3].map(() => scene.session()));
  const endpoints = sessions.map((session) => session.endpoint!);
  const all = await Promise.all(
    sessions.map((session, i) =>
      scene.add(session, {
        metainfo: made.metainfo,
        downloadDir: scene.folder(`out-${i}`),
        peers: [seed.endpoint!, ...endpoints.filter((_, other) => other !== i)],
      }),
    ),
  );
  await Promise.all(all.map((one) => one.until("complete")));
  for (let i = 0; i < all.length; i++)
    await assertSameTree(made.path, join(scene.dir, `out-${i}`, made.name));
  const passedOn = all.reduce((sum, one) => sum + one.torrent.stats().uploaded, 0);
  assert.ok(passedOn > 0, "leechers served each other");
});

test("two peers that dial each other at the same time keep one connection", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(
    { name: "file", size: 100_000, seed: 3 },
    { kind: "v1", pieceLength: 16_384 },
  );
  const [a, b] = await Promise.all([scene.session(), scene.session()]);
  const add = (session: typeof a, other: typeof b, name: string) =>
    scene.add(session, {
      metainfo: made.metainfo,
      downloadDir: scene.folder(name),
      peers: [other.endpoint!],
    });
  const [x, y] = await Promise.all([add(a, b, "a"), add(b, a, "b")]);
  await Promise.all([x.until("peer-connected"), y.until("peer-connected")]);
  const c = await scene.seed(made);
  x.torrent.addPeer(c[0].endpoint!);
  await Promise.all([x.until("complete"), y.until("complete")]);
  const toEachOther = x.torrent.peers().filter((peer) => !peer.seed || peer.port !== c[0].endpoint!.port);
  assert.ok(toEachOther.length <= 1, `${toEachOther.length} connections`);
});

test("only the selected files are fetched, and nothing appears of the others", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(
    { name: "folder", files: { "a.txt": 50_000, "b.bin": 70_000, "c.txt": 90_000 }, seed: 4 },
    { kind: "v1", pieceLength: 32_768 },
  );
  const [seed] = await scene.seed(made);
  const leecher = await scene.session();
  const out = scene.folder("out");
  const got = await scene.add(leecher, {
    metainfo: made.metainfo,
    downloadDir: out,
    peers: [seed.endpoint!],
    select: (_, path) => path.endsWith(".txt"),
  });
  await got.until("complete");
  assert.equal(got.torrent.state, "finished");
  await assertSameTree(join(made.path, "a.txt"), join(out, "folder", "a.txt"));
  await assertSameTree(join(made.path, "c.txt"), join(out, "folder", "c.txt"));
  await assert.rejects(assertSameTree(join(made.path, "b.bin"), join(out, "folder", "b.bin")));
});

test("the session's changes name what is new since a revision", async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(
    { name: "file", size: 400_000, seed: 5 },
    { kind: "hybrid", pieceLength: 16_384 },
  );
  const [seed] = await scene.seed(made);
  const leecher = await scene.session();
  const got = await scene.add(leecher, {
    metainfo: made.metainfo,
    downloadDir: scene.folder("out"),
    peers: [seed.endpoint!],
  });
  await got.until("complete");
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (leecher.changes(0).changed.some((one) => one.state === "seeding")) resolve();
      else setTimeout(look, 20);
    };
    look();
  });
  const first = leecher.changes(0);
  assert.equal(first.changed[0]?.name, "file");
  await leecher.remove(got.torrent);
  const then = leecher.changes(first.revision);
  assert.deepEqual(then.removed, [first.changed[0].id]);
  assert.equal(then.changed.length, 0);
});
