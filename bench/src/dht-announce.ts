import {
  type Clock,
  Dht,
  ExternalAddress,
  nodeHasher,
  type Udp,
  Xoshiro128,
} from "@shoal/engine/composition";
import { LocalDht, SimulatedRandom, silentLog } from "@shoal/sim";
import { seededBytes } from "@shoal/testkit";
import type { Options } from "./options.ts";
import { collectedMemory, cpuMicrosSince } from "./own-cost.ts";
import { note, saveResults } from "./report.ts";
import { formatNumber, formatTable } from "./table.ts";

const NODES = 200;
const TORRENTS = 10_000;
const MINUTES = 30;
const STEP_MS = 1_000;

interface DhtAnnounceRow {
  readonly torrents: number;
  /** Nodes that know our address at the end, for each torrent. */
  readonly keptByEach: number;
  readonly packetsPerSecond: number;
  readonly packetsEach: number;
  /** Processor time of our part, of one core, over the whole time. */
  readonly cpuPart: number;
  readonly cpuMicrosEach: number;
  readonly heapBytesEach: number;
}

type Ports = ConstructorParameters<typeof Dht>[0];

/** Processor time that goes into the part that is measured; the rest of the DHT runs in the same process. */
class Meter {
  micros = 0;

  wrap<A extends readonly unknown[]>(run: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      const from = process.cpuUsage();
      run(...args);
      this.micros += cpuMicrosSince(from);
    };
  }
}

/** Half an hour of ten thousand torrents at rest in a DHT of two hundred nodes, under virtual time. */
export async function runDhtAnnounce(options: Options): Promise<readonly DhtAnnounceRow[]> {
  const others = new LocalDht({ nodes: NODES, seed: 1 });
  const guest = others.guest();
  const meter = new Meter();
  const clock: Clock = {
    now: () => guest.clock.now(),
    wallTime: () => guest.clock.wallTime(),
    setTimer: (delayMs, callback) => guest.clock.setTimer(delayMs, meter.wrap(callback)),
  };
  const udp: Udp = { open: (spec, onPacket) => guest.udp.open(spec, meter.wrap(onPacket)) };
  const dht = new Dht(portsOf(clock, udp), new Xoshiro128(2), {
    bootstrap: [others.members[0]!.endpoint],
    mayContact: () => true,
  });
  await dht.open(6881);
  dht.join();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await settle();
  others.run(60_000);
  const before = dht.stats().ipv4!;
  const { heap } = collectedMemory();
  const torrents = Array.from({ length: TORRENTS }, (_, i) => {
    const name = Buffer.from(seededBytes(i, 20)).toString("hex");
    const names = [name];
    return dht.seek(
      { names: () => names, port: () => 6881, localPort: () => 6881, isSeed: () => true, onPeers: () => {} },
      { gently: true },
    );
  });
  const heapBytesEach = (collectedMemory().heap - heap) / TORRENTS;
  meter.micros = 0;
  for (let ms = 0; ms < MINUTES * 60_000; ms += STEP_MS) others.run(STEP_MS);
  const after = dht.stats().ipv4!;
  const packets = after.packetsIn + after.packetsOut - before.packetsIn - before.packetsOut;
  const kept = others.members.reduce((sum, { node }) => sum + node.stats(others.now).storedPeers, 0);
  const row = {
    torrents: torrents.length,
    keptByEach: kept / TORRENTS,
    packetsPerSecond: packets / (MINUTES * 60),
    packetsEach: packets / TORRENTS,
    cpuPart: meter.micros / (MINUTES * 60_000_000),
    cpuMicrosEach: meter.micros / TORRENTS,
    heapBytesEach,
  };
  await dht.close();
  note(`\n${table(row)}\n`);
  await saveResults(options, { bench: "dht-announce" }, [row]);
  return [row];
}

function portsOf(clock: Clock, udp: Udp): Ports {
  const random = new SimulatedRandom(new Xoshiro128(3));
  const store = {
    updateRecord: (_name: string, change: (before: Uint8Array | null) => Uint8Array): Promise<void> => {
      change(null);
      return Promise.resolve();
    },
  } as Ports["store"];
  const net = { resolve: (host: string) => Promise.resolve([host]) } as Ports["net"];
  const signer = { verify: () => false } as unknown as Ports["signer"];
  return {
    clock,
    udp,
    net,
    store,
    random,
    log: silentLog,
    signer,
    hasher: nodeHasher,
    external: new ExternalAddress(),
  };
}

function table(row: DhtAnnounceRow): string {
  return formatTable(
    [{ title: "10,000 torrents at rest, 30 min" }, { title: "", right: true }],
    [
      ["nodes that keep each", formatNumber(row.keptByEach)],
      ["packets per second, both ways", formatNumber(row.packetsPerSecond)],
      ["packets of each", formatNumber(row.packetsEach)],
      ["CPU us of each", formatNumber(row.cpuMicrosEach)],
      ["part of one core, %", formatNumber(row.cpuPart * 100)],
      ["heap bytes of each, at rest", formatNumber(row.heapBytesEach)],
    ],
  );
}
