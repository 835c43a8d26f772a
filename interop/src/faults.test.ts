import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  FakePeer,
  Libtorrent,
  Shoal,
  assertSameTree,
  lacks,
  magnetOf,
  openStage,
  seededBytes,
  torrentSpace,
  writePayload,
} from "@shoal/testkit";
import type { FakeBehaviour, LibtorrentTorrent, Stage, TorrentKind } from "@shoal/testkit";
import { TIMEOUT_MS } from "./scene.ts";
import type { Prepared } from "./scene.ts";

const MIB = 1_048_576;
const KINDS: readonly TorrentKind[] = ["v1", "v2", "hybrid"];
const OPTIONS = { timeout: TIMEOUT_MS, skip: lacks("libtorrent") };
const NEEDS = { needs: ["libtorrent"] } as const;

interface Honest extends Prepared {
  readonly client: Libtorrent;
  readonly upload: LibtorrentTorrent;
}

/** A libtorrent that seeds 8 MiB, not too fast. */
async function honestSeed(stage: Stage, kind: TorrentKind, upLimit: number = 8 * MIB): Promise<Honest> {
  const payload = await writePayload(stage.folder("data"), {
    name: "film.bin",
    size: 8 * MIB + 99,
    seed: 21,
  });
  const client = await Libtorrent.start(stage);
  const file = join(stage.dir, "theirs.torrent");
  const facts = await client.create({ path: payload.path, output: file, kind, pieceLength: 131_072 });
  const upload = await client.seed({ file, saveDir: payload.dir, upLimit });
  return { payload, file, facts, client, upload };
}

async function badPeer(
  stage: Stage,
  { facts, payload }: Prepared,
  behaviour: FakeBehaviour,
  has: (piece: number) => boolean = () => true,
): Promise<FakePeer> {
  const data = await torrentSpace(facts, payload.dir);
  // An address of its own: what is done to it must not hit the honest one.
  const peer = await FakePeer.listen({ torrent: facts, data, host: "127.0.0.3", behaviour, has });
  stage.onEnd(() => peer.stop());
  return peer;
}

function peerArgs(...peers: { readonly host: string; readonly port: number }[]): string[] {
  return peers.flatMap(({ host, port }) => ["--peer", `${host}:${port}`]);
}

describe("a peer that lies", { concurrency: 2 }, () => {
  const lies: readonly { readonly behaviour: FakeBehaviour; readonly has: (piece: number) => boolean }[] = [
    { behaviour: { does: "garbage" }, has: () => true },
    // It is asked for its one piece at once, and the others have plenty else to give.
    { behaviour: { does: "lie", piece: 40, block: 2 }, has: (piece) => piece === 40 },
  ];
  for (const kind of KINDS) {
    for (const { behaviour, has } of lies) {
      const what = behaviour.does === "garbage" ? "sends garbage" : "lies in one block";
      test(`${what}: it is thrown out, an honest one completes us, ${kind}`, OPTIONS, async (t) => {
        const stage = openStage(t, NEEDS);
        const honest = await honestSeed(stage, kind, MIB);
        const liar = await badPeer(stage, honest, behaviour, has);
        const dir = stage.folder("got");
        const shoal = Shoal.get(stage, [honest.file, "-o", dir, ...peerArgs(liar, honest.client)]);
        const us = { host: shoal.host, port: (await shoal.listening()).port };
        await liar.waitFor(
          "it lied and was thrown out",
          (peer) => peer.blocksSent > 0 && peer.openConnections === 0,
        );
        const again = liar.dial(us);
        await liar.waitFor("it is not let in again", () => again.closed, 5_000);
        assert.equal(again.received.size, 0, "nothing was said to it");

        const guest = FakePeer.dialler({
          torrent: honest.facts,
          data: Buffer.alloc(0),
          behaviour: { does: "honest" },
          has: () => false,
        });
        stage.onEnd(() => guest.stop());
        const visit = guest.dial(us);
        await guest.waitFor("others are welcome", () => visit.received.size > 0, 5_000);
        await honest.upload.limits({});
        await shoal.complete();
        await assertSameTree(join(dir, honest.payload.name), honest.payload.path);
      });
    }
  }
});

