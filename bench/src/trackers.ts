import {
  type Clock,
  ExternalAddress,
  type Http,
  type Net,
  type Random,
  TrackerClient,
  Xoshiro128,
} from "@shoal/engine/composition";
import { freePort, Opentracker, seededBytes } from "@shoal/testkit";
import { createSocket } from "node:dgram";
import { openEmptyTracker } from "./empty-tracker.ts";
import { loadEngineModules } from "./engine-modules.ts";
import type { Options } from "./options.ts";
import { cpuMicrosSince } from "./own-cost.ts";
import { note, saveResults } from "./report.ts";
import { withStage } from "./scene.ts";
import { formatNumber, formatTable } from "./table.ts";

const TORRENTS = 10_000;

interface TrackersRow {
  readonly tracker: string;
  readonly perSecond: number;
  /** Processor time of our process for each announce, microseconds. */
  readonly cpuMicros: number;
  /** How long the good-byes of all took, which a session ends after three. */
  readonly goodbyeSeconds: number;
}

type Ports = ConstructorParameters<typeof TrackerClient>[0];

interface Adapters {
  readonly nodeClock: Clock;
  readonly NetPolicy: new (options: object) => object;
  readonly NodeNet: new (policy: object) => Net;
  readonly NodeUdp: new (policy: object) => Ports["udp"];
  readonly NodeHttp: new (policy: object, userAgent: string) => Http;
  readonly NodeRandom: new () => Random;
}

/** Announces of ten thousand torrents that begin at once, and their good-byes. */
export async function runTrackers(options: Options): Promise<readonly TrackersRow[]> {
  const names = Array.from({ length: TORRENTS }, (_, i) => Buffer.from(seededBytes(i, 20)).toString("hex"));
  const rows = await withStage("trackers", async (stage) => {
    const tracker = await Opentracker.start(
      stage,
      names.map((name) => ({ infoHashV1: name, infoHashV2: null })),
    );
    const found = [
      await measure("opentracker over UDP", tracker.udpUrl, names),
      await measure("opentracker over HTTP", tracker.httpUrl, names),
    ];
    const udp = await udpTracker();
    found.push(await measure("in our process, UDP", udp.url, names));
    udp.close();
    const http = await openEmptyTracker();
    found.push(await measure("in our process, HTTP", http.url, names));
    http.close();
    return found;
  });
  await saveResults(options, { bench: "trackers" }, rows);
  note(`\n${table(rows)}\n`);
  return rows;
}

async function measure(tracker: string, url: string, names: readonly string[]): Promise<TrackersRow> {
  const client = await openClient();
  const listenPort = await freePort("127.0.0.1");
  let answered = 0;
  let failed = 0;
  const began = performance.now();
  const cpu = process.cpuUsage();
  await new Promise<void>((resolve) => {
    const listener = {
      onPeers: (): void => {},
      onResult: ({ ok }: { readonly ok: boolean }): void => {
        if (ok) answered++;
        else failed++;
        if (answered + failed === names.length) resolve();
      },
    };
    for (const name of names) {
      const info = {
        tiers: [[url]],
        names: () => [name],
        peerId: new Uint8Array(20),
        port: () => listenPort,
        totals: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
      };
      client.add(info, listener).start();
    }
  });
  const seconds = (performance.now() - began) / 1000;
  const micros = cpuMicrosSince(cpu);
  if (failed > 0) throw new Error(`${failed} announces failed at ${tracker}`);
  const leaving = performance.now();
  await client.close();
  const goodbyeSeconds = (performance.now() - leaving) / 1000;
  return {
    tracker,
    perSecond: names.length / seconds,
    cpuMicros: micros / names.length,
    goodbyeSeconds,
  };
}

async function openClient(): Promise<TrackerClient> {
  const modules = ["clock", "net-policy", "tcp", "udp", "http", "random"].map((name) => `node/${name}`);
  const adapters = (await loadEngineModules(modules)) as Adapters;
  const { nodeClock, NetPolicy, NodeNet, NodeUdp, NodeHttp, NodeRandom } = adapters;
  const policy = new NetPolicy({ loopbackOnly: true });
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error };
  const ports = {
    clock: nodeClock,
    net: new NodeNet(policy),
    udp: new NodeUdp(policy),
    http: new NodeHttp(policy, "Shoal"),
    random: new NodeRandom(),
    external: new ExternalAddress(),
    log,
  };
  return new TrackerClient(ports, new Xoshiro128(1));
}

/** A tracker that knows nobody; what it costs us is in the figures. */
async function udpTracker(): Promise<{ readonly url: string; close(): void }> {
  const socket = createSocket("udp4");
  const reply = Buffer.alloc(20);
  reply.writeUInt32BE(1800, 8);
  socket.on("message", (packet, { port, address }) => {
    const isConnect = packet.readUInt32BE(8) === 0;
    reply.writeUInt32BE(isConnect ? 0 : 1, 0);
    packet.copy(reply, 4, 12, 16);
    socket.send(Buffer.from(reply.subarray(0, isConnect ? 16 : 20)), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { url: `udp://127.0.0.1:${socket.address().port}/announce`, close: () => void socket.close() };
}

function table(rows: readonly TrackersRow[]): string {
  const right = (title: string): { title: string; right: true } => ({ title, right: true });
  return formatTable(
    [
      { title: "tracker" },
      right("announces per second"),
      right("our CPU us each"),
      right("good-byes of all, s"),
    ],
    rows.map(({ tracker, perSecond, cpuMicros, goodbyeSeconds }) => [
      tracker,
      formatNumber(perSecond),
      formatNumber(cpuMicros),
      formatNumber(goodbyeSeconds),
    ]),
  );
}
