import assert from "node:assert/strict";
import { test } from "node:test";
import type { Delivery } from "@shoal/engine";
import type { Session } from "@shoal/engine/composition";
import { IDEAL_LINK, type RangeServer, SimulatedWorld } from "@shoal/sim";

const PIECE = 65_536;

function sum(deliveries: readonly Delivery[], direction: "down" | "up"): number {
  return deliveries
    .filter((delivery) => delivery.direction === direction)
    .reduce((bytes, delivery) => bytes + delivery.bytes, 0);
}

/** Notes everything that a session moves. */
function noted(session: Session): () => readonly Delivery[] {
  const all: Delivery[] = [];
  session.deliveries.open(10_000, () => undefined);
  return () => {
    all.push(...session.deliveries.take().deliveries);
    return all;
  };
}

test("a row for each piece and peer: together they are all that was moved, on both sides", async () => {
  const world = new SimulatedWorld({ seed: 3 });
  const made = await world.make({ "a/film": 40 * PIECE + 5, "a/text": 70_000 }, { pieceLength: PIECE });
  const link = { ...IDEAL_LINK, up: 2_000_000, latencyMs: 5 };
  const seeds = await Promise.all([world.node({ link }), world.node({ link })]);
  const given = seeds.map(({ session }) => noted(session));
  for (const seed of seeds) {
    world.write(seed, made, "/data");
    await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  }
  await world.settle();
  const leech = await world.node();
  const got = noted(leech.session);
  const torrent = await world.finish(
    leech.session.add({
      metainfo: made.metainfo,
      downloadDir: "/out",
      peers: seeds.map(({ endpoint }) => endpoint),
    }),
  );
  await world.until("a seed", () => torrent.state === "seeding");
  await world.run(20_000);
  const { downloaded, wasted } = torrent.stats();
  assert.equal(sum(got(), "down"), downloaded - wasted);
  assert.equal(leech.session.traffic.down.total, downloaded);
  assert.ok(got().every(({ party }) => party?.kind === "peer" && party.client.startsWith("Shoal")));
  const keys = got().map(({ piece, party }) => `${piece} ${party?.address}`);
  assert.equal(new Set(keys).size, keys.length, "one row for each piece and peer");
  const addresses = new Set(got().map(({ party }) => party?.address));
  assert.equal(addresses.size, 2);
  for (const [at, seed] of seeds.entries()) {
    const rows = given[at]!();
    assert.equal(sum(rows, "up"), seed.session.torrents()[0]!.stats().uploaded);
    assert.ok(rows.length > 0);
  }
  const paths = new Set(got().map(({ content, file }) => content.pathOf(file)));
  assert.equal(paths.size, 2);
});

test("a piece that spans files has a row for each of them", async () => {
  const world = new SimulatedWorld({ seed: 5 });
  const sizes = { a: PIECE + 1_000, b: 7, c: 30_000, d: 2 * PIECE };
  const files = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [`all/${name}`, size]));
  const made = await world.make(files, { pieceLength: PIECE, kind: "v1" });
  const seed = await world.node();
  const given = noted(seed.session);
  world.write(seed, made, "/data");
  await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  await world.settle();
  const leech = await world.node();
  const got = noted(leech.session);
  const torrent = await world.finish(
    leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [seed.endpoint] }),
  );
  await world.until("a seed", () => torrent.state === "seeding");
  await world.run(20_000);
  for (const rows of [got(), given()]) {
    const bytes: Record<string, number> = {};
    for (const row of rows) {
      const name = row.content.pathOf(row.file).slice(-1);
      bytes[name] = (bytes[name] ?? 0) + row.bytes;
    }
    assert.deepEqual(bytes, sizes);
    const second = rows.filter(({ piece }) => piece === 1).map(({ file, bytes: some }) => [file, some]);
    assert.deepEqual(
      second.toSorted(([a], [b]) => a! - b!),
      [
        [0, 1_000],
        [1, 7],
        [2, 30_000],
        [3, PIECE - 31_007],
      ],
    );
  }
});

test("what a web seed gave is a row, and what was sent of a piece that nobody finished", async () => {
  const world = new SimulatedWorld({ seed: 4 });
  const made = await world.make(
    { film: 20 * PIECE },
    { pieceLength: PIECE, webSeeds: ["http://u:p@a.example/"] },
  );
  const server: RangeServer = (_url, from, to) => {
    const bytes = made.files.get("film")!;
    const headers = new Map([["content-range", `bytes ${from}-${to - 1}/${bytes.length}`]]);
    return { status: 206, headers, body: bytes.slice(from, to), bytesPerSecond: 1_000_000 };
  };
  world.web.serveRanges("a.example", server);
  const first = await world.node();
  const got = noted(first.session);
  const torrent = await world.finish(first.session.add({ metainfo: made.metainfo, downloadDir: "/out" }));
  await world.until("a seed", () => torrent.state === "seeding");
  assert.equal(sum(got(), "down"), 20 * PIECE);
  const parties = new Set(got().map(({ party }) => party));
  assert.deepEqual([...parties], [{ kind: "web-seed", address: "http://a.example/", client: "" }]);

  const slow = await world.node({ link: { ...IDEAL_LINK, down: 30_000 } });
  const second = await world.finish(
    slow.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers: [first.endpoint] }),
  );
  await world.until("something", () => second.stats().downloaded > 20_000);
  await world.finish(slow.session.remove(second));
  await world.run(1_000);
  assert.equal(sum(got(), "up"), torrent.stats().uploaded);
  assert.ok(sum(got(), "up") > 0);
});
