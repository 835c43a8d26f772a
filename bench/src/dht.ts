import { LocalDht } from "@shoal/sim";
import type { Options } from "./options.ts";
import { collectedMemory, cpuMicrosSince } from "./own-cost.ts";
import { note, saveResults } from "./report.ts";
import { formatNumber, formatTable } from "./table.ts";

const LOOKUPS = 100;
const LIMIT_MS = 120_000;

interface Scene {
  readonly name: string;
  readonly nodes: number;
  readonly dead: number;
  readonly lying: number;
  /** They are so already when torrents are announced. */
  readonly fromTheStart?: boolean;
}

const SCENES: readonly Scene[] = [
  { name: "200 nodes", nodes: 200, dead: 0, lying: 0 },
  { name: "200, then 60 dead and 20 lying", nodes: 200, dead: 60, lying: 20 },
  { name: "200, 60 dead and 20 lying before", nodes: 200, dead: 60, lying: 20, fromTheStart: true },
  { name: "1,000 nodes", nodes: 1_000, dead: 0, lying: 0 },
];

interface DhtRow {
  readonly name: string;
  readonly found: number;
  /** Virtual time to the first peer and to the end, in the middle and for the slowest twentieth. */
  readonly firstMs: readonly [number, number];
  readonly endMs: readonly [number, number];
  readonly asked: readonly [number, number];
  readonly cpuMicrosPerPacket: number;
  readonly kibPerNode: number;
}

/** Lookups in a DHT in one process under virtual time: each finds one peer that was announced before. */
export async function runDht(options: Options): Promise<readonly DhtRow[]> {
  // What is loaded and compiled once is no node's.
  const warm = new LocalDht({ nodes: 100, seed: 2 });
  warm.run(1_000);
  const rows = SCENES.map(measure);
  note(table(rows));
  await saveResults(options, { bench: "dht" }, rows);
  return rows;
}

function measure({ name, nodes, dead, lying, fromTheStart = false }: Scene): DhtRow {
  const heapBefore = heapBytes();
  const cpuBefore = process.cpuUsage();
  const dht = new LocalDht({ nodes, seed: 1 });
  // Sent once and taken once: half of what is measured is either.
  const cpuMicrosPerPacket = cpuMicrosSince(cpuBefore) / dht.packets;
  const kibPerNode = (heapBytes() - heapBefore) / nodes / 1_024;
  const targets = Array.from({ length: LOOKUPS }, () => dht.randomId());
  const spoil = (): void => {
    dht.spoil(lying, "lying");
    dht.spoil(dead, "dead");
  };
  if (fromTheStart) spoil();
  for (const [i, target] of targets.entries()) lookUp(dht, i, target, i + 1);
  if (!fromTheStart) spoil();
  const results = targets.map((target, i) => lookUp(dht, 7 * i + 3, target, 0));
  const firsts = results.map(({ firstMs }) => firstMs).filter((ms) => ms !== null);
  return {
    name,
    found: firsts.length,
    firstMs: spread(firsts),
    endMs: spread(results.map(({ endMs }) => endMs)),
    asked: spread(results.map(({ asked }) => asked)),
    cpuMicrosPerPacket,
    kibPerNode,
  };
}

/** By an honest node from the `start`th on; announces a port other than 0. */
function lookUp(
  dht: LocalDht,
  start: number,
  target: Uint8Array,
  port: number,
): { readonly firstMs: number | null; readonly endMs: number; readonly asked: number } {
  const { members } = dht;
  let at = start % members.length;
  while (members[at]!.state !== "honest") at = (at + 1) % members.length;
  const member = members[at]!;
  const beganAt = dht.now;
  let firstMs: number | null = null;
  let asked: number | null = null;
  const events = {
    onPeers: () => void (firstMs ??= dht.now - beganAt),
    onDone: (result: { readonly asked: number }) => void (asked = result.asked),
  };
  if (port === 0) member.node.getPeers(target, events);
  else member.node.announce(target, { ...events, port, isSeed: true });
  dht.touch(member);
  dht.until(() => asked !== null, LIMIT_MS);
  return { firstMs, endMs: dht.now - beganAt, asked: asked ?? 0 };
}

/** The one in the middle, and the one that a twentieth is above. */
function spread(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[sorted.length >>> 1] ?? 0, sorted[Math.floor(sorted.length * 0.95)] ?? 0];
}

function heapBytes(): number {
  const { heap, buffers } = collectedMemory();
  return heap + buffers;
}

function table(rows: readonly DhtRow[]): string {
  const right = (title: string): { title: string; right: true } => ({ title, right: true });
  const both = ([middle, high]: readonly [number, number]): string =>
    `${formatNumber(Math.round(middle))} / ${formatNumber(Math.round(high))}`;
  return formatTable(
    [
      { title: "DHT" },
      right(`found of ${LOOKUPS}`),
      right("first peer, ms"),
      right("end, ms"),
      right("nodes asked"),
      right("CPU us per packet"),
      right("KiB per node"),
    ],
    rows.map((row) => [
      row.name,
      String(row.found),
      both(row.firstMs),
      both(row.endMs),
      both(row.asked),
      formatNumber(row.cpuMicrosPerPacket),
      formatNumber(row.kibPerNode),
    ]),
  );
}
