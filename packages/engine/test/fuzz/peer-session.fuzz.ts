import assert from "node:assert/strict";
import { type FuzzTarget, refusalOf } from "@shoal/testkit/fuzz";
import { concatBytes } from "../../dist/base/bytes.js";
import { type PeerHandler, PeerSession } from "../../dist/core/peer/peer-session.js";
import { Layout } from "../../dist/meta/layout.js";
import { allMessages, HANDSHAKE, mutateFrames } from "./frames.ts";
import { entry } from "./seeds.ts";

const LAYOUT = new Layout("v1", 16_384, [entry(["a"], 16_384 * 10)]);

/** Hears what the session makes of the bytes and holds each fact to the torrent. */
class Listener {
  readonly heard: Set<string> = new Set();
  session!: PeerSession<null>;

  readonly handler: PeerHandler<null> = {
    onExtensionHandshake: () => this.#note("handshake"),
    onHaveKnown: () => this.#note("have known", this.session.have?.length === LAYOUT.pieceCount),
    onHave: (_, piece) => this.#note("have", this.session.have!.get(piece)),
    onDontHave: (_, piece) => this.#note("dont have", !this.session.have!.get(piece)),
    onChoke: () => this.#note("choke"),
    onUnchoke: () => this.#note("unchoke"),
    onInterestChanged: () => this.#note("interest"),
    onRequest: (_, piece, begin, length) =>
      this.#note(
        "request",
        piece < LAYOUT.pieceCount && length > 0 && begin + length <= LAYOUT.pieceSize(piece),
      ),
    onCancel: () => this.#note("cancel"),
    onBlock: (_, piece, _begin, buffer, offset, length) =>
      this.#note("block", piece < LAYOUT.pieceCount && length > 0 && offset + length <= buffer.length),
    onReject: (_, piece) => this.#note("reject", piece < LAYOUT.pieceCount),
    onAllowedFast: (_, piece) => this.#note("allowed fast", piece < LAYOUT.pieceCount),
    onExtended: (_, id) => this.#note("extended", id > 0 && id < 256),
    onPort: (_, port) => this.#note("port", port > 0 && port <= 65_535),
    onHashRequest: () => this.#note("hash request"),
    onHashes: (_, _request, hashes) => this.#note("hashes", hashes.length > 0 && hashes.length % 32 === 0),
    onHashReject: () => this.#note("hash reject"),
  };

  #note(what: string, holds: boolean = true): void {
    assert.ok(holds, what);
    this.heard.add(what);
  }
}

/** Feeds a stream in parts; the layout becomes known after `knownAt` bytes, as it does with a magnet link. */
function play(input: Uint8Array, knownAt: number): { word: string; listener: Listener } {
  const listener = new Listener();
  const session = new PeerSession<null>(null, {
    onHandshake: () => {
      session.attach(listener.handler);
      session.v2 = session.offersV2;
      if (knownAt === 0) session.setLayout(LAYOUT);
    },
  });
  listener.session = session;
  let word = "ok";
  try {
    for (let at = 0; at < input.length; at += 1_000) {
      const end = Math.min(input.length, at + 1_000);
      session.onBytes(input, at, end);
      if (session.handshaken && at >= knownAt) session.setLayout(LAYOUT);
    }
  } catch (error) {
    word = refusalOf(error);
  }
  session.release();
  assert.ok(session.allowedFast.size <= 256);
  assert.ok(session.remoteExtensions.size <= 256);
  // It answers nothing by itself but requests that come too early, each with its own length.
  assert.ok(session.out.length <= input.length + 68);
  return { word, listener };
}

const peerSession: FuzzTarget = {
  name: "peer-session",
  about: "the protocol state of one connection: what it passes on fits the torrent, what it keeps is bounded",
  seeds: () => [concatBytes(HANDSHAKE, allMessages()), concatBytes(HANDSHAKE, allMessages().subarray(0, 20))],
  dictionary: ["d1:md", "11:ut_metadata", "i1e", "ee"],
  mutations: [mutateFrames, mutateFrames],
  run(input) {
    const known = play(input, 0);
    const late = play(input, (input[input.length >>> 1] ?? 0) * 8);
    return `${known.word} ${known.listener.heard.size}/${late.word}`;
  },
};

export const targets: readonly FuzzTarget[] = [peerSession];
