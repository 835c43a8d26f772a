import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CreateOptions, Torrent, TorrentEvent } from "@shoal/engine/composition";
import { type Made, type Node, type RangeServer, SimulatedWorld } from "@shoal/sim";

const MIB = 1024 * 1024;
const PIECE = 65_536;
const BLOCK = 16_384;
const SINGLE = { "film.bin": 2 * MIB + 12_345 };

type Answer = NonNullable<ReturnType<RangeServer>>;

/** A web server that has what the torrent says; `change` may spoil its answers. */
function honest(
  made: Made,
  bytesPerSecond: number = 10 * MIB,
  change: (answer: Answer, path: string, from: number) => Answer | null = (answer) => answer,
): RangeServer {
  return (url, from, to) => {
    const [, ...names] = decodeURIComponent(url.pathname).split("/");
    const path = (made.metainfo.multiFile ? names.slice(1) : names).join("/");
    const bytes = made.files.get(path);
    if (bytes === undefined)
      return { status: 404, headers: new Map(), body: new Uint8Array(0), bytesPerSecond };
    const range = `bytes ${from}-${to - 1}/${bytes.length}`;
    const headers = new Map([["content-range", range]]);
    return change({ status: 206, headers, body: bytes.slice(from, to), bytesPerSecond }, path, from);
  };
}

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly node: Node;
  readonly torrent: Torrent;
  readonly events: TorrentEvent[];
}

type Seeds = Readonly<Record<string, (made: Made) => RangeServer>>;

async function begin(
  sizes: Readonly<Record<string, number>>,
  options: CreateOptions,
  seeds: Seeds,
  peers: (world: SimulatedWorld, made: Made) => Promise<{ host: string; port: number }[]> = () =>
    Promise.resolve([]),
): Promise<Scene> {
  const world = new SimulatedWorld();
  world.checkInvariants();
  const webSeeds = Object.keys(seeds).map((host) => `http://${host}/`);
  const made = await world.make(sizes, { pieceLength: PIECE, ...options, webSeeds });
  for (const [host, server] of Object.entries(seeds)) world.web.serveRanges(host, server(made));
  const node = await world.node();
  const events: TorrentEvent[] = [];
  const torrent = await world.finish(
    node.session.add({
      metainfo: made.metainfo,
      downloadDir: "/out",
      peers: await peers(world, made),
      listener: (event) => void events.push(event),
    }),
  );
  return { world, made, node, torrent, events };
}

async function complete({ world, made, node, torrent }: Scene, ms: number = 60_000): Promise<void> {
  await world.until("complete", () => torrent.state === "seeding", ms);
  for (const [path, bytes] of made.files) {
    const at = made.metainfo.multiFile ? `/out/${made.metainfo.name}/${path}` : `/out/${path}`;
    assert.deepEqual(node.disk.files.get(at)?.bytes, bytes);
  }
}

/** A session that has everything, at a speed. */
async function peer(world: SimulatedWorld, made: Made, up: number): Promise<{ host: string; port: number }> {
  const node = await world.node({ link: { up, down: up, latencyMs: 10, loss: 0 } });
  world.write(node, made, "/data");
  await node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  await world.settle();
  return node.endpoint;
}

function troubles(events: readonly TorrentEvent[], host: string): (string | null)[] {
  const found: (string | null)[] = [];
  for (const event of events)
    if (event.type === "web-seed" && !event.ok && event.url.includes(host)) found.push(event.message);
  return found;
}

/** It has never heard of ranges. */
const withoutRanges = (made: Made): RangeServer => {
  const whole = honest(made);
  return (url) => {
    const answer = whole(url, 0, Number.MAX_SAFE_INTEGER);
    return answer === null || answer.status !== 206 ? answer : { ...answer, status: 200, headers: new Map() };
  };
};

const spoilt = (answer: Answer): Answer => ({ ...answer, body: answer.body.map((byte) => byte ^ 1) });