describe("a peer that fails us", { concurrency: 2 }, () => {
  const failures: readonly { readonly name: string; readonly behaviour: FakeBehaviour }[] = [
    { name: "dies again and again", behaviour: { does: "die", afterBlocks: 20 } },
    { name: "stalls with our requests", behaviour: { does: "stall", afterBlocks: 20 } },
    { name: "announces a message of 2 GiB", behaviour: { does: "oversized", length: 0x7fff_ffff } },
    { name: "announces a message of 200 KB", behaviour: { does: "oversized", length: 200_000 } },
    { name: "never says a word", behaviour: { does: "silent" } },
    { name: "never unchokes", behaviour: { does: "choke" } },
    { name: "sends short blocks", behaviour: { does: "short" } },
  ];
  for (const { name, behaviour } of failures) {
    test(`${name}: an honest one completes us`, OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const honest = await honestSeed(stage, "hybrid");
      const bad = await badPeer(stage, honest, behaviour);
      const dir = stage.folder("got");
      const args = [honest.file, "-o", dir, ...peerArgs(bad, honest.client), "--once"];
      const shoal = Shoal.get(stage, args);
      await shoal.complete();
      await shoal.endsWith(0);
      await assertSameTree(join(dir, honest.payload.name), honest.payload.path);
      assert.ok(bad.connections.length > 0, "the bad one was dialled");
    });
  }

  for (const kind of KINDS) {
    test(`one of two libtorrents is killed half-way, ${kind}`, OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const first = await honestSeed(stage, kind, 2 * MIB);
      const second = await Libtorrent.start(stage);
      await second.seed({ file: first.file, saveDir: first.payload.dir, upLimit: 2 * MIB });
      const dir = stage.folder("got");
      const shoal = Shoal.get(stage, [first.file, "-o", dir, ...peerArgs(first.client, second), "--once"]);
      const half = first.payload.contentSize / 4;
      await first.upload.waitFor("half has gone out", (status) => status.payloadUp > half);
      await first.client.child.kill();
      await shoal.complete();
      await shoal.endsWith(0);
      await assertSameTree(join(dir, first.payload.name), first.payload.path);
    });
  }

  test("our only seed is killed half-way and comes back", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const first = await honestSeed(stage, "hybrid", 4 * MIB);
    const dir = stage.folder("got");
    const shoal = Shoal.get(stage, [first.file, "-o", dir, ...peerArgs(first.client), "--once"]);
    const half = first.payload.contentSize / 2;
    await first.upload.waitFor("half has gone out", (status) => status.payloadUp > half);
    await first.client.child.kill();
    const { host, port } = first.client;
    const back = await Libtorrent.start(stage, { host, port });
    await back.seed({ file: first.file, saveDir: first.payload.dir });
    await shoal.complete();
    await shoal.endsWith(0);
    await assertSameTree(join(dir, first.payload.name), first.payload.path);
  });

  test("a leecher of ours is killed half-way; the next one is served", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const made = await honestSeed(stage, "hybrid");
    await made.client.child.kill();
    const seed = await Shoal.send(stage, [made.file, "--data", made.payload.dir]);
    const first = await Libtorrent.start(stage);
    const download = await first.add({ file: made.file, saveDir: stage.folder("got"), downLimit: 4 * MIB });
    await download.connect(seed);
    await download.waitFor("half is there", (status) => status.done > made.payload.contentSize / 2);
    await first.child.kill();
    const next = await Libtorrent.start(stage);
    const saveDir = stage.folder("got");
    const again = await next.add({ file: made.file, saveDir });
    await again.connect(seed);
    await again.waitForSeeding();
    await assertSameTree(join(saveDir, made.payload.name), made.payload.path);
  });
});

describe("a magnet with peers that know the wrong thing", { concurrency: 2 }, () => {
  for (const kind of KINDS) {
    test(`one offers a file list of its own making, ${kind}`, OPTIONS, async (t) => {
      const stage = openStage(t, NEEDS);
      const honest = await honestSeed(stage, kind);
      const { facts, payload } = honest;
      const metadata = seededBytes(1, facts.info.length);
      const data = await torrentSpace(facts, payload.dir);
      const does = { does: "honest" } as const;
      const liar = await FakePeer.listen({
        torrent: facts,
        data,
        host: "127.0.0.3",
        behaviour: does,
        metadata,
      });
      stage.onEnd(() => liar.stop());
      const dir = stage.folder("got");
      const shoal = Shoal.get(stage, [
        magnetOf(facts),
        "-o",
        dir,
        ...peerArgs(liar, honest.client),
        "--once",
      ]);
      await shoal.complete();
      await shoal.endsWith(0);
      await assertSameTree(join(dir, payload.name), payload.path);
    });
  }

  test("one alone offers the true one, and the data", OPTIONS, async (t) => {
    const stage = openStage(t, NEEDS);
    const honest = await honestSeed(stage, "v1");
    const { facts, payload } = honest;
    await honest.client.child.kill();
    const data = await torrentSpace(facts, payload.dir);
    const behaviour = { does: "honest" } as const;
    const peer = await FakePeer.listen({ torrent: facts, data, behaviour, metadata: facts.info });
    stage.onEnd(() => peer.stop());
    const dir = stage.folder("got");
    const shoal = Shoal.get(stage, [magnetOf(facts), "-o", dir, ...peerArgs(peer), "--once"]);
    await shoal.complete();
    await shoal.endsWith(0);
    await assertSameTree(join(dir, payload.name), payload.path);
  });
});
