import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Stage } from "@shoal/testkit";
import type { Options } from "./options.ts";
import { note, saveResults } from "./report.ts";
import { withStage } from "./scene.ts";
import { formatNumber, formatTable } from "./table.ts";

const TRANSFERS = 10_000;
/** Transfers that change between two deltas. */
const ACTIVE = 200;
const ROUNDS = 40;
/** Requests under way while the transfers are added. */
const AT_ONCE = 32;

interface ApiRow {
  readonly what: string;
  readonly bytes: number;
  /** Milliseconds from asking to the last byte, over a Unix socket. */
  readonly p50: number;
  readonly p95: number;
}

interface Answer {
  readonly text: string;
  readonly ms: number;
}

/** How long the API of a daemon with ten thousand transfers takes to answer. */
export async function runApi(options: Options): Promise<readonly ApiRow[]> {
  const rows = await withStage("api", async (stage) => {
    const socket = await startDaemon(stage);
    note(`adding ${TRANSFERS} transfers…`);
    await inParallel(TRANSFERS, (i) =>
      ask(socket, "POST", "/torrents", {
        magnet: `magnet:?xt=urn:btih:f${i.toString(16).padStart(39, "0")}&dn=transfer-number-${i}`,
        paused: true,
      }),
    );
    return [
      await measure("list, all fields", () => ask(socket, "GET", "/torrents")),
      await measure("list, 6 fields", () =>
        ask(socket, "GET", "/torrents?fields=id,name,state,have,wanted,downRate"),
      ),
      await measure("list, by name, 100 of them", () => ask(socket, "GET", "/torrents?sort=name&limit=100")),
      await measure("stream, snapshot", () => firstEvent(socket, "?topics=torrents", "snapshot")),
      await measureDeltas(socket),
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

async function startDaemon(stage: Stage): Promise<string> {
  const folder = stage.folder("daemon");
  const program = fileURLToPath(new URL("../../packages/cli/bin/shoal.js", import.meta.url));
  const env = {
    HOME: folder,
    SHOAL_STATE_DIR: join(folder, "state"),
    SHOAL_CONFIG_DIR: join(folder, "config"),
    SHOAL_DOWNLOAD_DIR: join(folder, "downloads"),
  };
  const args = [program, "daemon", "run", "--port", "0", "--ui-port", "0", "--json"];
  await stage.spawn({ name: "daemon", command: process.execPath, args, env }).says(/"listening"/);
  return join(folder, "state", "daemon.sock");
}

async function measureDeltas(socket: string): Promise<ApiRow> {
  let round = 0;
  let { revision } = JSON.parse((await ask(socket, "GET", "/torrents?limit=1")).text) as { revision: number };
  return measure(`stream, delta after ${ACTIVE} changes`, async () => {
    const sequential = round++ % 2 === 0;
    await inParallel(ACTIVE, (i) => ask(socket, "PATCH", `/torrents/${i * 37 + 1}`, { sequential }));
    const answer = await firstEvent(socket, `?topics=torrents&since=${revision}`, "delta");
    const [now, changed] = JSON.parse(answer.text) as [number, unknown[]];
    if (changed.length !== ACTIVE) throw new Error(`${changed.length} rows changed`);
    revision = now;
    return answer;
  });
}

async function measure(what: string, once: () => Promise<Answer>): Promise<ApiRow> {
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

function ask(socketPath: string, method: string, path: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const begun = performance.now();
    const sent = request({ socketPath, method, path: `/api/v1${path}`, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const ms = performance.now() - begun;
        const text = Buffer.concat(parts).toString("utf8");
        if ((response.statusCode ?? 0) >= 300) reject(new Error(text));
        else resolve({ text, ms });
      });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The data of the first event of a stream. */
function firstEvent(socketPath: string, query: string, event: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const sent = request({ socketPath, path: `/api/v1/events${query}`, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("error", () => {});
      response.on("data", (part: Buffer) => {
        parts.push(part);
        if (part.at(-1) !== 10 || part.at(-2) !== 10) return;
        const ms = performance.now() - begun;
        const [, name, text] =
          /event: (\w+)\ndata: (.*)\n\n/.exec(Buffer.concat(parts).toString("utf8")) ?? [];
        response.destroy();
        if (name === event) resolve({ text: text!, ms });
        else reject(new Error(`a ${name} came, no ${event}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function inParallel(count: number, act: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
