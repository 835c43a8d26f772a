import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodePex,
  encodePex,
  PEX_PREFERS_ENCRYPTION,
  type PexContact,
  type SessionConfig,
  shortHashes,
} from "@shoal/engine/composition";
import { type Made, type Node, ScriptedPeer, SimulatedWorld } from "../dist/index.js";

const MINUTE = 60_000;
/** Under which our engine announces ut_pex. */
const OURS = 4;
/** And the scripted peer. */
const THEIRS = 7;
const HANDSHAKE = /BitTorrent protocol/;
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const STRANGER = "203.0.113.9";

interface Scene {
  readonly world: SimulatedWorld;
  readonly node: Node;
  readonly made: Made;
}

async function scene(isPrivate: boolean, config: Partial<SessionConfig> = {}): Promise<Scene> {
  const world = new SimulatedWorld();
  const options = { kind: "v1", pieceLength: 65_536, private: isPrivate } as const;
  const made = await world.make({ file: 1_000_000 }, options);
  const node = await world.node({ config });
  await world.finish(node.session.add({ metainfo: made.metainfo, downloadDir: "/out" }));
  return { world, node, made };
}

/** Somebody who dials in from `host` and says that it listens on port 1000. */
async function enter({ world, node, made }: Scene, host: string, number: number): Promise<ScriptedPeer> {
  const id = `-XX0000-${String(number).padStart(12, "0")}`;
  const infoHash = shortHashes(made.metainfo.infoHashes)[0]!;
  const peer = new ScriptedPeer(world.net.from(host).connect(node.endpoint), { id, infoHash }, true);
  await world.until("it is greeted", () => peer.heard.some((heard) => heard.kind === "extended"));
  peer.sayExtended(0, { m: { ut_pex: THEIRS }, p: 1_000 });
  return peer;
}

/** Which of the contacts are dialled within ten minutes after the stranger has named them. */
async function dialledOf(play: Scene, contacts: readonly PexContact[]): Promise<Set<string>> {
  const dialled: Set<string> = new Set();
  for (const host of new Set(contacts.map((contact) => contact.host))) {
    const net = play.world.net.host([host]);
    for (const { port } of contacts.filter((contact) => contact.host === host)) {
      await net.listen({ ports: [port] }, (connection) => {
        dialled.add(`${host}:${port}`);
        connection.close();
      });
    }
  }
  const peer = await enter(play, STRANGER, 1);
  peer.out.extended(OURS, encodePex({ added: contacts, dropped: [] }));
  peer.say();
  await play.world.run(10 * MINUTE);
  return dialled;
}

const at = (host: string, port: number): PexContact => ({ host, port, flags: 0 });

test("whom a peer names is dialled, once for each address, but nobody in the local network for a stranger's word", async () => {
  const contacts = [
    at("198.51.100.1", 1),
    at("198.51.100.1", 2),
    at("198.51.100.2", 1),
    at("192.168.1.1", 80),
    at("127.0.0.1", 22),
  ];
  const dialled = await dialledOf(await scene(false), contacts);
  assert.deepEqual([...dialled].toSorted(), ["198.51.100.1:1", "198.51.100.2:1"]);
});

test("with a private torrent the exchange is not even announced, and who names others is not listened to", async () => {
  for (const isPrivate of [false, true]) {
    const play = await scene(isPrivate);
    const dialled = await dialledOf(play, [at("198.51.100.1", 1)]);
    assert.equal(dialled.size, isPrivate ? 0 : 1);
    const peer = await enter(play, "203.0.113.10", 2);
    const greeting = peer.heard.find(({ kind, id }) => kind === "extended" && id === 0);
    assert.equal(new TextDecoder("latin1").decode(greeting!.bytes).includes("ut_pex"), !isPrivate);
  }
});

test("a peer hears of the others at most once a minute, of each one once, and not of itself", async () => {
  const play = await scene(false);
  const watcher = await enter(play, STRANGER, 1);
  const added: string[] = [];
  const dropped: string[] = [];
  const times: number[] = [];
  watcher.onHeard = ({ kind, id, bytes }) => {
    if (kind !== "extended" || id !== THEIRS) return;
    times.push(play.world.now());
    const news = decodePex(bytes!);
    added.push(...news.added.map(({ host, port }) => `${host}:${port}`));
    dropped.push(...news.dropped.map(({ host, port }) => `${host}:${port}`));
  };
  /** Who says nothing for long is taken for gone. */
  const pass = async (ms: number): Promise<void> => {
    watcher.out.keepAlive();
    watcher.say();
    await play.world.run(ms);
  };
  const others: ScriptedPeer[] = [];
  const hosts = Array.from({ length: 12 }, (_, i) => `198.51.100.${i + 1}`);
  for (const [i, host] of hosts.entries()) {
    others.push(await enter(play, host, i + 2));
    await pass(5_000);
  }
  await pass(1.2 * MINUTE);
  for (const one of others) one.connection.close();
  await pass(1.2 * MINUTE);
  const expected = hosts.map((host) => `${host}:1000`).toSorted();
  assert.deepEqual(added.toSorted(), expected);
  assert.deepEqual(dropped.toSorted(), expected);
  for (let i = 1; i < times.length; i++) assert.ok(times[i]! - times[i - 1]! >= MINUTE);
});

test("who is said to want obfuscation is dialled so at once, in the local network too", async () => {
  const play = await scene(false, { obfuscation: "prefer" });
  const firstBytes: Map<string, string> = new Map();
  const [plain, obfuscated] = ["192.168.1.2", "192.168.1.3"] as const;
  for (const host of [plain, obfuscated]) {
    await play.world.net.host([host]).listen({ ports: [1_000] }, (connection) =>
      connection.start({
        onConnected: () => undefined,
        onBytes: (buffer, start) => {
          if (!firstBytes.has(host)) firstBytes.set(host, latin1(buffer.slice(start, start + 20)));
        },
        onDrain: () => undefined,
        onClosed: () => undefined,
      }),
    );
  }
  const peer = await enter(play, "192.168.1.1", 1);
  const added = [at(plain, 1_000), { ...at(obfuscated, 1_000), flags: PEX_PREFERS_ENCRYPTION }];
  peer.out.extended(OURS, encodePex({ added, dropped: [] }));
  peer.say();
  await play.world.until("both are dialled", () => firstBytes.size === 2);
  assert.match(firstBytes.get(plain)!, HANDSHAKE);
  assert.doesNotMatch(firstBytes.get(obfuscated)!, HANDSHAKE);
});
