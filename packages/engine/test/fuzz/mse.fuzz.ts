import assert from "node:assert/strict";
import { type FuzzTarget, InputReader, refusalOf } from "@shoal/testkit/fuzz";
import { concatBytes, equalBytes, writeU32 } from "../../dist/base/bytes.js";
import type { MseHandshake } from "../../dist/core/mse/handshake.js";
import { MseInitiator } from "../../dist/core/mse/initiator.js";
import { keyStream, maskMark, syncMark, torrentMark } from "../../dist/core/mse/keys.js";
import { MseResponder } from "../../dist/core/mse/responder.js";
import { nodeDiffieHellman } from "../../dist/node/diffie-hellman.js";
import { nodeHasher } from "../../dist/node/hasher.js";

const { sha1 } = nodeHasher;
const INFO_HASH = new Uint8Array(20).fill(0x33);
const MARK = torrentMark(sha1, INFO_HASH);
/** More than any handshake takes. */
const MOST_BYTES = 1_200;

/** Both sides always have the same keys here, so that inputs that get far stay right. */
const keyOf = (byte: number): Uint8Array => new Uint8Array(20).fill(byte);
const primitives = (byte: number): ConstructorParameters<typeof MseInitiator>[0] => ({
  sha1,
  diffieHellman: nodeDiffieHellman,
  random: { fill: (target) => target.fill(byte), uint32: () => 3 },
});
const SECRET = nodeDiffieHellman.secret(keyOf(1), nodeDiffieHellman.publicKey(keyOf(2)));

const makeInitiator = (): MseHandshake =>
  new MseInitiator(primitives(1), INFO_HASH, () => new Uint8Array(68));
const makeResponder = (): MseHandshake =>
  new MseResponder(primitives(2), (mark) => (equalBytes(mark, MARK) ? INFO_HASH : null), true);

/**
 * The input's first byte says into what parts the rest is cut. With the bit 0x80 what follows the key (and the marks, for the responder) is
 * encrypted before it is fed, so that changes reach what is read last.
 */
function play(machine: MseHandshake, input: Uint8Array, isInitiator: boolean): string {
  const reader = new InputReader(input);
  const how = reader.u8();
  const bytes = input.slice(1);
  const sealedFrom = 96 + (isInitiator ? 0 : 40);
  if ((how & 0x80) !== 0 && bytes.length > sealedFrom) {
    keyStream(sha1, isInitiator ? "keyB" : "keyA", SECRET, INFO_HASH).apply(bytes, sealedFrom, bytes.length);
  }
  const step = (how & 0x7f) * 8 + 1;
  let sent = machine.takeOutput()?.length ?? 0;
  try {
    for (let at = 0; at < bytes.length && machine.outcome === null; at += step) {
      const end = Math.min(bytes.length, at + step);
      const next = machine.onBytes(bytes, at, end);
      assert.ok(next > at && next <= end);
      assert.ok(machine.outcome !== null || next === end);
      sent += machine.takeOutput()?.length ?? 0;
      assert.ok(machine.outcome === null || next <= MOST_BYTES, "it went on for too long");
      assert.ok(machine.outcome !== null || end <= MOST_BYTES + step, "it went on for too long");
    }
  } catch (error) {
    return refusalOf(error);
  }
  assert.ok(sent <= 2 * MOST_BYTES, "it sent too much");
  const { outcome } = machine;
  if (outcome === null) return `waits after ${sent}`;
  assert.ok(outcome.initialBytes <= 65_535);
  return `${outcome.method} ${Math.min(outcome.initialBytes, 2)}`;
}

/** What the other side sends when all is well, with the check and the rest not encrypted yet. */
function forInitiator(method: number): Uint8Array {
  const open = new Uint8Array(8 + 4 + 2 + 3);
  writeU32(open, 8, method);
  open[13] = 3;
  return concatBytes(Uint8Array.of(0xff), nodeDiffieHellman.publicKey(keyOf(2)), open);
}

function forResponder(methods: number, initialBytes: number): Uint8Array {
  const open = new Uint8Array(8 + 4 + 2 + 3 + 2 + initialBytes);
  writeU32(open, 8, methods);
  open[13] = 3;
  open[18] = initialBytes;
  const marks = concatBytes(syncMark(sha1, SECRET), maskMark(sha1, MARK, SECRET));
  return concatBytes(Uint8Array.of(0xff), nodeDiffieHellman.publicKey(keyOf(1)), marks, open);
}

const mse: FuzzTarget = {
  name: "mse",
  about:
    "both sides of the obfuscated handshake: bounded in what they read and send, and refusing only on purpose",
  seeds: () => [
    forInitiator(2),
    forInitiator(1),
    forResponder(2, 0),
    forResponder(3, 68),
    forResponder(4, 1),
    concatBytes(forResponder(2, 0).subarray(0, 97), new Uint8Array(600)),
    new Uint8Array(1_300).fill(0x55),
    new Uint8Array(97),
  ],
  maxBytes: 4_096,
  run(input) {
    return `${play(makeInitiator(), input, true)}/${play(makeResponder(), input, false)}`;
  },
};

export const targets: readonly FuzzTarget[] = [mse];
