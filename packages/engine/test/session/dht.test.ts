import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Session } from "@shoal/engine";
import { poll } from "@shoal/testkit";
import { toHex, utf8 } from "../../dist/base/bytes.js";
import { SessionScene } from "./session-scene.ts";

const HOST = "127.0.0.1";
const SPEC = { name: "film.bin", size: 300_000, seed: 5 };
const KIND = { kind: "hybrid", pieceLength: 16_384 } as const;
const OPTIONS = { timeout: 20_000 };

/** Sessions in one DHT, which enter it by the first of them. */
async function inOneDht(scene: SessionScene, count: number): Promise<Session[]> {
  const first = await scene.session({ dht: true });
  const others: Session[] = [];
  for (let i = 1; i < count; i++)
    others.push(await scene.session({ dht: true, dhtBootstrap: [nodeOf(first)] }));
  return [first, ...others];
}

function nodeOf(session: Session): { readonly host: string; readonly port: number } {
  return { host: HOST, port: session.dht!.portFor(HOST) };
}

test("the UDP port is that of the TCP listener", OPTIONS, async (t) => {
  const session = await new SessionScene(t).session({ dht: true });
  assert.equal(session.dht!.portFor(HOST), session.endpoint!.port);
});

test("a torrent without trackers is found in the DHT, whoever comes first", OPTIONS, async (t) => {
  for (const seedFirst of [true, false]) {
    const scene = new SessionScene(t);
    const made = await scene.payload(SPEC, KIND);
    const [, seeder, leecher] = await inOneDht(scene, 3);
    const share = { metainfo: made.metainfo, downloadDir: made.dir, seedOnly: true, hashed: true };
    const fetch = {
      magnet: `magnet:?xt=urn:btih:${toHex(made.metainfo.infoHashes.v1!)}`,
      downloadDir: scene.folder("out"),
    };
    if (seedFirst) await scene.add(seeder!, share);
    const got = await scene.add(leecher!, fetch);
    if (!seedFirst) await scene.add(seeder!, share);
    await got.until("complete");
    assert.ok(got.torrent.peers().some(({ source }) => source === "dht" || source === "incoming"));
  }
});

test("items that one session puts are what others get", OPTIONS, async (t) => {
  const [, one, two] = await inOneDht(new SessionScene(t), 3);
  const value = utf8("5:hello");
  const put = await one!.dht!.items.putImmutable(value);
  assert.ok(put.stored > 0);
  assert.deepEqual(await two!.dht!.items.getImmutable(put.target), value);

  const seed = new Uint8Array(32).fill(7);
  const salt = utf8("a");
  const first = await one!.dht!.items.putMutable(seed, utf8("1:x"), { salt });
  assert.deepEqual([first.seq, first.stored > 0], [1n, true]);
  const second = await two!.dht!.items.putMutable(seed, utf8("1:y"), { salt });
  assert.equal(second.seq, 2n);
});

test("items that nobody could store are refused", OPTIONS, async (t) => {
  const [, one] = await inOneDht(new SessionScene(t), 2);
  const { items } = one!.dht!;
  const key = new Uint8Array(32);
  const value = utf8("1:x");
  const salt = new Uint8Array(65);
  const wrong = [
    () => items.putImmutable(utf8("x")),
    () => items.putMutable(key, utf8("x")),
    () => items.putMutable(key, value, { seq: -1n }),
    () => items.putMutable(key, value, { seq: 2n ** 63n }),
    () => items.putMutable(key, value, { salt }),
    () => items.putMutable(new Uint8Array(31), value),
    () => items.getMutable(key, { salt }),
    () => items.getMutable(new Uint8Array(31)),
    () => items.getImmutable(new Uint8Array(19)),
  ];
  for (const ask of wrong) await assert.rejects(ask, { code: "ERR_INVALID_ARGUMENT" }, String(ask));
});

function nodesOf(session: Session): number {
  return session.dht!.stats().ipv4?.nodes ?? 0;
}

function knows(session: Session, nodes: number): Promise<boolean> {
  session.dht!.join();
  return poll(`${nodes} nodes are known`, () => Promise.resolve(nodesOf(session) >= nodes), {
    within: 10_000,
  });
}

/** Sends datagrams to a session's node. */
async function stranger(t: TestContext, to: Session): Promise<(bytes: Uint8Array) => Promise<void>> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.bind(0, HOST);
  await once(socket, "listening");
  const { port } = nodeOf(to);
  return (bytes) =>
    new Promise((resolve, reject) =>
      socket.send(bytes, port, HOST, (error) => (error === null ? resolve() : reject(error))),
    );
}

