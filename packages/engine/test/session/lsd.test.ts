import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import type { Metainfo } from "@shoal/engine";
import { toHex } from "../../dist/base/bytes.js";
import { shortHashes } from "../../dist/meta/info-hash.js";
import { decodeLsdAnnounce, encodeLsdAnnounce, LSD_GROUPS, LSD_PORT } from "../../dist/wire/lsd.js";
import { SessionScene } from "./session-scene.ts";

const NEAR = { lsd: true };
const KIND = { kind: "hybrid", pieceLength: 16_384 } as const;
const OPTIONS = { timeout: 20_000 };

/** Another one each time: other runs on this machine are neighbours as well. */
const spec = (): { name: string; size: number; seed: number } => ({
  name: "near.bin",
  size: 300_000,
  seed: randomInt(2 ** 31),
});

/** A neighbour without BitTorrent: hears all names that are announced on this machine, and says what it likes. */
async function neighbour(
  t: TestContext,
): Promise<{ heard: (name: string) => Promise<number>; say: (bytes: Uint8Array) => void; all: Set<string> }> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  t.after(() => socket.close());
  socket.bind(LSD_PORT);
  await once(socket, "listening");
  socket.addMembership(LSD_GROUPS[4], "127.0.0.1");
  socket.setMulticastInterface("127.0.0.1");
  const all: Set<string> = new Set();
  const look: Set<(names: readonly string[], port: number) => void> = new Set();
  socket.on("message", (bytes) => {
    // Its own nonsense comes back to it.
    if (bytes.length < 4) return;
    const { names, port } = decodeLsdAnnounce(new Uint8Array(bytes));
    for (const name of names) all.add(name);
    for (const one of look) one(names, port);
  });
  return {
    all,
    say: (bytes) => socket.send(bytes, LSD_PORT, LSD_GROUPS[4]),
    heard: (name) =>
      new Promise((resolve) => look.add((names, port) => void (names.includes(name) && resolve(port)))),
  };
}

function nameOf({ infoHashes }: Metainfo): string {
  return toHex(shortHashes(infoHashes)[0]!);
}

test("two that know nothing of each other meet on this machine, whoever comes first", OPTIONS, async (t) => {
  for (const seedFirst of [true, false]) {
    const scene = new SessionScene(t);
    const made = await scene.payload(spec(), KIND);
    const leecher = await scene.session(NEAR);
    const fetch = { metainfo: made.metainfo, downloadDir: scene.folder("out") };
    if (seedFirst) await scene.seed(made, NEAR);
    const got = await scene.add(leecher, fetch);
    if (!seedFirst) await scene.seed(made, NEAR);
    await got.until("complete");
    assert.ok(got.torrent.peers().some(({ source }) => source === "lsd" || source === "incoming"));
  }
});

test("a seed of a hybrid comes to somebody who knows its v2 name alone", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const made = await scene.payload(spec(), KIND);
  await scene.seed(made, NEAR);
  const leecher = await scene.session(NEAR);
  const magnet = `magnet:?xt=urn:btmh:1220${toHex(made.metainfo.infoHashes.v2!)}`;
  const got = await scene.add(leecher, { magnet, downloadDir: scene.folder("out") });
  await got.until("complete");
});

test("our port and every name of a torrent are announced; a private one is not", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const { heard, all } = await neighbour(t);
  const hidden = await scene.payload(spec(), { ...KIND, private: true });
  const [session] = await scene.seed(hidden, NEAR);
  const open = await scene.payload(spec(), KIND);
  const [v1, v2] = shortHashes(open.metainfo.infoHashes).map(toHex);
  const ports = Promise.all([heard(v1!), heard(v2!)]);
  await scene.add(session, { metainfo: open.metainfo, downloadDir: open.dir, seedOnly: true, hashed: true });
  const { port } = session.endpoint!;
  assert.deepEqual(await ports, [port, port]);
  for (const hash of shortHashes(hidden.metainfo.infoHashes)) assert.equal(all.has(toHex(hash)), false);
});

test("nonsense does no harm, and who asks is answered", OPTIONS, async (t) => {
  const scene = new SessionScene(t);
  const { heard, say } = await neighbour(t);
  const made = await scene.payload(spec(), KIND);
  const name = nameOf(made.metainfo);
  const first = heard(name);
  const [session, watched] = await scene.seed(made, NEAR);
  await first;
  say(Uint8Array.of(0, 1, 2));
  say(new Uint8Array(0));
  const failed = watched.until("peer-failed");
  say(encodeLsdAnnounce({ port: 1, names: [name, "0".repeat(40)], cookie: null }, 4));
  const { host, port } = await failed;
  assert.deepEqual([host, port], ["127.0.0.1", 1]);
  assert.ok(session.endpoint !== null);
});
