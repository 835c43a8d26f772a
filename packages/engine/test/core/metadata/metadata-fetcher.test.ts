import assert from "node:assert/strict";
import { test } from "node:test";
import type { PeerSlot } from "../../../dist/base/brand.js";
import { MetadataFetcher } from "../../../dist/core/metadata/metadata-fetcher.js";
import { METADATA_PIECE_BYTES } from "../../../dist/wire/extension.js";

const SIZE = METADATA_PIECE_BYTES * 2 + 100;
const TRUTH = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7) & 255);

/** A fetcher whose requests are recorded, and answers that are given by hand. */
class Scene {
  readonly asked: [peer: PeerSlot, part: number][] = [];
  readonly liars: PeerSlot[] = [];
  got: Uint8Array | null = null;
  now = 0;
  readonly fetcher: MetadataFetcher = new MetadataFetcher({
    requestMetadata: (peer, part) => this.asked.push([peer, part]),
    isRightMetadata: (bytes) => Buffer.compare(bytes, TRUTH) === 0,
    onMetadata: (bytes) => (this.got = bytes),
    onMetadataLiar: (peer) => this.liars.push(peer),
  });

  /** Lets the peers answer everything that they were asked, until nothing more is asked. */
  answerAll(content: (peer: PeerSlot, part: number) => Uint8Array | null): void {
    for (let next = this.asked.shift(); next !== undefined; next = this.asked.shift()) {
      const [peer, part] = next;
      const data = content(peer, part);
      if (data === null) this.fetcher.onReject(peer, part, this.now);
      else this.fetcher.onData(peer, part, SIZE, data, this.now);
    }
  }

  later(ms: number): void {
    this.now += ms;
    this.fetcher.onTick(this.now);
  }
}

const part = (index: number): Uint8Array =>
  TRUTH.subarray(index * METADATA_PIECE_BYTES, (index + 1) * METADATA_PIECE_BYTES);
const garbage = (index: number): Uint8Array => new Uint8Array(part(index).length).fill(0xee);

test("MetadataFetcher gets all parts from one peer", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, SIZE, 0);
  scene.answerAll((_, index) => part(index));
  assert.deepEqual(scene.got, TRUTH);
  assert.equal(scene.fetcher.done, true);
});

test("MetadataFetcher spreads parts over peers", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, SIZE, 0);
  scene.fetcher.onSource(2, SIZE, 0);
  scene.fetcher.onReject(1, 1, 0);
  assert.ok(scene.asked.some(([peer]) => peer === 2));
  scene.answerAll((_, index) => part(index));
  assert.deepEqual(scene.got, TRUTH);
});

test("MetadataFetcher names a peer that alone sent wrong metadata, and takes it from another", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, SIZE, 0);
  scene.answerAll((_, index) => garbage(index));
  assert.deepEqual(scene.liars, [1]);
  scene.fetcher.onSource(2, SIZE, 0);
  scene.answerAll((_, index) => part(index));
  assert.deepEqual(scene.got, TRUTH);
});

test("MetadataFetcher finds the liar among several contributors without blaming the honest one", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, SIZE, 0);
  // Peer 1 passes on one part, so that peer 2 takes part too.
  scene.fetcher.onSource(2, SIZE, 0);
  scene.fetcher.onReject(1, 0, 0);
  scene.answerAll((peer, index) => (peer === 1 ? garbage(index) : part(index)));
  for (let i = 0; i < 10 && scene.got === null; i++) {
    scene.later(31_000);
    scene.answerAll((peer, index) => (peer === 1 ? garbage(index) : part(index)));
  }
  assert.deepEqual(scene.got, TRUTH);
  assert.ok(!scene.liars.includes(2));
});

test("MetadataFetcher asks somebody else when a peer is silent", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, SIZE, 0);
  assert.equal(scene.asked.length, 3);
  scene.asked.length = 0;
  scene.fetcher.onSource(2, SIZE, 0);
  scene.later(16_000);
  assert.deepEqual(
    scene.asked.map(([peer]) => peer),
    [2, 2, 2],
  );
});

test("MetadataFetcher asks again for ever when everybody refuses", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, SIZE, 0);
  for (let round = 0; round < 5; round++) {
    scene.answerAll(() => null);
    assert.equal(scene.asked.length, 0);
    scene.later(31_000);
    assert.ok(scene.asked.length > 0, `asks in round ${round}`);
  }
});

test("MetadataFetcher moves on from a size that its only peer took away with it", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, 5_000, 0);
  scene.asked.length = 0;
  scene.fetcher.onSource(2, SIZE, 0);
  scene.fetcher.onPeerGone(1, 0);
  scene.answerAll((_, index) => part(index));
  assert.deepEqual(scene.got, TRUTH);
});

test("MetadataFetcher ignores data that was not asked for and sizes out of bounds", () => {
  const scene = new Scene();
  scene.fetcher.onSource(1, 0, 0);
  scene.fetcher.onSource(2, 1e9, 0);
  assert.equal(scene.fetcher.sourceCount, 0);
  scene.fetcher.onData(3, 0, SIZE, part(0), 0);
  assert.equal(scene.asked.length, 0);
});
