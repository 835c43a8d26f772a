import assert from "node:assert/strict";
import { test } from "node:test";
import { ShoalError } from "../../dist/base/errors.js";
import type { Session } from "../../dist/session/session.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { type Made, type Node, type ScriptedPeer, SimulatedWorld } from "@shoal/sim";

const SIZE = { file: 300_000 };
const V1 = { kind: "v1", pieceLength: 32_768 } as const;

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly seed: Node;
  readonly node: Node;
  readonly add: (options?: Partial<Parameters<Session["add"]>[0]>) => Promise<Torrent>;
}

/** A seed, and a node that has nothing yet. */
async function scene(sizes: Record<string, number> = SIZE): Promise<Scene> {
  const world = new SimulatedWorld();
  const made = await world.make(sizes, V1);
  const seed = await world.node();
  world.write(seed, made, "/data");
  const { metainfo } = made;
  await seed.session.add({ metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  await world.settle();
  const node = await world.node();
  const peers = [{ host: seed.host, port: 6881 }];
  const add: Scene["add"] = (options) =>
    node.session.add({ metainfo, downloadDir: "/out", peers, ...options });
  return { world, made, seed, node, add };
}

/** Nothing is left open, and nobody used what was closed. */
function assertLetGo(node: Node): void {
  assert.equal(node.store.locked.size, 0, "locks");
  assert.equal(node.disk.opened, 0, "storages");
  assert.deepEqual(node.disk.afterClose, []);
}

for (const kind of ["v1", "v2", "hybrid"] as const) {
  test(`a ${kind} folder crosses a simulated network, and the sessions leave nothing open`, async () => {
    const world = new SimulatedWorld();
    const made = await world.make({ a: 100_000, b: 70_000, "c/d": 5 }, { kind, pieceLength: 32_768 });
    const { metainfo } = made;
    const seed = await world.node();
    world.write(seed, made, "/data");
    await seed.session.add({ metainfo, downloadDir: "/data", seedOnly: true });
    const leech = await world.node();
    const peers = [{ host: seed.host, port: 6881 }];
    const got = await leech.session.add({ metainfo, downloadDir: "/out", peers });
    await world.until("complete", () => got.state === "seeding");
    for (const [path, bytes] of made.files)
      assert.deepEqual(leech.disk.files.get(`/out/folder/${path}`)?.bytes, bytes);
    for (const { session } of [leech, seed]) await world.finish(session.close());
    await world.run(1000);
    for (const node of [leech, seed]) assertLetGo(node);
    assert.equal(world.timers, 0);
  });
}

test("pause while checking holds", async () => {
  const { world, made, node, add } = await scene();
  world.write(node, made, "/out");
  node.disk.hold("hash");
  const torrent = await add();
  await world.run(300);
  assert.equal(torrent.state, "checking");
  void torrent.pause();
  node.disk.letGo("hash");
  await world.run(1000);
  assert.equal(torrent.state, "paused");
});

test("pause and resume while checking don't open the files twice", async () => {
  const { world, made, node, add } = await scene();
  world.write(node, made, "/out");
  node.disk.hold("hash");
  const torrent = await add();
  await world.run(300);
  void torrent.pause();
  torrent.resume();
  await world.run(300);
  node.disk.letGo("hash");
  await world.run(1000);
  assert.equal(node.disk.opened, 1);
  await world.finish(node.session.remove(torrent));
  assertLetGo(node);
});

test("remove lets go of a magnet that never got its metadata", async () => {
  const { world, made, node } = await scene();
  const infoHash = Buffer.from(made.metainfo.infoHashes.v1!).toString("hex");
  const torrent = await node.session.add({ infoHash, downloadDir: "/out" });
  await world.run(300);
  await world.finish(node.session.remove(torrent));
  assertLetGo(node);
  await node.session.add({ infoHash, downloadDir: "/out" });
});

test("remove lets go of a torrent that could not begin", async () => {
  const { world, node, add } = await scene();
  node.disk.put("/out/file", new Uint8Array(4));
  const torrent = await add();
  await world.run(300);
  assert.equal(torrent.error?.code, "ERR_FILE_EXISTS");
  await world.finish(node.session.remove(torrent));
  assertLetGo(node);
});

test("remove while checking forgets the torrent and lets go of it", async () => {
  const { world, made, node, add } = await scene();
  world.write(node, made, "/out");
  node.disk.hold("hash");
  const torrent = await add();
  await world.run(300);
  const removed = node.session.remove(torrent);
  await world.run(300);
  node.disk.letGo("hash");
  await world.finish(removed);
  await world.run(1000);
  assertLetGo(node);
  assert.equal(node.store.journals.size, 0);
});

test("a session that ends while a torrent is being added keeps nothing open", async () => {
  const { world, node, add } = await scene();
  const added = add().then(
    () => "added",
    (error: ShoalError) => error.code,
  );
  await world.finish(node.session.close());
  assert.equal(await world.finish(added), "ERR_CLOSED");
  assertLetGo(node);
});

test("whoever closes or removes a torrent that is being removed waits for that", async () => {
  const { world, node, add } = await scene();
  const events: string[] = [];
  node.session.on(({ type }) => type === "removed" && events.push(type));
  const torrent = await add();
  await world.until("something is there", () => torrent.stats().piecesHave > 2);
  node.disk.hold("sync");
  const calls = [
    node.session.remove(torrent),
    node.session.remove(torrent),
    node.session.close().then(() => events.push("closed")),
  ];
  await world.run(1_000);
  assert.deepEqual(events, [], "the disk is being written to");
  node.disk.letGo("sync");
  await world.finish(Promise.all(calls));
  assert.deepEqual(events, ["removed", "closed"]);
  assertLetGo(node);
});

test("a disk that can't sync makes neither pause nor remove fail", async () => {
  const { world, node, add } = await scene();
  const torrent = await add();
  await world.until("complete", () => torrent.state === "seeding");
  node.disk.failing.set("sync", new ShoalError("ERR_DISK", "gone"));
  await world.finish(torrent.pause());
  await world.finish(node.session.remove(torrent));
  assertLetGo(node);
});

test("a disk that goes away in the middle ends in the state error, from which resume leads out", async () => {
  const { world, made, node, add } = await scene({ file: 3_000_000 });
  const torrent = await add();
  const gone = new ShoalError("ERR_DISK", "gone", { path: "/out", reason: "EACCES" });
  let pieces = 0;
  torrent.on((event) => {
    if (event.type !== "piece" || ++pieces !== 5) return;
    for (const kind of ["write", "sync", "prepare"] as const) node.disk.failing.set(kind, gone);
  });
  await world.run(3000);
  assert.equal(torrent.state, "error");
  assert.equal(torrent.error, gone);
  node.disk.failing.clear();
  torrent.resume();
  await world.until("complete", () => torrent.state === "seeding");
  assert.deepEqual(node.disk.files.get("/out/file")?.bytes, made.files.get("file"));
});

test("a torrent that fails anew tells the new reason, and looks for its end", async () => {
  const { world, node, add } = await scene();
  const fails = (message: string, reason: string): void =>
    void node.disk.failing.set("prepare", new ShoalError("ERR_DISK", message, { path: "/out", reason }));
  fails("/out is read-only", "EROFS");
  const torrent = await add();
  await world.until("failed", () => torrent.state === "error");
  assert.equal(torrent.stats().waiting?.message, "/out is read-only");
  fails("/out may not be written", "EACCES");
  torrent.resume();
  await world.until("failed again", () => torrent.error?.message === "/out may not be written");
  assert.equal(torrent.stats().waiting?.message, "/out may not be written");
  node.disk.failing.clear();
  await world.until("it goes on by itself", () => torrent.state === "seeding", 120_000);
});

test("recheck fetches again what was deleted", async () => {
  const { world, made, node, add } = await scene();
  const torrent = await add();
  await world.until("complete", () => torrent.state === "seeding");
  world.dial(node, made);
  await world.run(3000);
  node.disk.files.delete("/out/file");
  await world.run(3000);
  await world.finish(torrent.recheck());
  torrent.addPeer({ host: "10.0.0.1", port: 6881 });
  await world.run(5000);
  assert.deepEqual(node.disk.files.get("/out/file")?.bytes, made.files.get("file"));
});

test("a session that ends in the middle of a recheck loses no claims", async () => {
  const { world, made, node, add } = await scene();
  const torrent = await add();
  await world.until("complete", () => torrent.state === "seeding");
  await world.run(1000);
  node.disk.hold("hash");
  const rechecked = torrent.recheck();
  await world.run(500);
  const closed = node.session.close();
  await world.run(500);
  node.disk.letGo("hash");
  await world.finish(closed);
  await world.finish(rechecked);
  assertLetGo(node);
  const again = await world.node({ disk: node.disk, store: node.store });
  const { metainfo } = made;
  const found = await again.session.add({ metainfo, downloadDir: "/out" });
  await world.run(3000);
  assert.equal(found.stats().piecesHave, metainfo.layout.pieceCount);
});

test("peers are dialled as soon as the files are known, not at the next tick", async () => {
  const { world, node, add } = await scene();
  node.disk.hold("stat");
  const torrent = await add();
  await world.run(10);
  node.disk.letGo("stat");
  const from = world.now();
  await world.until("first block", () => torrent.stats().downloaded > 0);
  assert.ok(world.now() - from < 50, `${world.now() - from} ms`);
});

for (const paused of [false, true]) {
  test(`a kill ${paused ? "after pause and resume" : "while downloading"} costs neither claims nor a check`, async () => {
    const { world, made, node, add } = await scene({ file: 3_000_000 });
    let allowed = 60;
    const { pieceLength, pieceCount } = made.metainfo.layout;
    const serve = (peer: ScriptedPeer): void => {
      peer.onHeard = ({ kind, piece = 0, begin = 0, length = 0 }) => {
        if (kind === "handshake") peer.out.haveAll();
        if (kind === "interested") peer.out.unchoke();
        peer.say();
        if (kind !== "request" || --allowed < 0) return;
        const at = piece * pieceLength + begin;
        peer.sayBlock(piece, begin, made.space.slice(at, at + length));
      };
    };
    const torrent = await add({ peers: [await world.listen(made, {}, serve)] });
    await world.run(3000);
    const before = torrent.stats().piecesHave;
    assert.ok(before > 5 && before < pieceCount);
    if (paused) {
      void torrent.pause();
      await world.run(100);
      torrent.resume();
      allowed = 20;
      await world.run(30_000);
      assert.ok(torrent.stats().piecesHave > before);
    }
    const { piecesHave } = torrent.stats();
    const again = await world.node({ disk: node.disk, store: node.store.copy() });
    let checked = 0;
    const { metainfo } = made;
    const listener = (event: { readonly type: string }): void => {
      if (event.type === "checked") checked++;
    };
    const found = await again.session.add({ metainfo, downloadDir: "/out", listener });
    await world.run(1000);
    assert.equal(found.stats().piecesHave, piecesHave);
    assert.equal(checked, 0);
  });
}

test("a peer that says have and then have-none is no harm", async () => {
  const { world, made, seed } = await scene();
  const peer = world.dial(seed, made);
  await world.settle();
  peer.out.have(0);
  peer.out.haveNone();
  peer.out.haveNone();
  peer.say();
  await world.run(500);
  assert.equal(peer.closed, false);
});

test("requests to a peer that chokes and stays silent don't stay out for ever", async () => {
  const { world, made, add } = await scene();
  const torrent = await add({
    peers: [
      await world.listen(made, {}, (peer) => {
        peer.onHeard = ({ kind }) => {
          if (kind !== "handshake") return;
          peer.out.haveAll();
          for (let piece = 0; piece < 10; piece++) peer.out.allowedFast(piece);
          peer.say();
        };
      }),
    ],
  });
  await world.run(5000);
  assert.ok(torrent.peers()[0]!.requests > 1);
  await world.run(100_000);
  assert.ok(torrent.peers()[0]!.requests <= 1);
});
