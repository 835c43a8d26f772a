import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "@shoal/engine";
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
