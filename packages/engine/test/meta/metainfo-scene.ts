import assert from "node:assert/strict";
import { ProtocolError } from "../../dist/base/errors.js";
import { parseMetainfo, type Metainfo } from "../../dist/meta/metainfo.js";
import { nodeHasher } from "../../dist/node/hasher.js";
import { encodeBencode, type BencodeInput } from "../../dist/wire/bencode.js";

export const K16 = 16_384;
export const ROOT_A: Uint8Array = new Uint8Array(32).fill(1);
export const ROOT_B: Uint8Array = new Uint8Array(32).fill(2);

export type Dictionary = Record<string, BencodeInput | undefined>;

export const pieces = (count: number): Uint8Array => new Uint8Array(20 * count).fill(7);
export const parse = (info: Dictionary, outer: Dictionary = {}): Metainfo =>
  parseMetainfo(encodeBencode({ ...outer, info }), nodeHasher);

export function reasonOf(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.ok(error.code === "ERR_METAINFO" || error.code === "ERR_BENCODE");
    assert.match(error.message, /^[^\n]+[^.\n]$/);
    return error.details["reason"];
  }
  return "accepted";
}

export const v1: Dictionary = {
  name: "t",
  "piece length": K16,
  pieces: pieces(2),
  files: [
    { length: 10, path: ["a"] },
    { length: K16, path: ["d", "b"] },
  ],
};
export const v2: Dictionary = {
  name: "t",
  "piece length": K16,
  "meta version": 2,
  "file tree": {
    a: { "": { length: 10, "pieces root": ROOT_A } },
    d: { b: { "": { length: K16, "pieces root": ROOT_B } } },
  },
};
export const hybrid: Dictionary = {
  ...v2,
  pieces: pieces(2),
  files: [
    { length: 10, path: ["a"] },
    { attr: "p", length: K16 - 10, path: [".pad", String(K16 - 10)] },
    { length: K16, path: ["d", "b"] },
  ],
};