describe("web seeds", () => {
  for (const kind of ["v1", "v2", "hybrid"] as const) {
    test(`${kind}: with no peer at all everything comes, in few requests and nothing twice`, async () => {
      const scene = await begin(SINGLE, { kind }, { "a.example": (made) => honest(made) });
      await complete(scene);
      assert.equal(scene.torrent.stats().wasted, 0);
      assert.ok(scene.world.web.asked.length <= 12, `${scene.world.web.asked.length} requests`);
      await scene.world.run(1_000);
      assert.deepEqual(
        scene.torrent.webSeeds().map(({ state, requests }) => ({ state, requests })),
        [{ state: "idle", requests: 0 }],
      );
    });

    test(`${kind}: pieces that span files, and pads`, async () => {
      const sizes = { "a b": 5, "c%20": PIECE, "d/e": 3 * PIECE + 1, "d/ü": 100_000, z: 1 };
      await complete(await begin(sizes, { kind }, { "a.example": (made) => honest(made) }));
    });

    test(`${kind}: who sends wrong data is banned, and what it sent comes from the other`, async () => {
      const scene = await begin(
        SINGLE,
        { kind },
        {
          "bad.example": (made) => honest(made, MIB, spoilt),
          "good.example": (made) => honest(made, MIB),
        },
      );
      await complete(scene, 120_000);
      const [bad, good] = scene.torrent.webSeeds();
      assert.equal(bad!.state, "banned");
      assert.notEqual(good!.state, "banned");
      assert.equal(troubles(scene.events, "good.example").length, 0);
      assert.equal(scene.torrent.stats().downloaded - scene.torrent.stats().wasted, 2 * MIB + 12_345);
    });
  }

  for (const kind of ["v1", "hybrid"] as const) {
    test(`${kind}: a server without ranges gives its files in one go each`, async () => {
      const sizes = { "a.bin": 12 * MIB + 5, "b.bin": 5, "c.bin": 9 * MIB + 1 };
      const scene = await begin(sizes, { kind }, { "a.example": withoutRanges });
      await complete(scene);
      const sent = scene.world.web.asked.length;
      assert.ok(sent <= 10, `${sent} requests`);
      assert.ok(scene.torrent.stats().wasted <= 8 * MIB, `${scene.torrent.stats().wasted} bytes in vain`);
      assert.deepEqual(troubles(scene.events, "a.example"), []);
    });
  }

  test("from a server without ranges no more comes than what is lacking, and peers add to it", async () => {
    const scene = await begin(
      { "a.bin": 24 * MIB },
      { kind: "v2" },
      { "a.example": withoutRanges },
      async (world, made) => [await peer(world, made, 8 * MIB)],
    );
    await complete(scene);
    assert.ok(scene.torrent.stats().peers > 0);
    assert.ok(scene.world.now() < 10_000, `${scene.world.now()} ms`);
  });

  test("one wrong block among peers is found out, and no peer is blamed", async () => {
    const scene = await begin(
      SINGLE,
      { kind: "v1" },
      {
        "bad.example": (made) =>
          honest(made, MIB, (answer, _path, from) => {
            answer.body[(3 * PIECE + 2 * BLOCK + 7 - from) % answer.body.length]! ^= 1;
            return answer;
          }),
      },
      async (world, made) => [await peer(world, made, MIB / 4), await peer(world, made, MIB / 4)],
    );
    await complete(scene, 300_000);
    assert.ok(!scene.events.some(({ type }) => type === "banned"));
    assert.equal(scene.torrent.webSeeds()[0]!.state, "banned");
  });

  test("a server that is down is asked again, less and less often, and delivers when it is back", async () => {
    let isUp = false;
    const scene = await begin(
      SINGLE,
      { kind: "v2" },
      {
        "a.example": (made) => honest(made, MIB, (answer) => (isUp ? answer : { ...answer, status: 500 })),
      },
    );
    const { world, torrent, events } = scene;
    await world.run(10 * 60_000);
    const asked = world.web.asked.length;
    assert.ok(asked >= 4 && asked <= 24, `${asked} requests`);
    assert.ok(troubles(events, "a.example").every((message) => /status 500/.test(message!)));
    assert.equal(torrent.stats().waiting?.code, "web-server-down");
    assert.equal(torrent.webSeeds()[0]!.state, "waiting");
    isUp = true;
    await complete(scene, 20 * 60_000);
    const last = events.findLast(({ type }) => type === "web-seed");
    assert.ok(last?.type === "web-seed" && last.ok);
  });

  test("nobody is asked before the time that a busy server named", async () => {
    let asked = 0;
    const scene = await begin(
      SINGLE,
      { kind: "v2" },
      {
        "a.example": (made) =>
          honest(made, MIB, (answer) =>
            ++asked > 1 ? answer : { ...answer, status: 503, headers: new Map([["retry-after", "300"]]) },
          ),
      },
    );
    await scene.world.run(295_000);
    assert.equal(asked, 1);
    await complete(scene);
  });

  test("a server that falls silent costs nobody the last piece", async () => {
    const scene = await begin(
      SINGLE,
      { kind: "v1" },
      { "a.example": (made) => honest(made, MIB, (answer, _path, from) => (from > MIB ? null : answer)) },
      async (world, made) => [await peer(world, made, MIB / 8)],
    );
    await complete(scene, 40_000);
  });

  test("a file that is not there is asked for once, the rest comes, and later it is asked for again", async () => {
    let isThere = false;
    const scene = await begin(
      { a: 300_000, b: 300_000 },
      { kind: "hybrid" },
      {
        "a.example": (made) =>
          honest(made, MIB, (answer, path) =>
            path === "b" && !isThere ? { ...answer, status: 404, body: new Uint8Array(0) } : answer,
          ),
      },
    );
    const { world, torrent } = scene;
    await world.run(60_000);
    assert.equal(torrent.stats().piecesHave, 5);
    const before = world.web.asked.length;
    await world.run(30 * 60_000);
    assert.equal(world.web.asked.length, before);
    isThere = true;
    await complete(scene, 60 * 60_000);
  });

  test("while a peer that has everything is ten times as fast a server is spared, and asked again when the peer goes", async () => {
    let seed: Node | null = null;
    const scene = await begin(
      { "film.bin": 120 * MIB },
      { kind: "v1", pieceLength: 16 * PIECE },
      { "a.example": (made) => honest(made, MIB / 100) },
      async (world, made) => {
        const { host, port } = await peer(world, made, MIB);
        seed = world.nodes.at(-1)!;
        return [{ host, port }];
      },
    );
    const { world, torrent } = scene;
    await world.run(45_000);
    assert.equal(torrent.webSeeds()[0]!.state, "idle");
    const asked = world.web.asked.length;
    await world.run(30_000);
    assert.equal(world.web.asked.length, asked);
    assert.equal(torrent.state, "downloading");
    seed!.kill();
    await world.run(5_000);
    assert.ok(world.web.asked.length > asked);
    assert.equal(torrent.stats().wasted, 0);
  });

  test("a server that has none of many files is not asked for all of them in a row", async () => {
    const sizes = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`file ${i}`, 1_000]));
    const scene = await begin(
      sizes,
      { kind: "v2" },
      {
        "a.example": () => () => ({
          status: 404,
          headers: new Map(),
          body: new Uint8Array(0),
          bytesPerSecond: MIB,
        }),
      },
    );
    await scene.world.run(60_000);
    const asked = scene.world.web.asked.length;
    assert.ok(asked >= 8 && asked <= 60, `${asked} requests`);
    // But for those under way when the pause began, nothing is asked for twice.
    const different = new Set(scene.world.web.asked.map(({ href }) => href)).size;
    assert.ok(different >= asked - 9, `${different} of ${asked}`);
    assert.match(troubles(scene.events, "a.example").at(-1)!, /none of the files/);
  });

  const DECEPTIONS: Record<string, (answer: Answer) => Answer> = {
    "a body that ends too early": (answer) => ({ ...answer, body: answer.body.subarray(0, 100) }),
    "another range": (answer) => ({ ...answer, headers: new Map([["content-range", "bytes 0-9/20"]]) }),
    "a range without end": (answer) => ({ ...answer, body: new Uint8Array(64 * MIB) }),
    "no range at all": (answer) => ({ ...answer, status: 200, headers: new Map() }),
    compression: (answer) => ({
      ...answer,
      headers: new Map([...answer.headers, ["content-encoding", "gzip"]]),
    }),
  };
  for (const [what, deceive] of Object.entries(DECEPTIONS)) {
    test(`${what}: the peers' data is unharmed, and the server left in peace`, async () => {
      const scene = await begin(
        { "film.bin": 6 * MIB },
        { kind: "hybrid" },
        { "a.example": (made) => honest(made, 100 * MIB, deceive) },
        async (world, made) => [await peer(world, made, MIB)],
      );
      await complete(scene, 60_000);
      assert.ok(scene.world.web.asked.length <= 40, `${scene.world.web.asked.length} requests`);
    });
  }

  test("what is paused, or not wanted, asks nobody", async () => {
    const scene = await begin(
      { a: 600_000, b: 600_000 },
      { kind: "v2" },
      {
        "a.example": (made) => honest(made, 100_000),
      },
    );
    const { world, torrent, node } = scene;
    await world.run(1_000);
    await world.finish(torrent.pause());
    const asked = world.web.asked.length;
    await world.run(60_000);
    assert.equal(world.web.asked.length, asked);
    await world.finish(torrent.setFilePriorities(new Map([[0, 0]])));
    torrent.resume();
    await world.until("the one file is there", () => torrent.state === "finished");
    assert.ok(world.web.asked.slice(asked).every(({ pathname }) => pathname.endsWith("/b")));
    const idle = world.events;
    await world.run(600_000);
    assert.ok(world.events - idle < 100, `${world.events - idle} events while there is nothing to do`);
    await world.finish(node.session.close());
  });

  test("files have the torrent's names there, whatever they are called here", async () => {
    const scene = await begin(
      { a: 600_000, b: 600_000 },
      { kind: "hybrid" },
      {
        "a.example": (made) => honest(made, MIB / 4),
      },
    );
    const { world, torrent, made, node } = scene;
    await world.finish(torrent.renameFile(0, `${made.metainfo.name}/other name`));
    await world.until("complete", () => torrent.state === "seeding");
    assert.deepEqual(
      node.disk.files.get(`/out/${made.metainfo.name}/other name`)?.bytes,
      made.files.get("a"),
    );
  });

  test("what stood still because the disk was behind goes on after a pause", async () => {
    const world = new SimulatedWorld();
    world.checkInvariants();
    const webSeeds = ["http://a.example/"];
    const made = await world.make({ "film.bin": 8 * MIB }, { kind: "v1", pieceLength: PIECE, webSeeds });
    world.web.serveRanges("a.example", honest(made, 50 * MIB));
    const diskSpec = { slotCount: 8, latencyMs: 0, rate: 200_000, disorderMs: 0 };
    const node = await world.node({ diskSpec });
    const torrent = await world.finish(node.session.add({ metainfo: made.metainfo, downloadDir: "/out" }));
    await world.until("no room is left", () => node.session.inUse().slots === 8);
    await world.finish(torrent.pause());
    torrent.resume();
    await world.until("complete", () => torrent.state === "seeding", 600_000);
  });

  test("who is not read because the disk is behind is not silent", async () => {
    const world = new SimulatedWorld();
    const webSeeds = ["http://a.example/"];
    const made = await world.make({ "film.bin": 6 * MIB }, { kind: "v1", pieceLength: PIECE, webSeeds });
    world.web.serveRanges("a.example", honest(made, 50 * MIB));
    const node = await world.node({
      diskSpec: { slotCount: 8, latencyMs: 0, rate: 20_000, disorderMs: 0 },
    });
    const events: TorrentEvent[] = [];
    const torrent = await world.finish(
      node.session.add({
        metainfo: made.metainfo,
        downloadDir: "/out",
        peers: [await peer(world, made, 50 * MIB)],
        listener: (event) => void events.push(event),
      }),
    );
    await world.until("complete", () => torrent.state === "seeding", 1_000_000);
    assert.deepEqual(troubles(events, "a.example"), []);
    assert.deepEqual(
      node.session.reputations().filter(({ score }) => score < 0),
      [],
    );
  });
});

test("a speed limit holds for web seeds, of one torrent and of the session", async () => {
  const scene = await begin(SINGLE, { kind: "v1" }, { "web.example": honest });
  const { world, node, torrent } = scene;
  const rateOf = async (seconds: number): Promise<number> => {
    const before = torrent.stats().downloaded;
    await world.run(seconds * 1_000);
    return (torrent.stats().downloaded - before) / seconds;
  };
  torrent.setLimits({ down: 50_000 });
  await world.run(2_000);
  const slow = await rateOf(10);
  assert.ok(Math.abs(slow / 50_000 - 1) < 0.05, `${slow}`);
  torrent.setLimits({ down: null });
  node.session.limits.setSpeeds({ down: 100_000 });
  await world.run(2_000);
  const faster = await rateOf(5);
  assert.ok(Math.abs(faster / 100_000 - 1) < 0.05, `${faster}`);
  node.session.limits.setSpeeds({ down: null });
  await complete(scene, 5_000);
});
