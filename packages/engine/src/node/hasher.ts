import * as crypto from "node:crypto";
import type { Hasher } from "../ports/hasher.ts";

type OneShot = (algorithm: string, data: Uint8Array, encoding: "binary") => string;

/** `crypto.hash` is absent before Node 20.12. */
const oneShot: OneShot =
  "hash" in crypto && typeof crypto.hash === "function"
    ? crypto.hash
    : (algorithm, data, encoding) => crypto.createHash(algorithm).update(data).digest(encoding);

/** Hash functions of the platform. Digests are fresh arrays that pin no larger buffer. */
export const nodeHasher: Hasher = {
  sha1: (data) => digest("sha1", data),
  sha256: (data) => digest("sha256", data),
};

/**
 * A digest is taken as text, one character a byte: a Buffer made by native code costs twice as much as the hash of two
 * tree nodes, a string and a small array next to nothing.
 */
function digest(algorithm: "sha1" | "sha256", data: Uint8Array): Uint8Array {
  const text = oneShot(algorithm, data, "binary");
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
