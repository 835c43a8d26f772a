import assert from "node:assert/strict";
import { type FuzzTarget, mutateBencode, outcomeOf } from "@shoal/testkit/fuzz";
import { concatBytes } from "../../dist/base/bytes.js";
import { encodeBencode } from "../../dist/wire/bencode.js";
import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodeUploadOnly,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeMetadataData,
  encodeMetadataReject,
  encodeMetadataRequest,
  encodeUploadOnly,
} from "../../dist/wire/extension.js";
import { FrameReader } from "../../dist/wire/frame.js";
import { Recorder } from "../wire/recorder.ts";
import { allMessages, HANDSHAKE, mutateFrames } from "./frames.ts";

interface Heard {
  readonly events: readonly unknown[];
  readonly error: string | null;
}

/** What a reader reports for a stream that arrives in parts; "" parts are harmless. */
function read(input: Uint8Array, cuts: (at: number) => number): Heard {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder);
  let error: string | null = null;
  const shared = new Uint8Array(7 + 65_536);
  for (let at = 0; at < input.length && error === null;) {
    const end = Math.min(input.length, at + Math.max(1, cuts(at)));
    // As sockets do it: always into the same buffer, at any place in it.
    shared.set(input.subarray(at, end), 7);
    const outcome = outcomeOf(() => reader.push(shared, 7, 7 + end - at));
    if (outcome !== "ok") error = outcome;
    assert.ok(reader.heldBytes <= 2 * 1_048_576 + 64);
    // Whoever kept a view of what was received sees that it must not.
    shared.fill(0xdb, 7, 7 + end - at);
    at = end;
  }
  reader.release();
  return { events: recorder.events, error };
}

const frame: FuzzTarget = {
  name: "frame",
  about: "the peer protocol's byte stream: however it is cut, the same messages come out",
  seeds: () => [
    concatBytes(HANDSHAKE, allMessages()),
    HANDSHAKE,
    concatBytes(HANDSHAKE, Uint8Array.of(0, 0, 0, 0)),
  ],
  mutations: [mutateFrames, mutateFrames],
  // Read three times, once in parts of few bytes, and compared.
  limitMs: 600,
  run(input) {
    const whole = read(input, () => 65_536);
    const cut = input.length === 0 ? 1 : 1 + (input[input.length >>> 1]! % 61);
    assert.deepEqual(
      read(input, () => cut),
      whole,
    );
    assert.deepEqual(
      read(input, (at) => 1 + ((at * 7919 + cut) % 4_001)),
      whole,
    );
    return `${whole.error ?? "ok"} ${new Set(whole.events.map((event) => (event as [string])[0])).size}`;
  },
};

/** The first byte says which message it is. */
const extension: FuzzTarget = {
  name: "extension",
  about: "extension handshake, ut_metadata, lt_donthave, upload_only",
  seeds: () =>
    [
      encodeExtensionHandshake({
        extensions: new Map([
          ["ut_metadata", 1],
          ["lt_donthave", 3],
        ]),
        clientName: "x",
        port: 1,
        reqq: 250,
        metadataSize: 1_000,
        uploadOnly: true,
        yourIp: Uint8Array.of(1, 2, 3, 4),
      }),
      encodeMetadataRequest(1),
      encodeMetadataReject(2),
      encodeMetadataData(0, 5, Uint8Array.of(1, 2, 3, 4, 5)),
      encodeDontHave(7),
      encodeUploadOnly(true),
      encodeBencode({ m: { ut_pex: 1 }, ipv4: new Uint8Array(4), ipv6: new Uint8Array(16), e: 1 }),
    ].map((payload, kind) => concatBytes(Uint8Array.of([0, 1, 1, 1, 2, 3, 0][kind]!), payload)),
  dictionary: [
    "1:md",
    "1:v",
    "1:pi1e",
    "4:reqqi250e",
    "13:metadata_sizei100e",
    "8:msg_typei0e",
    "5:piecei0e",
    "10:total_sizei5e",
    "6:yourip4:",
    "11:upload_onlyi1e",
  ],
  mutations: [
    (input, random, other) =>
      concatBytes(
        input.subarray(0, 1),
        mutateBencode(input.slice(1), random, () => other().slice(1)),
      ),
  ],
  run(input) {
    const payload = input.slice(1);
    switch ((input[0] ?? 0) % 4) {
      case 0:
        return outcomeOf(
          () => decodeExtensionHandshake(payload),
          (said) => {
            assert.ok(said.extensions.size <= 256 && (said.clientName?.length ?? 0) <= 128);
            assert.ok(
              said.metadataSize === null || (said.metadataSize > 0 && said.metadataSize <= 31_457_280),
            );
            const again = decodeExtensionHandshake(
              encodeExtensionHandshake({
                ...said,
                yourIp: null,
                ipv4: null,
                ipv6: null,
                uploadOnly: said.uploadOnly ?? false,
              }),
            );
            assert.deepEqual(again.extensions, said.extensions);
            assert.deepEqual(
              [again.port, again.reqq, again.metadataSize],
              [said.port, said.reqq, said.metadataSize],
            );
            return "handshake";
          },
        );
      case 1:
        return outcomeOf(
          () => decodeMetadataMessage(payload),
          (message) => {
            assert.ok(message === null || (message.piece >= 0 && message.piece < 1_920));
            if (message?.type === "data") assert.ok(message.data.length > 0 && message.data.length <= 16_384);
            return `metadata ${message?.type}`;
          },
        );
      case 2:
        return outcomeOf(
          () => decodeDontHave(payload),
          (piece) => (assert.ok(piece >= 0), "donthave"),
        );
      default:
        return outcomeOf(
          () => decodeUploadOnly(payload),
          (is) => `upload only ${is}`,
        );
    }
  },
};

export const targets: readonly FuzzTarget[] = [extension, frame];
