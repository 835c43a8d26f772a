import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, equalBytes, toHex } from "../../../dist/base/bytes.js";
import { ProtocolError } from "../../../dist/base/errors.js";
import { MseInitiator } from "../../../dist/core/mse/initiator.js";
import { keyStream, syncMark, torrentMark } from "../../../dist/core/mse/keys.js";
import { MseResponder } from "../../../dist/core/mse/responder.js";
import { checkPublicKey, PRIME } from "../../../dist/core/mse/public-key.js";
import { nodeDiffieHellman } from "../../../dist/node/diffie-hellman.js";
import { nodeHasher } from "../../../dist/node/hasher.js";
import { converse, fixed, MseEnd, seeded } from "./mse-pair.ts";

const { sha1 } = nodeHasher;
const INFO_HASH = new Uint8Array(20).fill(0x33);
const known = (mark: Uint8Array): Uint8Array | null =>
  equalBytes(mark, torrentMark(sha1, INFO_HASH)) ? INFO_HASH : null;
const nothing = (): Uint8Array => new Uint8Array(0);

test("secret, marks and key streams of a known pair of keys", () => {
  const a = new Uint8Array(20).fill(0x11);
  const b = new Uint8Array(20).fill(0x22);
  const secret = nodeDiffieHellman.secret(a, nodeDiffieHellman.publicKey(b));
  assert.deepEqual(nodeDiffieHellman.secret(b, nodeDiffieHellman.publicKey(a)), secret);
  assert.equal(toHex(sha1(secret)), "c037de42e1cc4b02799fc3e58731efb0369e4659");
  assert.equal(toHex(syncMark(sha1, secret)), "32dd7e3b16e8d7a1b444ea3f4167e202514f9feb");
  const zeros = (side: "keyA" | "keyB"): string => {
    const bytes = new Uint8Array(8);
    keyStream(sha1, side, secret, INFO_HASH).apply(bytes, 0, 8);
    return toHex(bytes);
  };
  assert.equal(zeros("keyA"), "ff74e55944aad512");
  assert.equal(zeros("keyB"), "0bfda11f02e33b5c");
});

test("the steps lie where the protocol has them", () => {
  const a = new MseInitiator(fixed(0x11, 5), INFO_HASH, () => Uint8Array.of(1, 2, 3));
  const b = new MseResponder(fixed(0x22, 7), known, true);
  const step1 = a.takeOutput()!;
  assert.equal(step1.length, 96 + 5);
  b.onBytes(step1, 0, step1.length);
  const step2 = b.takeOutput()!;
  assert.equal(step2.length, 96 + 7);
  a.onBytes(step2, 0, step2.length);
  const step3 = a.takeOutput()!;
  assert.equal(toHex(step3.subarray(0, 20)), "32dd7e3b16e8d7a1b444ea3f4167e202514f9feb");
  assert.equal(toHex(step3.subarray(40, 48)), "ff74e55944aad512");
  assert.equal(step3.length, 20 + 20 + 8 + 4 + 2 + 5 + 2 + 3);
  const end = b.onBytes(step3, 0, step3.length);
  assert.equal(end, step3.length - 3);
  assert.equal(b.outcome!.initialBytes, 3);
  b.outcome!.incoming.apply(step3, end, step3.length);
  assert.deepEqual([...step3.subarray(end)], [1, 2, 3]);
  const step4 = b.takeOutput()!;
  assert.equal(toHex(step4.subarray(0, 8)), "0bfda11f02e33b5c");
  assert.equal(step4.length, 8 + 4 + 2 + 7);
  assert.equal(a.onBytes(step4, 0, step4.length), step4.length);
  assert.equal(a.outcome!.method, "rc4");
});

test("any pads, payloads and cuts give one stream in each direction", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      (seed, initial, later, sizes, allowsPlain) => {
        const a = new MseEnd(new MseInitiator(seeded(seed), INFO_HASH, () => initial));
        const b = new MseEnd(new MseResponder(seeded(seed + 1), known, allowsPlain));
        let turn = 0;
        converse(a, b, function* (bytes) {
          for (let at = 0; at < bytes.length;) {
            const size = sizes[turn++ % sizes.length]!;
            yield bytes.slice(at, at + size);
            at += size;
          }
        });
        const outA = a.machine.outcome!;
        const outB = b.machine.outcome!;
        assert.equal(outA.method, "rc4");
        assert.equal(outB.method, "rc4");
        assert.equal(outB.initialBytes, initial.length);
        assert.deepEqual(outA.initialBytes, 0);
        const sent = later.slice();
        outA.outgoing.apply(sent, 0, sent.length);
        b.receive(sent);
        outB.incoming.apply(b.rest, 0, b.rest.length);
        assert.deepEqual(b.rest, concatBytes(initial, later));
        const answer = later.slice();
        outB.outgoing.apply(answer, 0, answer.length);
        a.receive(answer);
        outA.incoming.apply(a.rest, 0, a.rest.length);
        assert.deepEqual(a.rest, later);
      },
    ),
    { numRuns: 150 },
  );
});

