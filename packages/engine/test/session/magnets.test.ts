import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ShoalError, type Torrent, type TorrentEvent } from "@shoal/engine/composition";
import { formatMagnet, type Magnet } from "../../dist/meta/magnet.js";
import { encodeTorrent } from "../../dist/meta/torrent-file.js";
import { type Made, type Node, SimulatedWorld } from "@shoal/sim";

const PIECE = 65_536;
const SIZES = { "a.bin": 300_000, "b.bin": 200_000, "c/d.bin": 100_001 };

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly seed: Node;
  readonly node: Node;
}

async function open(
  kind: "v1" | "v2" | "hybrid",
  { lacksLayers = false, ...options }: { lacksLayers?: boolean; private?: boolean } = {},
): Promise<Scene> {
  const world = new SimulatedWorld();
  world.checkInvariants();
  const made = await world.make(SIZES, { kind, pieceLength: PIECE, ...options });
  const seed = await world.node();
  world.write(seed, made, "/data");
  const metainfo = lacksLayers ? { ...made.metainfo, pieceLayers: new Map() } : made.metainfo;
  await world.finish(seed.session.add({ metainfo, downloadDir: "/data", seedOnly: true }));
  return { world, made, seed, node: await world.node() };
}

function magnet({ made }: Scene, more: Partial<Magnet>): string {
  return formatMagnet({
    infoHashes: made.metainfo.infoHashes,
    name: null,
    trackers: [],
    webSeeds: [],
    peers: [],
    exactLength: null,
    selectOnly: null,
    ...more,
  });
}

function add({ world, node }: Scene, link: string, events: TorrentEvent[] = []): Promise<Torrent> {
  const listener = (event: TorrentEvent): void => void events.push(event);
  return world.finish(node.session.add({ magnet: link, downloadDir: "/out", listener }));
}

describe("magnets", () => {
  for (const half of ["v1", "v2"] as const) {
    test(`of a hybrid, by its ${half} hash alone, become the whole hybrid`, async () => {
      const scene = await open("hybrid");
      const infoHashes = { v1: null, v2: null, [half]: scene.made.metainfo.infoHashes[half] };
      const torrent = await add(scene, magnet(scene, { infoHashes, peers: [scene.seed.endpoint] }));
      await scene.world.until("complete", () => torrent.state === "seeding");
      assert.deepEqual(torrent.infoHashes, scene.made.metainfo.infoHashes);
    });
  }

  test("whose file list has just come tell their files, though those are still looked for on the disk", async () => {
    const scene = await open("v1");
    const asked: Promise<readonly { path: string }[]>[] = [];
    const link = magnet(scene, { peers: [scene.seed.endpoint] });
    const torrent: Torrent = await scene.world.finish(
      scene.node.session.add({
        magnet: link,
        downloadDir: "/out",
        listener: ({ type }) => {
          if (type === "metadata") asked.push(torrent.files());
        },
      }),
    );
    await scene.world.until("complete", () => torrent.state === "seeding");
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map((files) => files.length),
      [Object.keys(SIZES).length],
    );
  });

  test("one torrent by both of its links: the second is refused once that is seen, and the first goes on", async () => {
    const scene = await open("hybrid");
    const { v1, v2 } = scene.made.metainfo.infoHashes;
    const peers = [scene.seed.endpoint];
    const both = [
      await add(scene, magnet(scene, { infoHashes: { v1, v2: null }, peers })),
      await add(scene, magnet(scene, { infoHashes: { v1: null, v2 }, peers })),
    ];
    await scene.world.until("one complete, one refused", () =>
      both.every(({ state }) => state === "seeding" || state === "error"),
    );
    const refused = both.filter(({ state }) => state === "error");
    assert.deepEqual(
      refused.map(({ error }) => error!.code),
      ["ERR_DUPLICATE_TORRENT"],
    );
    await scene.world.finish(scene.node.session.remove(refused[0]!));
    assert.notEqual(scene.node.session.find(v1!), undefined);
  });

  test("fetch what the link chooses; what a person chooses later is kept", async () => {
    const scene = await open("hybrid");
    // Pads count.
    const index = scene.made.metainfo.layout.files.findIndex(({ path }) => path[0] === "c");
    const link = magnet(scene, { selectOnly: [[index, index]], peers: [scene.seed.endpoint] });
    const torrent = await add(scene, link);
    await scene.world.until("finished", () => torrent.state === "finished");
    const wanted = async (one: Torrent): Promise<string[]> =>
      (await scene.world.finish(one.files())).filter((file) => file.wanted).map(({ path }) => path);
    assert.deepEqual(await wanted(torrent), [`${scene.made.metainfo.name}/c/d.bin`]);
    await scene.world.finish(torrent.setFilePriorities(new Map([[0, 4]])));
    await scene.world.until("finished again", () => torrent.state === "finished");
    await scene.world.finish(scene.node.session.close());
    const node = await scene.world.node({ disk: scene.node.disk, store: scene.node.store });
    const again = await add({ ...scene, node }, link);
    await scene.world.until("there", () => again.state === "finished");
    assert.equal((await wanted(again)).length, 2);
  });

  test("ask web servers that the link names besides those that are known from before", async () => {
    const scene = await open("v1");
    const torrent = await add(scene, magnet(scene, { peers: [scene.seed.endpoint] }));
    await scene.world.until("complete", () => torrent.state === "seeding");
    await scene.world.finish(scene.node.session.close());
    const node = await scene.world.node({ disk: scene.node.disk, store: scene.node.store });
    const again = await add({ ...scene, node }, magnet(scene, { webSeeds: ["http://a.example/"] }));
    assert.deepEqual(again.metainfo!.webSeeds, ["http://a.example/"]);
  });

  for (const isPrivate of [false, true])
    test(`a link's web servers are asked, but not for what is private: ${isPrivate}`, async () => {
      const scene = await open("v1", { private: isPrivate });
      const { world, seed } = scene;
      seed.net.setLink({ up: 200_000, down: 200_000, latencyMs: 5, loss: 0 });
      const torrent = await add(
        scene,
        magnet(scene, { webSeeds: ["http://a.example/"], peers: [seed.endpoint] }),
      );
      await world.until("complete", () => torrent.state === "seeding");
      assert.deepEqual(torrent.metainfo!.webSeeds, isPrivate ? [] : ["http://a.example/"]);
      assert.equal(
        world.web.asked.some(({ hostname }) => hostname === "a.example"),
        !isPrivate,
      );
    });

  test("a peer named by a name that can't be looked up yet is tried again", async () => {
    const scene = await open("v1");
    const { world, seed, node } = scene;
    let isKnown = false;
    node.net.resolve = (host) => {
      if (host === "seed.example" && isKnown) return Promise.resolve([seed.host]);
      return Promise.reject(new ShoalError("ERR_CONNECT", `${host} is not known`));
    };
    const connect = node.net.connect.bind(node.net);
    node.net.connect = (to) =>
      connect(to.host === "seed.example" && isKnown ? { ...to, host: seed.host } : to);
    const torrent = await add(scene, magnet(scene, { peers: [{ host: "seed.example", port: 6881 }] }));
    await world.run(60_000);
    assert.equal(torrent.state, "metadata");
    isKnown = true;
    await world.until("complete", () => torrent.state === "seeding", 30 * 60_000);
  });
});

