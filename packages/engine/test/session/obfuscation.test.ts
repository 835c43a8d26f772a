import assert from "node:assert/strict";
import { test } from "node:test";
import { type Made, type Node, SimulatedWorld } from "@shoal/sim";
import { concatBytes, equalBytes } from "../../dist/base/bytes.js";
import { MseInitiator } from "../../dist/core/mse/initiator.js";
import type { ObfuscationPolicy } from "../../dist/core/swarm/dial-way.js";
import { nodeDiffieHellman } from "../../dist/node/diffie-hellman.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { NodeRandom } from "../../dist/node/random.js";
import type { Connection, ConnectionSink, Endpoint } from "../../dist/ports/net.js";
import type { TorrentEvent } from "../../dist/session/events.js";
import { shortHashes } from "../../dist/meta/info-hash.js";
import { PROTOCOL_STRING } from "../../dist/wire/message.js";

const SIZES = { file: 300_000 };
const V1 = { kind: "v1", pieceLength: 32_768 } as const;

/** Without padding. */
const primitives = {
  sha1: nodeHasher.sha1,
  diffieHellman: nodeDiffieHellman,
  random: { fill: (target: Uint8Array): Uint8Array => new NodeRandom().fill(target), uint32: () => 0 },
};

const isPlain = (bytes: Uint8Array): boolean => equalBytes(bytes.subarray(0, 20), PROTOCOL_STRING);

let hosts = 0;
const publicAddress = (): string => `93.184.216.${++hosts}`;

function node(world: SimulatedWorld, obfuscation: ObfuscationPolicy, address?: string): Promise<Node> {
  return world.node({ addresses: [address ?? publicAddress()], config: { obfuscation } });
}

async function share(world: SimulatedWorld, seed: Node, made: Made): Promise<void> {
  world.write(seed, made, "/data");
  await seed.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true });
  await world.settle();
}

/** Fetches from `peers`; the events are gathered for as long as it lives. */
async function fetch(leech: Node, made: Made, ...peers: Endpoint[]): Promise<TorrentEvent[]> {
  const events: TorrentEvent[] = [];
  const listener = (event: TorrentEvent): void => void events.push(event);
  await leech.session.add({ metainfo: made.metainfo, downloadDir: "/out", peers, listener });
  return events;
}

function find<T extends TorrentEvent["type"]>(
  events: readonly TorrentEvent[],
  type: T,
): Extract<TorrentEvent, { type: T }>[] {
  return events.filter((event): event is Extract<TorrentEvent, { type: T }> => event.type === type);
}

/** One connection, of which everything that comes is kept. */
class Visitor implements ConnectionSink {
  received: Uint8Array = new Uint8Array(0);
  closedAt: number | null = null;
  readonly openedAt: number;
  readonly connection: Connection;
  readonly #world: SimulatedWorld;
  readonly #onBytes: (visitor: Visitor) => void;

  constructor(world: SimulatedWorld, connection: Connection, onBytes: (visitor: Visitor) => void = () => {}) {
    this.#world = world;
    this.openedAt = world.now();
    this.connection = connection;
    this.#onBytes = onBytes;
    connection.start(this);
  }
  onConnected(): void {}
  onBytes(buffer: Uint8Array, start: number, end: number): void {
    this.received = concatBytes(this.received, buffer.subarray(start, end));
    this.#onBytes(this);
  }
  onDrain(): void {}
  onClosed(): void {
    this.closedAt = this.#world.now();
  }
}

/** Somebody who takes connections and treats each as told. */
async function listener(
  world: SimulatedWorld,
  address: string,
  onBytes: (visitor: Visitor) => void,
): Promise<{ readonly endpoint: Endpoint; readonly visitors: Visitor[] }> {
  const visitors: Visitor[] = [];
  const { endpoint } = await world.net.host([address]).listen({ ports: [6881] }, (connection) => {
    visitors.push(new Visitor(world, connection, onBytes));
  });
  return { endpoint, visitors };
}

const hangUp = ({ connection }: Visitor): void => connection.close();

/** Connects to a node without being one. */
async function visit(world: SimulatedWorld, to: Node): Promise<Visitor> {
  const visitor = new Visitor(world, world.net.host([publicAddress()]).connect(to.endpoint));
  await world.settle();
  return visitor;
}

for (const [ours, theirs, way] of [
  ["prefer", "prefer", true],
  ["prefer", "require", true],
  ["require", "prefer", true],
  ["require", "require", true],
  ["prefer", "off", false],
  ["off", "prefer", false],
  ["off", "off", false],
] as const) {
  test(`who has it on "${ours}" gets from who has it on "${theirs}"`, async () => {
    const world = new SimulatedWorld();
    const made = await world.make(SIZES, V1);
    const seed = await node(world, theirs);
    await share(world, seed, made);
    const leech = await node(world, ours);
    const events = await fetch(leech, made, seed.endpoint);
    await world.until("all is there", () => find(events, "complete").length > 0, 20_000);
    assert.deepEqual(
      find(events, "peer-connected").map(({ peer }) => peer.obfuscated),
      [way],
    );
    assert.equal(find(events, "peer-failed").length, 0);
  });
}

