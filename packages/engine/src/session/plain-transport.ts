import type { Connection, ConnectionSink } from "../ports/net.ts";
import { PROTOCOL_STRING } from "../wire/message.ts";
import type { Transport } from "./demultiplexer.ts";

/** BitTorrent as BEP 3 has it. `admit` is null where it is not allowed: such connections are known, and refused. */
export function plainTransport(admit: ((connection: Connection) => ConnectionSink) | null): Transport {
  return {
    name: "plain",
    matches: (firstBytes) => {
      const known = Math.min(firstBytes.length, PROTOCOL_STRING.length);
      for (let at = 0; at < known; at++) if (firstBytes[at] !== PROTOCOL_STRING[at]) return "no";
      return known === PROTOCOL_STRING.length ? "yes" : "more";
    },
    accept: (connection) => admit?.(connection) ?? null,
  };
}
