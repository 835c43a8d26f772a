import * as crypto from "node:crypto";
import type { Hasher } from "../ports/hasher.ts";

type OneShot = (algorithm: string, data: Uint8Array, encoding: "buffer") => Uint8Array;

/** `crypto.hash` is twice as fast on small inputs, but absent before Node 20.12. */
const oneShot: OneShot | null = "hash" in crypto && typeof crypto.hash === "function" ? crypto.hash : null;

/** Hash functions of the platform. Digests are fresh arrays that pin no larger buffer. */
export const nodeHasher: Hasher = {
  sha1: (data) => digest("sha1", data),
  sha256: (data) => digest("sha256", data),
};

function digest(algorithm: "sha1" | "sha256", data: Uint8Array): Uint8Array {
  const bytes =
    oneShot === null
      ? crypto.createHash(algorithm).update(data).digest()
      : oneShot(algorithm, data, "buffer");
  return new Uint8Array(bytes);
}