for (const [ours, theirs] of [
  ["require", "off"],
  ["off", "require"],
] as const) {
  test(`who has it on "${ours}" and who has it on "${theirs}" never meet`, async () => {
    const world = new SimulatedWorld();
    const made = await world.make(SIZES, V1);
    const seed = await node(world, theirs);
    await share(world, seed, made);
    const leech = await node(world, ours);
    const events = await fetch(leech, made, seed.endpoint);
    await world.run(60_000);
    assert.equal(find(events, "peer-connected").length, 0);
    const [failed] = find(events, "peer-failed");
    if (ours === "off") return;
    assert.match(failed!.error.message, /takes no obfuscated connection/);
    const [torrent] = leech.session.torrents();
    await world.until(
      "it says why it waits",
      () => torrent!.stats().waiting?.code === "peers-plain-only",
      60_000,
    );
  });
}

test("a v2 torrent is found by its truncated info-hash, and one added later as well", async () => {
  const world = new SimulatedWorld();
  const [first, second] = [
    await world.make(SIZES, V1),
    await world.make({ other: 200_000 }, { ...V1, kind: "v2" }),
  ];
  const seed = await node(world, "require");
  const leech = await node(world, "require");
  for (const made of [first, second]) {
    await share(world, seed, made);
    const events = await fetch(leech, made, seed.endpoint);
    await world.until("all is there", () => find(events, "complete").length > 0, 20_000);
  }
});

test("who hangs up on one way is dialled in the other at once, and told of once", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  for (const [address, ways] of [
    [publicAddress(), [false, true]],
    ["192.168.1.77", [true, false]],
  ] as const) {
    const { endpoint, visitors } = await listener(world, address, hangUp);
    const leech = await node(world, "prefer");
    const events = await fetch(leech, made, endpoint);
    await world.until("it failed", () => find(events, "peer-failed").length > 0, 10_000);
    assert.deepEqual(
      visitors.map(({ received }) => isPlain(received)),
      ways,
    );
    assert.ok(visitors[1]!.openedAt - visitors[0]!.closedAt! < 100);
    await world.finish(leech.session.close());
  }
});

test("a private torrent is asked for plainly first", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, { ...V1, private: true });
  const { endpoint, visitors } = await listener(world, publicAddress(), hangUp);
  const leech = await node(world, "prefer");
  await fetch(leech, made, endpoint);
  await world.until("it was dialled", () => visitors.some(({ received }) => received.length > 0), 10_000);
  assert.equal(isPlain(visitors[0]!.received), true);
});

test("who says nothing to an obfuscated handshake is dialled plainly after five seconds", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const { endpoint, visitors } = await listener(world, publicAddress(), () => {});
  const leech = await node(world, "prefer");
  await fetch(leech, made, endpoint);
  await world.run(7_000);
  assert.deepEqual(
    visitors.map(({ received }) => isPlain(received)),
    [false, true],
  );
  const waited = visitors[1]!.openedAt - visitors[0]!.openedAt;
  assert.ok(waited >= 5_000 && waited <= 5_600, `${waited} ms`);
});

test("nothing plain is said or answered where obfuscation is required", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const { endpoint, visitors } = await listener(world, "192.168.1.78", hangUp);
  const seed = await node(world, "require");
  await fetch(seed, made, endpoint);
  await world.run(120_000);
  assert.ok(visitors.length >= 2);
  assert.ok(visitors.every(({ received }) => received.length >= 96 && !isPlain(received)));
  const peer = await visit(world, seed);
  peer.connection.write(concatBytes(PROTOCOL_STRING, new Uint8Array(48)));
  await world.run(1_000);
  assert.notEqual(peer.closedAt, null);
  assert.equal(peer.received.length, 0);
});

test("an obfuscated handshake gets no answer where it is off", async () => {
  const world = new SimulatedWorld();
  const seed = await node(world, "off");
  const peer = await visit(world, seed);
  peer.connection.write(nodeDiffieHellman.publicKey(new Uint8Array(20).fill(7)));
  await world.run(1_000);
  assert.notEqual(peer.closedAt, null);
  assert.equal(peer.received.length, 0);
});

/** Shakes hands for a torrent as far as the other side goes along; returns the visitor and whether it was answered. */
async function ask(world: SimulatedWorld, to: Node, infoHash: Uint8Array): Promise<[Visitor, () => boolean]> {
  const initiator = new MseInitiator(primitives, infoHash, () => new Uint8Array(0));
  const visitor = await visit(world, to);
  visitor.connection.write(initiator.takeOutput()!);
  await world.run(500);
  assert.ok(visitor.received.length >= 96);
  let fed = 0;
  const answered = (): boolean => {
    if (initiator.outcome === null) fed = initiator.onBytes(visitor.received, fed, visitor.received.length);
    return initiator.outcome !== null;
  };
  assert.equal(answered(), false);
  visitor.connection.write(initiator.takeOutput()!);
  await world.run(500);
  return [visitor, answered];
}

