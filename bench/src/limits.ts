import { createSession, createTorrent, type Session, type SpeedLimits, type Torrent } from "@shoal/engine";
import { poll, type Stage } from "@shoal/testkit";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicrosSince } from "./own-cost.ts";
import type { Options } from "./options.ts";
import { writeBigFile } from "./payload.ts";
import { note, saveResults } from "./report.ts";
import { withStage } from "./scene.ts";
import { formatNumber, formatTable } from "./table.ts";

/** Bytes per second. */
const RATES = [20_000, 200_000, 2_000_000, 20_000_000, 200_000_000];
const PEERS = [1, 8];
const PIECE = 1_048_576;
const BLOCK = 16_384;
/** Measured for so long, and over so many blocks at least. */
const SECONDS = 4;
const BLOCKS = 25;
/** From the first block on, until what goes on is what goes on all the time. */
const SETTLE_MS = 1_000;
const SAMPLE_MS = 5;
/** More than the fastest case fetches. */
const SIZE = 1_400_000_000;

interface LimitsRow {
  readonly way: "down" | "up";
  readonly peers: number;
  /** Bytes per second. */
  readonly limit: number;
  readonly measured: number;
  /** Processor seconds of all ends, per second. */
  readonly cpu: number;
}

/** How close real transfers come to a speed limit, down and up, with one peer and with several. All ends are sessions of this process. */
export async function runLimits(options: Options): Promise<readonly LimitsRow[]> {
  const rows: LimitsRow[] = [];
  await withStage("limits", async (stage) => {
    const folder = stage.folder("data");
    const path = join(folder, "shared");
    await writeBigFile(path, options.size ?? SIZE, 1);
    const { bytes } = await createTorrent(path, { kind: "v1", pieceLength: options.pieceLength ?? PIECE });
    for (const limit of RATES) {
      for (const peers of PEERS) {
        for (const way of ["down", "up"] as const) {
          const name = `${way} ${limit / 1_000} kB/s, peers: ${peers}`;
          if (!name.includes(options.filter)) continue;
          const row = { way, peers, limit, ...(await measure(stage, bytes, folder, { way, peers, limit })) };
          note(`${name}: ${percent(row)} %`);
          rows.push(row);
        }
      }
    }
  });
  await saveResults(options, { bench: "limits", pieceLength: options.pieceLength ?? PIECE }, rows);
  note(`\n${table(rows)}\n`);
  return rows;
}

/** The limit is on one end; the others are as many as there are peers. */
async function measure(
  stage: Stage,
  torrentBytes: Uint8Array,
  dataDir: string,
  { way, peers, limit }: Pick<LimitsRow, "way" | "peers" | "limit">,
): Promise<{ readonly measured: number; readonly cpu: number }> {
  const sessions: Session[] = [];
  const folder = stage.folder("out");
  const open = async (limits: SpeedLimits): Promise<Session> => {
    const session = await createSession({
      ...{ host: "127.0.0.1", ports: [0], offline: true, lsd: false, dht: false, pex: false },
      stateDir: stage.folder("state"),
      diskWorkers: 1,
      uploadSlots: 20,
      limits,
    });
    sessions.push(session);
    return session;
  };
  try {
    const none = { down: null, up: null };
    const seeds = way === "down" ? peers : 1;
    const addresses: { host: string; port: number }[] = [];
    for (let i = 0; i < seeds; i++) {
      const session = await open(way === "up" ? { down: null, up: limit } : none);
      const torrent = await session.add({ torrentBytes, downloadDir: dataDir, seedOnly: true, hashed: true });
      await poll("it is shared", () => torrent.state === "seeding");
      addresses.push(session.endpoint!);
    }
    const torrents: Torrent[] = [];
    for (let i = 0; i < (way === "up" ? peers : 1); i++) {
      const session = await open(way === "down" ? { down: limit, up: null } : none);
      const downloadDir = join(folder, String(i));
      torrents.push(await session.add({ torrentBytes, downloadDir, peers: addresses }));
    }
    return await watch(torrents, limit);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes between the arrival of one block and that of another, much later. */
async function watch(
  torrents: readonly Torrent[],
  limit: number,
): Promise<{ readonly measured: number; readonly cpu: number }> {
  const got = (): number => torrents.reduce((sum, torrent) => sum + torrent.stats().downloaded, 0);
  const change = async (from: number): Promise<{ readonly at: number; readonly bytes: number }> => {
    const bytes = await poll("something comes", () => got() > from && got(), { every: SAMPLE_MS });
    return { at: performance.now(), bytes };
  };
  await change(0);
  await sleep(SETTLE_MS);
  const cpu = process.cpuUsage();
  const first = await change(got());
  const seconds = Math.max(SECONDS, (BLOCKS * BLOCK) / limit);
  await sleep(seconds * 1_000);
  const last = await change(got());
  const took = (last.at - first.at) / 1_000;
  return { measured: (last.bytes - first.bytes) / took, cpu: cpuMicrosSince(cpu) / 1e6 / took };
}

function percent({ measured, limit }: LimitsRow): string {
  return ((100 * measured) / limit).toFixed(1);
}

function table(rows: readonly LimitsRow[]): string {
  const right = (title: string): { title: string; right: true } => ({ title, right: true });
  return formatTable(
    [
      right("limit, kB/s"),
      { title: "way" },
      right("peers"),
      right("measured, kB/s"),
      right("% of the limit"),
      right("CPU"),
    ],
    rows.map((row) => [
      String(row.limit / 1_000),
      row.way,
      String(row.peers),
      formatNumber(row.measured / 1_000),
      percent(row),
      formatNumber(row.cpu),
    ]),
  );
}
