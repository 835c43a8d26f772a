import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { FakePeer, MESSAGE, MessageStream, handshake, message, seededBytes, words } from "@shoal/testkit";
import type { FakeBehaviour, PeerMessage, TorrentFacts } from "@shoal/testkit";

const DATA = seededBytes(5, 100_000);
const FACTS: TorrentFacts = {
  name: "x",
  kind: "v1",
  info: Buffer.from("d1:xi1ee"),
  infoHashV1: createHash("sha1").update("d1:xi1ee").digest("hex"),
  infoHashV2: null,
  wireHash: createHash("sha1").update("d1:xi1ee").digest(),
  pieceLength: 32_768,
  pieceCount: 4,
  files: [{ path: "x", size: DATA.length, pad: false }],
};

async function pair(t: TestContext, behaviour: FakeBehaviour): Promise<{ seed: FakePeer; leech: FakePeer }> {
  const seed = await FakePeer.listen({ torrent: FACTS, data: DATA, behaviour });
  const leech = FakePeer.dialler({
    torrent: FACTS,
    data: DATA,
    behaviour: { does: "honest" },
    has: () => false,
  });
  t.after(() => Promise.all([seed.stop(), leech.stop()]));
  return { seed, leech };
}

async function ask(leech: FakePeer, seed: FakePeer, count: number): Promise<ReturnType<FakePeer["dial"]>> {
  const connection = leech.dial(seed);
  await leech.waitFor("handshake", () => connection.received.has(MESSAGE.bitfield));
  connection.say(MESSAGE.interested);
  await leech.waitFor("unchoke", () => connection.received.has(MESSAGE.unchoke));
  for (let i = 0; i < count; i++) connection.request(0, 16_384 * (i % 2), 16_384);
  return connection;
}

for (const size of [1, 3, 67, 68, 100, 1_000]) {
  test(`a stream cut into ${size} byte parts yields the same messages`, () => {
    const bytes = Buffer.concat([
      handshake(FACTS.wireHash, Buffer.alloc(20, 1), { v2: true }),
      message(MESSAGE.have, words(7)),
      Buffer.alloc(4),
      message(MESSAGE.unchoke),
      message(MESSAGE.piece, DATA.subarray(0, 500)),
    ]);
    const stream = new MessageStream();
    const seen: PeerMessage[] = [];
    let hands = 0;
    for (let at = 0; at < bytes.length; at += size) {
      stream.push(
        bytes.subarray(at, at + size),
        (fields) => (hands += fields.infoHash.equals(FACTS.wireHash) ? 1 : 100),
        (one) => seen.push({ id: one.id, payload: Buffer.from(one.payload) }),
      );
    }
    assert.equal(hands, 1);
    assert.deepEqual(
      seen.map((one) => [one.id, one.payload.length]),
      [
        [MESSAGE.have, 4],
        [MESSAGE.unchoke, 0],
        [MESSAGE.piece, 500],
      ],
    );
  });
}

test("an honest peer answers every request", async (t) => {
  const { seed, leech } = await pair(t, { does: "honest" });
  const connection = await ask(leech, seed, 4);
  await leech.waitFor("blocks", () => connection.received.get(MESSAGE.piece) === 4);
  assert.equal(seed.blocksSent, 4);
});

test("one that dies resets the connection after its last block", async (t) => {
  const { seed, leech } = await pair(t, { does: "die", afterBlocks: 2 });
  const connection = await ask(leech, seed, 4);
  await leech.waitFor("end", () => connection.closed);
  assert.equal(seed.blocksSent, 2);
});

test("one that stalls keeps the connection and answers no more", async (t) => {
  const { seed, leech } = await pair(t, { does: "stall", afterBlocks: 1 });
  const connection = await ask(leech, seed, 3);
  await seed.waitFor("requests", () => seed.requests.length === 3);
  assert.equal(seed.blocksSent, 1);
  assert.equal(connection.closed, false);
});

test("a peer for another torrent is turned away", async (t) => {
  const { seed } = await pair(t, { does: "honest" });
  const other = { ...FACTS, wireHash: Buffer.alloc(20, 7) };
  const leech = FakePeer.dialler({ torrent: other, data: DATA, behaviour: { does: "honest" } });
  const connection = leech.dial(seed);
  await leech.waitFor("end", () => connection.closed);
  assert.equal(connection.handshake, null);
});
