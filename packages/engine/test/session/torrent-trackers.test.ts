import assert from "node:assert/strict";
import { test } from "node:test";
import { ShoalError } from "../../dist/base/errors.js";
import type { TorrentRow } from "../../dist/session/torrent-row.js";
import { type Made, type Node, SimulatedTracker, SimulatedWorld } from "@shoal/sim";

const MINUTE = 60_000;
const url = (host: string): string => `http://${host}.example/announce`;

interface Scene {
  readonly world: SimulatedWorld;
  readonly made: Made;
  readonly node: Node;
  /** What was asked since the last call: host, and event or path. */
  readonly asked: () => string[];
}

async function scene(
  trackers: readonly (readonly string[])[],
  options: { readonly private?: boolean } = {},
): Promise<Scene> {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 300_000 }, { kind: "v1", pieceLength: 32_768, trackers, ...options });
  const node = await world.node();
  world.write(node, made, "/out");
  const asked = (): string[] =>
    world.web.asked.splice(0).map(({ hostname, pathname, searchParams }) => {
      const what = pathname === "/scrape" ? "scrape" : (searchParams.get("event") ?? "again");
      return `${hostname.replace(".example", "")} ${what}`;
    });
  return { world, made, node, asked };
}

test("Torrent.trackers: known before anybody was asked, and what they say while it runs", async () => {
  const { world, made, node, asked } = await scene([[url("a")], [url("b"), "wss://c.example/"]]);
  world.web.serve("b.example", new SimulatedTracker(world.rng).server);
  world.web.serve("a.example", () => "refused");
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", paused: true });
  const brief = (): string[] =>
    torrent.trackers().map(({ url: at, tier, state }) => `${tier} ${at} ${state}`);
  assert.deepEqual(brief().toSorted(), [
    `0 ${url("a")} idle`,
    `1 ${url("b")} idle`,
    "1 wss://c.example/ idle",
  ]);
  torrent.resume();
  await world.until("b has answered", () => torrent.trackers().some(({ state }) => state === "ok"));
  assert.deepEqual(brief(), [`0 ${url("a")} failed`, `1 ${url("b")} ok`, "1 wss://c.example/ idle"]);
  assert.match(torrent.trackers()[0]!.message!, /refuses connections/);
  assert.deepEqual(asked(), ["a started", "b started"]);
  await world.finish(torrent.pause());
  assert.deepEqual(asked(), ["b stopped"]);
  assert.deepEqual([torrent.trackers()[1]!.state, torrent.trackers()[1]!.nextAnnounceAt], ["ok", null]);
});

test("Torrent.addTrackers and removeTracker: at any time, and the next run has them from the row", async () => {
  const { world, made, node, asked } = await scene([[url("a")]]);
  const load = (): Promise<Uint8Array> => Promise.resolve(made.torrentBytes);
  const torrent = await node.session.add({ metainfo: made.metainfo, load, downloadDir: "/out" });
  await world.run(1_000);
  assert.deepEqual(asked(), ["a started"]);
  torrent.addTrackers([url("b"), url("a")]);
  await world.run(1_000);
  assert.deepEqual(asked(), ["b started"]);
  assert.throws(
    () => torrent.addTrackers([url("d"), "ftp://e.example/"]),
    (error: unknown) => error instanceof ShoalError && error.code === "ERR_INVALID_ARGUMENT",
  );
  assert.equal(torrent.removeTracker(url("x")), false);
  assert.equal(torrent.removeTracker(url("a")), true);
  await world.run(1_000);
  assert.deepEqual(asked(), ["a stopped"]);
  assert.deepEqual(torrent.row()?.trackers, [[url("b")]]);

  await world.run(5 * MINUTE);
  assert.ok(torrent.isAtRest);
  torrent.addTrackers([url("c")]);
  await world.run(1_000);
  assert.ok(torrent.isAtRest);
  const row = JSON.parse(JSON.stringify(torrent.row())) as TorrentRow;
  assert.deepEqual(row.trackers, [[url("b")], [url("c")]]);
  await world.finish(torrent.recheck());
  assert.deepEqual(
    torrent.trackers().map(({ url: at }) => at),
    [url("b"), url("c")],
    "waking up does not bring back what was taken out",
  );
  asked();
  await world.finish(node.session.close());
  assert.deepEqual(asked().toSorted(), ["b stopped", "c stopped"]);

  const next = await world.node({ disk: node.disk, store: node.store });
  const again = await next.session.add({ row, load, downloadDir: "/out" });
  await world.finish(again.recheck());
  await world.run(MINUTE);
  assert.deepEqual([...new Set(asked())], ["b started"]);
  assert.deepEqual(again.row()?.trackers, row.trackers);
});

test("Torrent.addTrackers: a torrent that had none begins to announce", async () => {
  const { world, made, node, asked } = await scene([]);
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(1_000);
  assert.deepEqual([asked(), torrent.trackers()], [[], []]);
  torrent.addTrackers([url("a")]);
  await world.run(1_000);
  assert.deepEqual(asked(), ["a started"]);
});

