import assert from "node:assert/strict";
import { test } from "node:test";
import { type Made, type Node, type ScriptedPeer, SimulatedWorld } from "@shoal/sim";
import type { Endpoint } from "../../dist/ports/net.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";
import { log, seedNode } from "./hardening-tools.ts";
import { liar, LINK } from "./liar.ts";

const OPTIONS = { kind: "v1", pieceLength: 65_536 } as const;

async function add(
  node: Node,
  made: Made,
  peers: readonly Endpoint[],
  events: TorrentEvent[] = [],
): Promise<Torrent> {
  const { metainfo } = made;
  const downloadDir = `/out/${metainfo.name}`;
  return node.session.add({ metainfo, downloadDir, peers, listener: log(events) });
}

/** A session that has found out a liar, who is there in another torrent as well. */
async function scene(
  world: SimulatedWorld,
): Promise<{ node: Node; first: Made; second: Made; bad: Endpoint }> {
  const first = await world.make({ first: 2_000_000 }, OPTIONS);
  const second = await world.make({ second: 1_000_000 }, OPTIONS);
  const seed = await seedNode(world, first, "/data", { link: LINK });
  const node = await world.node();
  const bad = await liar(world, first, (count) => count % 10 === 5);
  const torrent = await add(node, first, [bad, seed.endpoint]);
  await world.until("complete", () => torrent.state === "seeding");
  assert.equal(node.session.reputations()[0]!.host, bad.host);
  return { node, first, second, bad };
}

test("who is banned in one torrent is turned away in all, also where it is connected already", async () => {
  const world = new SimulatedWorld();
  const first = await world.make({ first: 2_000_000 }, OPTIONS);
  const second = await world.make({ second: 1_000_000 }, OPTIONS);
  const seed = await seedNode(world, first, "/data", { link: LINK });
  const node = await world.node();
  const sly = await liar(world, first, (count) => count === 30);
  const events: TorrentEvent[] = [];
  const torrent = await add(node, first, [sly, seed.endpoint]);
  // The same host, known to the other torrent under another port, says nothing there.
  const quiet = await world.net.from(sly.host).listen({ ports: [7000] }, () => undefined);
  const other = await add(node, second, [quiet.endpoint], events);
  await world.until("complete", () => torrent.state === "seeding");
  assert.equal(node.session.reputations()[0]!.ban?.cause, "proof");
  await world.run(60_000);
  assert.equal(other.stats().peers, 0);
  const failures = events.filter(({ type }) => type === "peer-failed").length;
  // It is not dialled again.
  await world.run(600_000);
  assert.equal(events.filter(({ type }) => type === "peer-failed").length, failures);
});

test("a session that starts again remembers the ban, and forgets it when a person forgives", async () => {
  const world = new SimulatedWorld();
  const { node, second, bad } = await scene(world);
  await world.finish(node.session.close());
  const again = await world.node({ disk: node.disk, store: node.store });
  const [worst] = again.session.reputations();
  assert.equal(worst!.host, bad.host);
  assert.match(worst!.ban!.reason, /^sent a (block|piece) that/);
  assert.equal(worst!.score, -100);
  let greeted = 0;
  const met = await world.listen(second, {}, (peer) => {
    greeted++;
    peer.out.haveAll();
    peer.say();
  });
  const torrent = await add(again, second, [bad, met]);
  await world.run(30_000);
  assert.equal(greeted, 1);
  assert.equal(torrent.stats().peers, 1);
  assert.equal(again.session.forgive(bad.host), true);
  assert.equal(again.session.forgive(bad.host), false);
  assert.equal(
    again.session.reputations().some(({ ban }) => ban !== null),
    false,
  );
  // Also after another start, although an older record said otherwise.
  await world.finish(again.session.close());
  const third = await world.node({ disk: node.disk, store: node.store });
  assert.equal(
    third.session.reputations().some(({ ban }) => ban !== null),
    false,
  );
});

test("what is new of peers is saved after some minutes: a killed process loses little", async () => {
  const world = new SimulatedWorld();
  const { node, bad } = await scene(world);
  assert.equal(node.store.small.size, 0);
  await world.run(6 * 60_000);
  const store = node.store.copy();
  node.kill();
  const again = await world.node({ disk: node.disk, store });
  assert.equal(again.session.reputations()[0]!.host, bad.host);
});

test("two sessions on one state directory don't lose each other's bans", async () => {
  const world = new SimulatedWorld();
  const one = await scene(world);
  const two = await world.node({ store: one.node.store });
  const made = await world.make({ third: 2_000_000 }, OPTIONS);
  const seed = await seedNode(world, made, "/data", { link: LINK });
  const bad = await liar(world, made, (count) => count % 10 === 5);
  const torrent = await add(two, made, [bad, seed.endpoint]);
  await world.until("complete", () => torrent.state === "seeding");
  await world.finish(two.session.close());
  await world.finish(one.node.session.close());
  const last = await world.node({ store: one.node.store });
  const banned = last.session.reputations().flatMap(({ host, ban }) => (ban === null ? [] : [host]));
  assert.deepEqual(new Set(banned), new Set([bad.host, one.bad.host]));
});

test("a damaged record is done without, and replaced", async () => {
  const world = new SimulatedWorld();
  const { node, bad } = await scene(world);
  node.store.small.set("peers", Uint8Array.of(9, 9, 9));
  await world.finish(node.session.close());
  const again = await world.node({ store: node.store });
  assert.equal(again.session.reputations()[0]!.host, bad.host);
  node.store.small.set("peers", new Uint8Array(0));
  const empty = await world.node({ store: node.store });
  assert.deepEqual(empty.session.reputations(), []);
});

test("who delivers right data is well thought of, and told so", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 8_000_000 }, OPTIONS);
  const seed = await seedNode(world, made, "/data", { link: LINK });
  const node = await world.node();
  const torrent = await add(node, made, [seed.endpoint]);
  await world.until("two rounds of choking", () => torrent.stats().have > 7_000_000);
  const { score, reason } = torrent.peers()[0]!.reputation;
  assert.ok(score > 10, `${score}`);
  assert.equal(reason, "delivered right data");
  await world.until("complete", () => torrent.state === "seeding");
  await world.run(60_000);
  const { verified } = node.session.reputations()[0]!;
  // Counted in whole blocks.
  assert.ok(verified > 7_990_000 && verified < 8_000_000 + 16_384, `${verified}`);
});

test("a peer that breaks the protocol again and again is banned for some hours", async () => {
  const world = new SimulatedWorld();
  const made = await world.make({ file: 300_000 }, OPTIONS);
  const node = await world.node();
  const events: TorrentEvent[] = [];
  let greeted = 0;
  const onPeer = (peer: ScriptedPeer): void => {
    greeted++;
    peer.out.have(1_000_000);
  };
  const rude = await world.listen(made, {}, onPeer);
  await add(node, made, [rude], events);
  await world.run(3_600_000);
  assert.equal(greeted, 5);
  assert.deepEqual(
    events.filter(({ type }) => type === "banned"),
    [{ type: "banned", host: rude.host, reason: "breaks the protocol again and again" }],
  );
  assert.equal(node.session.reputations()[0]!.ban?.cause, "abuse");
});
