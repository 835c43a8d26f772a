import { concatBytes, readU16, writeU16 } from "../base/bytes.ts";
import type { Endpoint } from "../ports/net.ts";
import type { NetPolicy } from "./net-policy.ts";
import { openSocket } from "./open-socket.ts";

const PREFIX_BYTES = 2;

/**
 * Asks a name server what does not fit a datagram (RFC 7766): the answer to `question`, as far as it came within `waitMs`; null when none did.
 */
export function askByTcp(
  question: Uint8Array,
  server: Endpoint,
  waitMs: number,
  policy: NetPolicy,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const socket = openSocket(server, policy);
    const timer = setTimeout(() => socket.destroy(), waitMs);
    let received: Uint8Array = new Uint8Array(0);
    socket.on("connect", () => {
      const prefix = new Uint8Array(PREFIX_BYTES);
      writeU16(prefix, 0, question.length);
      socket.write(concatBytes(prefix, question));
    });
    socket.on("data", (bytes: Uint8Array) => {
      received = concatBytes(received, bytes);
      const end = received.length < PREFIX_BYTES ? Infinity : PREFIX_BYTES + readU16(received, 0);
      if (received.length < end) return;
      resolve(received.slice(PREFIX_BYTES, end));
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}
