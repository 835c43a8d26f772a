import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { Probe } from "../checks/listening.ts";

const PATIENCE_MS = 2_000;
const PING = Buffer.concat([
  Buffer.from("d1:ad2:id20:"),
  randomBytes(20),
  Buffer.from("e1:q4:ping2:roi1e1:t2:dr1:y1:qe"),
]);

/** Whether a connection to our own port comes through. */
export function probeTcp(host: string, port: number): Promise<Probe> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (outcome: Probe): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(PATIENCE_MS, () => end("silent"));
    socket.on("connect", () => end("ok"));
    socket.on("error", () => end("silent"));
  });
}

/** Whether our node of the DHT answers a ping (BEP 5) at our own port: of one who is no node (BEP 43), and is not asked back. */
export function probeUdp(host: string, port: number): Promise<Probe> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  let timer: NodeJS.Timeout | undefined;
  const outcome = new Promise<Probe>((resolve) => {
    timer = setTimeout(() => resolve("silent"), PATIENCE_MS);
    socket.on("message", () => resolve("ok"));
    socket.on("error", () => resolve("silent"));
    socket.send(PING, port, host);
  });
  return outcome.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

/** Where a listener that is bound to `host` is met on this computer. */
export function ownAddress(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