test("Torrent.scrape: of a torrent that is paused, at rest or not", async () => {
  const { world, made, node, asked } = await scene([[url("a")]]);
  const load = (): Promise<Uint8Array> => Promise.resolve(made.torrentBytes);
  const torrent = await node.session.add({
    metainfo: made.metainfo,
    load,
    downloadDir: "/out",
    paused: true,
  });
  const name = Buffer.from(made.metainfo.infoHashes.v1!);
  world.web.serve("a.example", () =>
    Buffer.concat([
      Buffer.from("d5:filesd20:"),
      name,
      Buffer.from("d8:completei3e10:downloadedi9e10:incompletei4eeee"),
    ]),
  );
  await world.finish(torrent.scrape());
  const [status] = torrent.trackers();
  assert.deepEqual([status!.state, status!.seeds, status!.leechers, status!.downloaded], ["idle", 3, 4, 9]);
  assert.deepEqual(asked(), ["a scrape"]);
});

test("A private torrent asks one tracker at a time, and says good-bye only to whom it met (BEP 27)", async () => {
  const { world, made, node, asked } = await scene([[url("a")], [url("b")]], { private: true });
  world.web.serve("a.example", () => null);
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(25_000);
  assert.deepEqual(asked(), ["a started"], "a silent tracker is waited for");
  await world.run(10_000);
  assert.deepEqual(asked(), ["b started"]);
  await world.finish(torrent.scrape());
  assert.deepEqual(asked(), ["b scrape"]);
  await world.finish(node.session.close());
  assert.deepEqual(asked(), ["b stopped"]);
});

test("A session that ends with hundreds of torrents says good-bye to a slow tracker for three seconds at most", async () => {
  const { world, made, node } = await scene([]);
  const load = (): Promise<Uint8Array> => Promise.resolve(made.torrentBytes);
  let isSlow = false;
  const tracker = new SimulatedTracker(world.rng);
  world.web.serve("slow.example", (at, from) => (isSlow ? null : tracker.server(at, from)));
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.until("complete", () => torrent.state === "seeding");
  const row = { ...torrent.row()!, trackers: [[url("slow")]] };
  for (let i = 0; i < 300; i++) {
    const v1 = i.toString(16).padStart(40, "0");
    await world.finish(node.session.add({ row: { ...row, v1 }, load, downloadDir: "/out" }));
  }
  await world.run(MINUTE);
  assert.equal(tracker.announces, 300);
  isSlow = true;
  world.web.asked.length = 0;
  const began = world.now();
  await world.finish(node.session.close());
  assert.ok(world.now() - began <= 3_100, `${world.now() - began} ms`);
  assert.ok(world.web.asked.length <= 12, `${world.web.asked.length} connections to one host at a time`);
  assert.equal(world.timers, 0);
});

test("Torrent.addTrackers: the first one after all were taken out during a pause is asked", async () => {
  const { world, made, node, asked } = await scene([[url("a")]]);
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
  await world.run(1_000);
  await world.finish(torrent.pause());
  assert.equal(torrent.removeTracker(url("a")), true);
  torrent.resume();
  await world.run(1_000);
  assert.deepEqual(asked(), ["a started", "a stopped"]);
  torrent.addTrackers([url("b")]);
  await world.run(1_000);
  assert.deepEqual(asked(), ["b started"]);
});

test("Torrent.scrape: the end of the session is the end of it, and nothing is asked after that", async () => {
  const { world, made, node, asked } = await scene([[url("a")]]);
  world.web.serve("a.example", () => null);
  const torrent = await node.session.add({ metainfo: made.metainfo, downloadDir: "/out", paused: true });
  const early = torrent.scrape();
  await world.finish(node.session.close());
  await world.finish(early, 0);
  await world.finish(torrent.scrape(), 0);
  assert.equal(node.clock.timers, 0);
  assert.deepEqual(asked(), []);
});

for (const [obfuscation, said] of [
  ["prefer", "supportcrypto"],
  ["require", "requirecrypto"],
  ["off", undefined],
] as const) {
  test(`a tracker hears what connections we take: ${obfuscation}`, async () => {
    const world = new SimulatedWorld();
    const made = await world.make(
      { file: 300_000 },
      { kind: "v1", pieceLength: 32_768, trackers: [[url("a")]] },
    );
    const node = await world.node({ config: { obfuscation } });
    world.web.serve("a.example", new SimulatedTracker(world.rng).server);
    await node.session.add({ metainfo: made.metainfo, downloadDir: "/out" });
    await world.run(1_000);
    const names = [...world.web.asked[0]!.searchParams.keys()];
    assert.equal(
      names.find((name) => name.endsWith("crypto")),
      said,
    );
  });
}

test("our own address, which trackers name like all others, is no peer that fails", async () => {
  const { world, made, node } = await scene([]);
  const failed: string[] = [];
  const torrent = await node.session.add({
    metainfo: made.metainfo,
    downloadDir: "/empty",
    peers: [node.endpoint],
    listener: (event) => void (event.type === "peer-failed" && failed.push(event.error.message)),
  });
  await world.run(2_000);
  assert.deepEqual(failed, []);
  assert.equal(torrent.stats().waiting?.code, "no-peers");
});
