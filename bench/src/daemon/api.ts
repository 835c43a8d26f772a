import type { ShoalAnswer, ShoalDaemon } from "@shoal/testkit";
import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { formatNumber, formatTable } from "../table.ts";
import { inParallel, startMeasured } from "./measured-daemon.ts";

const TRANSFERS = 10_000;
/** Transfers that change between two deltas. */
const ACTIVE = 200;
const ROUNDS = 40;

interface ApiRow {
  readonly what: string;
  readonly bytes: number;
  /** Milliseconds from asking to the last byte, over a Unix socket. */
  readonly p50: number;
  readonly p95: number;
}

/** How long the API of a daemon with ten thousand transfers takes to answer. */
export async function runApi(options: Options): Promise<readonly ApiRow[]> {
  const rows = await withStage("api", async (stage) => {
    const daemon = await startMeasured(stage);
    note(`adding ${TRANSFERS} transfers…`);
    await inParallel(TRANSFERS, (i) =>
      daemon.ask("POST", "/torrents", {
        magnet: `magnet:?xt=urn:btih:f${i.toString(16).padStart(39, "0")}&dn=transfer-number-${i}`,
        paused: true,
      }),
    );
    return [
      await measure("list, all fields", () => daemon.ask("GET", "/torrents")),
      await measure("list, 6 fields", () =>
        daemon.ask("GET", "/torrents?fields=id,name,state,have,wanted,downRate"),
      ),
      await measure("list, by name, 100 of them", () => daemon.ask("GET", "/torrents?sort=name&limit=100")),
      await measure("stream, snapshot", () => daemon.firstEvent("?topics=torrents", "snapshot")),
      await measureDeltas(daemon),
    ];
  });
  await saveResults(options, { bench: "api" }, rows);
  const right = true;
  const columns = [
    { title: "what" },
    { title: "KiB", right },
    { title: "p50 ms", right },
    { title: "p95 ms", right },
  ];
  const cells = rows.map(({ what, bytes, p50, p95 }) => [
    what,
    formatNumber(bytes / 1024),
    formatNumber(p50),
    formatNumber(p95),
  ]);
  note(`\n${formatTable(columns, cells)}\n`);
  return rows;
}

async function measureDeltas(daemon: ShoalDaemon): Promise<ApiRow> {
  let round = 0;
  let { revision } = JSON.parse((await daemon.ask("GET", "/torrents?limit=1")).text) as { revision: number };
  return measure(`stream, delta after ${ACTIVE} changes`, async () => {
    const sequential = round++ % 2 === 0;
    await inParallel(ACTIVE, (i) => daemon.ask("PATCH", `/torrents/${i * 37 + 1}`, { sequential }));
    const answer = await daemon.firstEvent(`?topics=torrents&since=${revision}`, "delta");
    const [now, changed] = JSON.parse(answer.text) as [number, unknown[]];
    if (changed.length !== ACTIVE) throw new Error(`${changed.length} rows changed`);
    revision = now;
    return answer;
  });
}

async function measure(what: string, once: () => Promise<ShoalAnswer>): Promise<ApiRow> {
  // What is computed by the first is kept for the others.
  await once();
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const { text, ms } = await once();
    times.push(ms);
    bytes = Buffer.byteLength(text);
  }
  times.sort((a, b) => a - b);
  return { what, bytes, p50: times[Math.floor(ROUNDS * 0.5)]!, p95: times[Math.floor(ROUNDS * 0.95)]! };
}