test("an unknown torrent, a paused one and one that is gone are met with silence, a known one is answered", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const seed = await node(world, "prefer");
  await share(world, seed, made);
  const infoHash = shortHashes(made.metainfo.infoHashes)[0]!;
  const silent = async (hash: Uint8Array): Promise<void> => {
    const [visitor, answered] = await ask(world, seed, hash);
    assert.equal(answered(), false);
    assert.equal(visitor.closedAt, null);
    await world.run(16_000);
    assert.notEqual(visitor.closedAt, null);
    assert.equal(answered(), false);
  };
  const [, known] = await ask(world, seed, infoHash);
  assert.equal(known(), true);
  await silent(new Uint8Array(20).fill(0x77));
  const [torrent] = seed.session.torrents();
  await world.finish(torrent!.pause());
  await silent(infoHash);
  torrent!.resume();
  await world.run(1_000);
  const [, again] = await ask(world, seed, infoHash);
  assert.equal(again(), true);
  await world.finish(seed.session.remove(torrent!));
  await silent(infoHash);
});

test("whoever asks for too many handshakes gets no more of them", async () => {
  const world = new SimulatedWorld();
  const seed = await node(world, "prefer");
  const host = world.net.host([publicAddress()]);
  const key = nodeDiffieHellman.publicKey(new Uint8Array(20).fill(7));
  const visitors = Array.from({ length: 40 }, () => new Visitor(world, host.connect(seed.endpoint)));
  await world.settle();
  for (const { connection } of visitors) connection.write(key.slice());
  await world.run(200);
  assert.equal(visitors.filter(({ received }) => received.length >= 96).length, 30);
  assert.equal(visitors.filter(({ closedAt }) => closedAt !== null).length, 10);
});

test("a protocol that was registered gets its connections, and those who say nothing are closed in time", async () => {
  const world = new SimulatedWorld();
  const seed = await node(world, "prefer");
  const heard: number[] = [];
  const sink: ConnectionSink = {
    onConnected: () => {},
    onBytes: (buffer, start, end) => void heard.push(...buffer.subarray(start, end)),
    onDrain: () => {},
    onClosed: () => {},
  };
  seed.session.registerTransport({
    name: "test",
    matches: (firstBytes) => (firstBytes[0] === 0x16 ? "yes" : "no"),
    accept: () => sink,
  });
  const guest = await visit(world, seed);
  const mute = await visit(world, seed);
  guest.connection.write(Uint8Array.of(0x16, 1, 2, 3));
  await world.run(14_000);
  assert.equal(mute.closedAt, null);
  await world.run(2_000);
  assert.notEqual(mute.closedAt, null);
  assert.equal(guest.closedAt, null);
  assert.deepEqual(heard, [0x16, 1, 2, 3]);
});

test("who hangs up on a plain connection may want others: it is said where these are off", async () => {
  const world = new SimulatedWorld();
  const { endpoint } = await listener(world, publicAddress(), hangUp);
  const leech = await node(world, "off");
  const events = await fetch(leech, await world.make(SIZES, V1), endpoint);
  await world.run(5_000);
  assert.match(find(events, "peer-failed")[0]!.error.message, /maybe it takes obfuscated connections only/);
});

for (const [what, words] of [
  ["nothing", null],
  ["no more than that it speaks BitTorrent", PROTOCOL_STRING],
] as const) {
  test(`a crowd from one address that says ${what} keeps nobody out`, async () => {
    const world = new SimulatedWorld();
    const made = await world.make(SIZES, V1);
    const seed = await node(world, "prefer");
    await share(world, seed, made);
    const host = world.net.host([publicAddress()]);
    const crowd = Array.from({ length: 600 }, () => new Visitor(world, host.connect(seed.endpoint)));
    await world.settle();
    if (words !== null) for (const { connection } of crowd) connection.write(words.slice());
    await world.run(200);
    assert.ok(crowd.filter(({ closedAt }) => closedAt === null).length > 0);
    const leech = await node(world, "prefer");
    const events = await fetch(leech, made, seed.endpoint);
    await world.run(5_000);
    assert.equal(find(events, "complete").length, 1);
  });
}

test("a crowd from one address that knows the torrent and wants nothing keeps nobody out", async () => {
  const world = new SimulatedWorld();
  const made = await world.make(SIZES, V1);
  const seed = await node(world, "prefer");
  await share(world, seed, made);
  const host = world.net.host([publicAddress()]);
  const [name] = shortHashes(made.metainfo.infoHashes);
  const crowd: Visitor[] = [];
  while (crowd.length < 300) {
    const visitor = new Visitor(world, host.connect(seed.endpoint));
    crowd.push(visitor);
    await world.settle();
    const peerId = new NodeRandom().fill(new Uint8Array(20));
    visitor.connection.write(concatBytes(PROTOCOL_STRING, new Uint8Array(8), name!, peerId));
    await world.run(10);
  }
  await world.run(1_000);
  assert.equal(crowd.filter(({ closedAt }) => closedAt === null).length, 200);
  const leech = await node(world, "prefer");
  const events = await fetch(leech, made, seed.endpoint);
  await world.run(5_000);
  assert.equal(find(events, "complete").length, 1);
});