/** Step 3 of a dialling side that offers what it likes. */
function offer(
  methods: number,
  padBytes: number = 0,
): { step1: Uint8Array; step3: (theirs: Uint8Array) => Uint8Array } {
  const privateKey = new Uint8Array(20).fill(0x44);
  return {
    step1: nodeDiffieHellman.publicKey(privateKey),
    step3: (theirs) => {
      const secret = nodeDiffieHellman.secret(privateKey, theirs.slice(0, 96));
      const mask = sha1(concatBytes(new TextEncoder().encode("req3"), secret));
      const mark = torrentMark(sha1, INFO_HASH).map((byte, at) => byte ^ mask[at]!);
      const sealed = new Uint8Array(16);
      sealed[11] = methods;
      sealed[12] = padBytes >>> 8;
      sealed[13] = padBytes;
      keyStream(sha1, "keyA", secret, INFO_HASH).apply(sealed, 0, sealed.length);
      return concatBytes(syncMark(sha1, secret), mark, sealed);
    },
  };
}

function accept(allowsPlain: boolean, methods: number, padBytes?: number): MseResponder {
  const responder = new MseResponder(seeded(1), known, allowsPlain);
  const { step1, step3 } = offer(methods, padBytes);
  responder.onBytes(step1, 0, step1.length);
  const bytes = step3(responder.takeOutput()!);
  responder.onBytes(bytes, 0, bytes.length);
  return responder;
}

test("plain text is chosen when it is offered and allowed", () => {
  assert.equal(accept(true, 3).outcome!.method, "plain");
  assert.equal(accept(true, 1).outcome!.method, "plain");
  assert.equal(accept(true, 2).outcome!.method, "rc4");
  assert.equal(accept(false, 3).outcome!.method, "rc4");
  assert.throws(() => accept(false, 1), ProtocolError);
  assert.throws(() => accept(true, 4), ProtocolError);
  assert.throws(() => accept(true, 2, 513), ProtocolError);
});

test("keys with which everybody knows the secret are refused", () => {
  const number = (value: bigint): Uint8Array =>
    Uint8Array.from(Buffer.from(value.toString(16).padStart(192, "0"), "hex"));
  const prime = BigInt(`0x${toHex(PRIME)}`);
  for (const value of [0n, 1n, prime - 1n, prime, prime + 1n, prime + 2n, 2n ** 768n - 1n]) {
    assert.throws(() => checkPublicKey(number(value)), ProtocolError);
    const responder = new MseResponder(seeded(1), known, true);
    assert.throws(() => responder.onBytes(number(value), 0, 96), ProtocolError);
    assert.equal(responder.takeOutput(), null);
    const initiator = new MseInitiator(seeded(1), INFO_HASH, nothing);
    initiator.takeOutput();
    assert.throws(() => initiator.onBytes(number(value), 0, 96), ProtocolError);
    assert.equal(initiator.takeOutput(), null);
  }
  for (const value of [2n, prime - 2n]) checkPublicKey(number(value));
});

/** After how many bytes following the first step, sent one by one, the responder gives up; and in which words. */
function bytesUntilRefused(responder: MseResponder, step1: Uint8Array, bytes: Uint8Array): [number, string] {
  responder.onBytes(step1, 0, step1.length);
  responder.takeOutput();
  for (let at = 0; at < bytes.length; at++) {
    try {
      responder.onBytes(bytes, at, at + 1);
    } catch (error) {
      assert.ok(error instanceof ProtocolError);
      return [at + 1, error.message];
    }
    assert.equal(responder.takeOutput(), null);
  }
  return [Infinity, ""];
}

test("an info-hash that we don't have ends it no sooner, and no other way, than random bytes do", () => {
  const noise = seeded(9).random.fill(new Uint8Array(1_200));
  const { step1, step3 } = offer(2);
  const random = bytesUntilRefused(new MseResponder(seeded(1), known, true), step1, noise);
  const unknowing = new MseResponder(seeded(1), () => null, true);
  const twin = new MseResponder(seeded(1), () => null, true);
  twin.onBytes(step1, 0, step1.length);
  const asked = concatBytes(step3(twin.takeOutput()!), noise);
  assert.deepEqual(bytesUntilRefused(unknowing, step1, asked), random);
  assert.equal(random[0], 532);
});

test("the dialling side looks for the answer no further than 520 bytes", () => {
  const initiator = new MseInitiator(seeded(1), INFO_HASH, nothing);
  initiator.takeOutput();
  const key = nodeDiffieHellman.publicKey(new Uint8Array(20).fill(0x22));
  initiator.onBytes(key, 0, key.length);
  assert.ok(initiator.takeOutput() !== null);
  const noise = seeded(9).random.fill(new Uint8Array(520));
  initiator.onBytes(noise, 0, 519);
  assert.throws(() => initiator.onBytes(noise, 519, 520), ProtocolError);
});

test("a method that was not offered is not taken", () => {
  const initiator = new MseInitiator(fixed(0x11, 0), INFO_HASH, nothing);
  const step1 = initiator.takeOutput()!;
  const privateKey = new Uint8Array(20).fill(0x22);
  const secret = nodeDiffieHellman.secret(privateKey, step1.slice(0, 96));
  const answer = new Uint8Array(14);
  answer[11] = 1;
  keyStream(sha1, "keyB", secret, INFO_HASH).apply(answer, 0, 14);
  const bytes = concatBytes(nodeDiffieHellman.publicKey(privateKey), answer);
  assert.throws(() => initiator.onBytes(bytes, 0, bytes.length), ProtocolError);
});