describe("v2 without piece layers", () => {
  for (const kind of ["v2", "hybrid"] as const) {
    test(`${kind}: they come from a peer, and are kept`, async () => {
      const scene = await open(kind);
      const { world, made, seed, node } = scene;
      const bare = { ...made.metainfo, pieceLayers: new Map() };
      const torrent = await world.finish(
        node.session.add({ torrentBytes: encodeTorrent(bare), downloadDir: "/out", peers: [seed.endpoint] }),
      );
      await world.until("complete", () => torrent.state === "seeding");
      for (const [path, bytes] of made.files)
        assert.deepEqual(node.disk.files.get(`/out/${made.metainfo.name}/${path}`)?.bytes, bytes);
    });
  }

  test("who has the data and not the layers can tell them all the same", async () => {
    const scene = await open("v2", { lacksLayers: true });
    const { world, made, node, seed } = scene;
    const bare = { ...made.metainfo, pieceLayers: new Map() };
    const torrent = await world.finish(
      node.session.add({ metainfo: bare, downloadDir: "/out", peers: [seed.endpoint] }),
    );
    await world.run(60_000);
    assert.equal(torrent.state, "seeding", JSON.stringify(torrent.stats().waiting));
  });
});

test("a file list of several megabytes comes from two peers, and from one that is left", async () => {
  const world = new SimulatedWorld();
  const name = "n".repeat(190);
  const sizes = Object.fromEntries(Array.from({ length: 12_000 }, (_, i) => [`${i}-${name}`, 1]));
  const made = await world.make(sizes, { kind: "v1", pieceLength: PIECE });
  assert.ok(made.metainfo.infoBytes.length > 2 * 1024 * 1024);
  const seeds: Node[] = [];
  for (let i = 0; i < 2; i++) {
    const seed = await world.node({ link: { up: 200_000, down: 200_000, latencyMs: 20, loss: 0 } });
    world.write(seed, made, "/data");
    await world.finish(
      seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true }),
    );
    seeds.push(seed);
  }
  const node = await world.node();
  const torrent = await world.finish(
    node.session.add({
      magnet: formatMagnet({
        infoHashes: made.metainfo.infoHashes,
        name: null,
        trackers: [],
        webSeeds: [],
        peers: seeds.map(({ endpoint }) => endpoint),
        exactLength: null,
        selectOnly: null,
      }),
      downloadDir: "/out",
    }),
  );
  await world.run(4_000);
  assert.equal(torrent.metainfo, null);
  seeds[0]!.kill();
  await world.until("the file list", () => torrent.metainfo !== null, 60_000);
  await world.finish(node.session.close());
});
