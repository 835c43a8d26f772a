// One session of our engine, driven by lines of JSON on stdin and stdout, as drivers/libtorrent_tuned.py is:
//
//   node engine-driver.js HOST PORT STATE_DIR
import { createSession } from "@shoal/engine";
import type { AddOptions, Session, TorrentEvent } from "@shoal/engine";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { monotonicMs } from "./clock.ts";

interface Order {
  readonly id: number;
  readonly do: "seed" | "download";
  readonly file: string;
  readonly saveDir: string;
  readonly peers?: readonly (readonly [string, number])[];
}

const [host = "127.0.0.1", port = "0", stateDir = "."] = process.argv.slice(2);
const session = await createSession({ host, ports: [Number(port)], stateDir, offline: true, lsd: false });

say({ ready: { port: session.endpoint?.port } });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  void carryOut(session, order).then(
    (ok) => say({ id: order.id, ok }),
    (error: unknown) => say({ id: order.id, error: String(error) }),
  );
}
await session.close();

/** Settles when everything is verified: checked, for a seed. */
async function carryOut(on: Session, order: Order): Promise<Readonly<Record<string, number>>> {
  const torrentBytes = readFileSync(order.file);
  const base = { torrentBytes, downloadDir: order.saveDir, discovery: false };
  if (order.do === "seed") {
    await added(on, { ...base, seedOnly: true, verify: "full" });
    return {};
  }
  const peers = (order.peers ?? []).map(([peerHost, peerPort]) => ({ host: peerHost, port: peerPort }));
  const { firstByteMs, completeMs } = await added(on, { ...base, peers });
  return { firstByte: (firstByteMs ?? completeMs) / 1000, complete: completeMs / 1000 };
}

function added(
  on: Session,
  options: AddOptions,
): Promise<{ firstByteMs: number | null; completeMs: number }> {
  return new Promise((resolve, reject) => {
    let firstByteMs: number | null = null;
    const listener = (event: TorrentEvent): void => {
      if (event.type === "first-block") firstByteMs = monotonicMs();
      else if (event.type === "complete") resolve({ firstByteMs, completeMs: monotonicMs() });
      else if (event.type === "error") reject(event.error);
    };
    on.add({ ...options, listener }).catch(reject);
  });
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