test(
  "peers of an open torrent tell each other of their nodes, those of a private one don't",
  OPTIONS,
  async (t) => {
    for (const isPrivate of [false, true]) {
      const scene = new SessionScene(t);
      const made = await scene.payload(SPEC, { ...KIND, private: isPrivate });
      const [seeder] = await scene.seed(made, { dht: true });
      const leecher = await scene.session({ dht: true });
      const fetch = { metainfo: made.metainfo, downloadDir: scene.folder("out"), peers: [seeder.endpoint!] };
      const got = await scene.add(leecher, fetch);
      if (!isPrivate) await Promise.all([knows(seeder, 1), knows(leecher, 1)]);
      await got.until("complete");
      if (isPrivate) {
        for (const one of [seeder, leecher]) assert.equal(one.dht!.stats().ipv4, null);
      }
    }
  },
);

test("with nobody else in the DHT, what a node was told for others serves itself", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, KIND);
  const [first, second] = await inOneDht(scene, 2);
  const got = await scene.add(second!, { metainfo: made.metainfo, downloadDir: scene.folder("out") });
  await poll("it is announced", () => Promise.resolve((first!.dht!.stats().ipv4?.storedPeers ?? 0) > 0), {
    within: 10_000,
  });
  const share = { metainfo: made.metainfo, downloadDir: made.dir, seedOnly: true, hashed: true };
  await scene.add(first!, share);
  await got.until("complete");
  const put = await second!.dht!.items.putImmutable(utf8("4:kept"));
  assert.deepEqual(await first!.dht!.items.getImmutable(put.target), utf8("4:kept"));
});

test("the nodes that a torrent names are a way in", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const [first] = await inOneDht(scene, 1);
  const made = await scene.payload(SPEC, KIND);
  const session = await scene.session({ dht: true });
  const metainfo = { ...made.metainfo, nodes: [{ host: "localhost", port: nodeOf(first!).port }] };
  await scene.add(session, { metainfo, downloadDir: scene.folder("out") });
  await knows(session, 1);
});

test("what is known lasts to the next run, and a damaged record is a fresh start", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const [first] = await inOneDht(scene, 1);
  const stateDir = scene.folder("kept");
  const before = await scene.session({ dht: true, dhtBootstrap: [nodeOf(first!)], stateDir });
  await knows(before, 1);
  await before.close();
  const after = await scene.session({ dht: true, stateDir });
  await knows(after, 1);
  await after.close();
  writeFileSync(join(stateDir, "dht.record"), "nonsense");
  const fresh = await scene.session({ dht: true, stateDir });
  fresh.dht!.join();
  assert.equal(nodesOf(fresh), 0);
});

test("two processes on one state folder are two nodes of one DHT", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const stateDir = scene.folder("kept");
  const one = await scene.session({ dht: true, stateDir });
  const two = await scene.session({ dht: true, stateDir, dhtBootstrap: [nodeOf(one)] });
  await Promise.all([knows(one, 1), knows(two, 1)]);
  await one.close();
  await two.close();
});

test("nonsense from strangers does no harm", OPTIONS, async (t) => {
  const [first, second] = await inOneDht(new SessionScene(t), 2);
  const say = await stranger(t, first!);
  for (const text of [
    "d",
    "de",
    "d1:q4:pinge",
    "x",
    "",
    `d1:ad2:id20:${"x".repeat(20)}e1:q4:ping1:t1:a1:y1:qe`,
  ])
    await say(utf8(text));
  await Promise.all([knows(first!, 1), knows(second!, 1)]);
  const { stored, target } = await second!.dht!.items.putImmutable(utf8("4:safe"));
  assert.ok(stored > 0);
  assert.deepEqual(await second!.dht!.items.getImmutable(target), utf8("4:safe"));
});

test("a session that ends gives its UDP port back, also in the middle of a search", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(SPEC, KIND);
  const [, session] = await inOneDht(scene, 2);
  await scene.add(session!, { metainfo: made.metainfo, downloadDir: scene.folder("out") });
  const alone = await scene.session({ dht: true });
  const waiting = assert.rejects(alone.dht!.items.getImmutable(new Uint8Array(20)), { code: "ERR_CLOSED" });
  const { port } = nodeOf(session!);
  await Promise.all([session!.close(), alone.close(), waiting]);
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.bind({ port, address: HOST, exclusive: true });
  await once(socket, "listening");
});

test("both families work side by side, and one does without the other", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const first = await scene.session({ dht: true, host: "::" });
  if (first.dht!.portFor("::1") === 0) return t.skip("no IPv6 here");
  const hint = { host: "::1", port: first.dht!.portFor("::1") };
  const both = await scene.session({ dht: true, host: "::", dhtBootstrap: [hint] });
  const put = await both.dht!.items.putImmutable(utf8("2:v6"));
  assert.deepEqual(await first.dht!.items.getImmutable(put.target), utf8("2:v6"));
  assert.ok(first.dht!.stats().ipv6!.storedItems > 0);
  const alone = await scene.session({ dht: true, dhtBootstrap: [nodeOf(first)] });
  assert.equal(alone.dht!.stats().ipv6, null);
  await knows(alone, 1);
});
