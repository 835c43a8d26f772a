import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../../dist/base/errors.js";
import { type PeerHandler, PeerSession } from "../../../dist/core/peer/peer-session.js";
import { encodeExtensionHandshake } from "../../../dist/wire/extension.js";
import { Layout } from "../../../dist/meta/layout.js";
import {
  MessageWriter,
  RESERVED_EXTENSION,
  RESERVED_FAST,
  reservedBytes,
} from "../../../dist/wire/message.js";

const FILE = { path: ["f"], pad: false, executable: false, hidden: false, symlink: null, piecesRoot: null };
const layout = new Layout("v1", 16_384, [{ ...FILE, size: 16_384 * 10 }]);

/** A session with its calls recorded by name, and a writer for what the peer says. */
class Scene {
  readonly calls: string[] = [];
  readonly says: MessageWriter = new MessageWriter();
  readonly session: PeerSession<null>;

  constructor(bits = [RESERVED_EXTENSION, RESERVED_FAST], known = true) {
    const record = (_target: object, name: string) => () => void this.calls.push(name);
    const handler = new Proxy(
      {},
      { get: (target, name) => record(target, String(name)) },
    ) as PeerHandler<null>;
    this.session = new PeerSession<null>(null, {
      onHandshake: () => {
        this.session.attach(handler);
        if (known) this.session.setLayout(layout);
      },
    });
    this.says.handshake(reservedBytes(bits), new Uint8Array(20), new Uint8Array(20).fill(1));
  }

  hear(): void {
    const bytes = this.says.take();
    this.session.onBytes(bytes, 0, bytes.length);
  }
}

test("PeerSession takes a later bitfield for what the peer has by then, as aria2 sends it", () => {
  const scene = new Scene();
  scene.says.haveNone();
  scene.says.bitfield(Uint8Array.of(0x80, 0));
  scene.says.bitfield(Uint8Array.of(0xff, 0xc0));
  scene.hear();
  assert.equal(scene.session.have?.isFull, true);
  assert.deepEqual(scene.calls, ["onHaveKnown", "onHaveKnown", "onHaveKnown"]);
});

test("PeerSession takes have-none after have messages for what the peer has by then, in a bitfield of its own", () => {
  const scene = new Scene();
  scene.says.have(3);
  scene.hear();
  const before = scene.session.have;
  scene.says.haveNone();
  scene.says.haveNone();
  scene.hear();
  assert.notEqual(scene.session.have, before, "the picker compares the new with the old");
  assert.equal(scene.session.have?.isEmpty, true);
  assert.deepEqual(scene.calls, ["onHave", "onHaveKnown", "onHaveKnown"]);
  const early = new Scene(undefined, false);
  early.says.have(3);
  early.says.haveAll();
  early.says.haveNone();
  early.hear();
  early.session.setLayout(layout);
  assert.equal(early.session.have?.isEmpty, true);
});

test("PeerSession keeps what a peer says of its pieces until the metadata is known", () => {
  const scene = new Scene(undefined, false);
  scene.says.bitfield(Uint8Array.of(0x80, 0));
  scene.says.have(9);
  scene.hear();
  assert.equal(scene.session.have, null);
  scene.session.setLayout(layout);
  assert.deepEqual([...scene.session.have!], [0, 9]);
  assert.deepEqual(scene.calls, ["onHaveKnown"]);
});

for (const [name, says] of Object.entries({
  "a have beyond the last piece": (out) => out.have(10),
  "a bitfield with spare bits": (out) => out.bitfield(Uint8Array.of(0, 0x20)),
  "a bitfield of the wrong length": (out) => out.bitfield(Uint8Array.of(0)),
  "a request beyond its piece": (out) => out.request(0, 16_384, 1),
  "a request of an unknown piece": (out) => out.request(10, 0, 1),
} satisfies Record<string, (out: MessageWriter) => void>)) {
  test(`PeerSession refuses ${name}`, () => {
    const scene = new Scene();
    says(scene.says);
    assert.throws(() => scene.hear(), ProtocolError);
  });
}

test("PeerSession refuses fast and extension messages of a peer that did not offer them", () => {
  for (const says of [
    (out: MessageWriter) => out.haveAll(),
    (out: MessageWriter) => out.reject(0, 0, 1),
    (out: MessageWriter) => out.extended(0, Uint8Array.of(100, 101)),
  ]) {
    const scene = new Scene([]);
    says(scene.says);
    assert.throws(() => scene.hear(), ProtocolError);
  }
});

test("PeerSession tells changes of choking and interest once", () => {
  const scene = new Scene();
  scene.says.unchoke();
  scene.says.unchoke();
  scene.says.interested();
  scene.says.interested();
  scene.says.choke();
  scene.hear();
  assert.deepEqual(scene.calls, ["onUnchoke", "onInterestChanged", "onChoke"]);
});

test("PeerSession remembers a bounded number of extensions, however many handshakes name others", () => {
  const scene = new Scene();
  for (let round = 0; round < 30; round++) {
    const names = Array.from({ length: 50 }, (_, i) => [`x${round} ${i}`, 9] as const);
    const extensions = new Map([...names, ["ut_metadata", round] as const]);
    scene.says.extended(0, encodeExtensionHandshake({ extensions }));
    scene.hear();
  }
  assert.ok(scene.session.remoteExtensions.size <= 256);
  assert.equal(scene.session.remoteExtensions.get("ut_metadata"), 29);
});

test("PeerSession refuses a peer that says again and again that it has everything, and nothing", () => {
  const scene = new Scene();
  for (let i = 0; i < 1_000; i++) {
    scene.says.haveAll();
    scene.says.haveNone();
  }
  assert.throws(() => scene.hear(), ProtocolError);
  assert.ok(scene.calls.length < 100);
});

test("PeerSession hears of one DHT node at the other end, and of none at port 0", () => {
  const scene = new Scene();
  for (const port of [0, 6881, 6882]) scene.says.port(port);
  scene.hear();
  assert.deepEqual(
    scene.calls.filter((name) => name === "onPort"),
    ["onPort"],
  );
});
