import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** What a fake tracker was told, in short. */
export interface Told {
  readonly infoHash: string;
  readonly event: string;
  readonly key: string;
  readonly left: number;
  readonly uploaded: number;
  readonly port: number;
  readonly numWant: number;
  readonly path: string;
}

export interface FakeTracker {
  readonly url: string;
  readonly told: Told[];
  /** Waits until so many announces have come. */
  announces(count: number): Promise<void>;
}

class Log implements FakeTracker {
  url = "";
  readonly told: Told[] = [];
  #waiting: { count: number; resolve: () => void }[] = [];

  add(told: Told): void {
    this.told.push(told);
    for (const one of this.#waiting) if (this.told.length >= one.count) one.resolve();
  }

  announces(count: number): Promise<void> {
    if (this.told.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}

/** An HTTP tracker that gives every announce the same answer; null never answers. */
export async function httpTracker(t: TestContext, answer: string | null, status = 200): Promise<FakeTracker> {
  const log = new Log();
  const server = createServer((request, response) => {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const raw = new Map(query.split("&").map((pair) => pair.split("=") as [string, string]));
    log.add({
      infoHash: hexOfQuery(raw.get("info_hash") ?? ""),
      event: raw.get("event") ?? "",
      key: raw.get("key") ?? "",
      left: Number(raw.get("left")),
      uploaded: Number(raw.get("uploaded")),
      port: Number(raw.get("port")),
      numWant: Number(raw.get("numwant")),
      path,
    });
    if (answer !== null) response.writeHead(status).end(Buffer.from(answer, "latin1"));
  }).listen(0, "127.0.0.1");
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  log.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`;
  return log;
}

/** A UDP tracker (BEP 15) that has one peer, 1.2.3.4:6881, for everybody, or an error. */
export async function udpTracker(
  t: TestContext,
  error: string | null = null,
): Promise<FakeTracker & { connects: number }> {
  const log = Object.assign(new Log(), { connects: 0 });
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.on("message", (packet, from) => {
    const reply = (bytes: Buffer): void => socket.send(bytes, from.port, from.address);
    const head = (action: number): Buffer => Buffer.concat([u32(action), packet.subarray(12, 16)]);
    if (packet.readUInt32BE(8) === 0) {
      log.connects++;
      reply(Buffer.concat([head(0), Buffer.from("connecti")]));
      return;
    }
    if (packet.subarray(0, 8).toString() !== "connecti") return;
    log.add({
      infoHash: packet.subarray(16, 36).toString("hex"),
      event: ["", "completed", "started", "stopped"][packet.readUInt32BE(80)]!,
      key: packet.subarray(88, 92).toString("hex"),
      left: Number(packet.readBigUInt64BE(64)),
      uploaded: Number(packet.readBigUInt64BE(72)),
      port: packet.readUInt16BE(96),
      numWant: packet.readUInt32BE(92),
      path: packet.subarray(100).toString(),
    });
    if (error !== null) reply(Buffer.concat([head(3), Buffer.from(error)]));
    else reply(Buffer.concat([head(1), u32(1800), u32(1), u32(1), Buffer.of(1, 2, 3, 4, 0x1a, 0xe1)]));
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  log.url = `udp://127.0.0.1:${socket.address().port}/announce?pass=1`;
  return log;
}

/** Hex of percent-encoded raw bytes. */
function hexOfQuery(text: string): string {
  return text.replace(
    /%(..)|./gs,
    (one, digits?: string) => digits?.toLowerCase() ?? Buffer.from(one).toString("hex"),
  );
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
