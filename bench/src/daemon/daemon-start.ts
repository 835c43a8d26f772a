import type { Options } from "../options.ts";
import { TICKS_PER_SECOND, ticksOf } from "../process-meter.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { median } from "../statistics.ts";
import { formatNumber, formatTable } from "../table.ts";
import { footprint, inParallel, startMeasured } from "./measured-daemon.ts";
import { TinyTorrent } from "./tiny-torrent.ts";

const TRANSFERS = 10_000;
const LENGTH = 1_000;
/** Nobody is there: all of them wait for their turn to announce. */
const TRACKER = "http://127.0.0.1:9/announce";

interface Start {
  readonly transfers: number;
  /** From the start of the program to `listening`. */
  readonly ms: number;
  /** User and system time of all threads until then. */
  readonly cpuMs: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** How long a daemon takes to start that has ten thousand transfers, complete ones with their files, and how big it is then. */
export async function runDaemonStart(options: Options): Promise<readonly Start[]> {
  const rows = await withStage("daemon-start", async (stage) => {
    const folder = stage.folder("daemon");
    const start = async (transfers: number): Promise<Start> => {
      const begun = performance.now();
      const daemon = await startMeasured(stage, folder);
      const ms = performance.now() - begun;
      const cpuMs = ((ticksOf(daemon.child.pid) ?? 0) * 1_000) / TICKS_PER_SECOND;
      const { heapBytes, rssBytes } = await footprint(daemon);
      const { text } = await daemon.ask("GET", "/torrents?limit=1");
      const { total } = JSON.parse(text) as { total: number };
      if (total !== transfers) throw new Error(`${total} transfers came back of ${transfers}`);
      await daemon.child.stop(30_000);
      return { transfers, ms, cpuMs, heapBytes, rssBytes };
    };
    const starts: Start[] = [];
    for (let i = 0; i < options.runs; i++) starts.push(await start(0));
    note(`adding ${TRANSFERS} transfers…`);
    const first = await startMeasured(stage, folder);
    await inParallel(TRANSFERS, async (n) => {
      const torrent = new TinyTorrent(n, LENGTH, TRACKER);
      torrent.write(first.downloads);
      await first.ask("POST", "/torrents", { torrent: torrent.base64 });
    });
    await first.child.stop(60_000);
    for (let i = 0; i < options.runs; i++) starts.push(await start(TRANSFERS));
    return starts;
  });
  await saveResults(options, { bench: "daemon-start" }, rows);
  note(`\n${table(rows)}\n`);
  return rows;
}

function table(rows: readonly Start[]): string {
  const right = (title: string): { title: string; right: true } => ({ title, right: true });
  const middle = (transfers: number, key: keyof Start): number =>
    median(rows.filter((row) => row.transfers === transfers).map((row) => row[key]));
  const each = (key: keyof Start): string =>
    formatNumber((middle(TRANSFERS, key) - middle(0, key)) / TRANSFERS);
  return formatTable(
    [right("transfers"), right("start s"), right("CPU s"), right("heap MiB"), right("resident MiB")],
    [0, TRANSFERS]
      .map((transfers) => [
        String(transfers),
        formatNumber(middle(transfers, "ms") / 1_000),
        formatNumber(middle(transfers, "cpuMs") / 1_000),
        formatNumber(middle(transfers, "heapBytes") / 2 ** 20),
        formatNumber(middle(transfers, "rssBytes") / 2 ** 20),
      ])
      .concat([["bytes each", "", "", each("heapBytes"), each("rssBytes")]]),
  );
}
