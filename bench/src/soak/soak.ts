import { createTorrent } from "@shoal/engine";
import type { Child, Stage } from "@shoal/testkit";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Options } from "../options.ts";
import { writeBigFile } from "../payload.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { formatNumber, formatTable } from "../table.ts";
import type { SoakMeasured } from "./soak-session.ts";

const MEBIBYTE = 2 ** 20;
/** Many small pieces: what is done for each piece shows. */
const PIECE = 16_384;
const SIZE = 512 * MEBIBYTE;

/** How long the event loop of a session is blocked among many busy peers. */
export async function runSoak(options: Options): Promise<SoakMeasured> {
  const size = options.size ?? SIZE;
  const measured = await withStage("soak", async (stage) => {
    const folder = stage.folder("data");
    const shared = await make(folder, "shared", size, 1);
    const fetched = await make(folder, "fetched", Math.ceil(size / 4), 2);
    const crowd = start(stage, "crowd", [shared, fetched, folder, String(options.peers)]);
    const { ports } = await next<{ ports: number[] }>(crowd);
    const words = [shared, folder, fetched, ports.join(","), String(options.seconds)];
    const watched = start(stage, "soak-session", words);
    const { port } = await next<{ port: number }>(watched);
    crowd.write(`${port}\n`);
    const found = await next<SoakMeasured>(watched);
    crowd.endInput();
    await Promise.all([crowd.exited, watched.exited]);
    return found;
  });
  await saveResults(options, { bench: "soak", size }, [measured]);
  note(`\n${table(options, measured)}\n`);
  return measured;
}

async function make(folder: string, name: string, size: number, seed: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeBigFile(path, size, seed);
  const { bytes } = await createTorrent(path, { kind: "v1", pieceLength: PIECE });
  await writeFile(`${path}.torrent`, bytes);
  return `${path}.torrent`;
}

function start(stage: Stage, name: string, words: readonly string[]): Child {
  const program = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  return stage.spawn({ name, command: process.execPath, args: [program, ...words] });
}

/** The next line of JSON that the program says. */
function next<T>(child: Child): Promise<T> {
  return new Promise((resolve, reject) => {
    child.onLine((line, from) => {
      if (from === "stdout" && line.startsWith("{")) resolve(JSON.parse(line) as T);
    });
    void child.exited.then(() => reject(new Error(`${child.name} ended\n${child.log}`)));
  });
}

function table({ seconds, peers }: Options, measured: SoakMeasured): string {
  const rows: [string, string][] = [
    ["seconds, peers", `${seconds}, ${peers} (${measured.mostPeers} at once at most)`],
    [
      "fetched, shared, MiB",
      `${mib(measured.downloadedBytes)} in ${measured.rounds} rounds, ${mib(measured.uploadedBytes)}`,
    ],
    ["longest block, ms", formatNumber(measured.longestMs)],
    ["the same without waiting for a processor (<= 10)", formatNumber(measured.longestOwnMs)],
    ["blocks of more than 10 ms of its own", String(measured.over10)],
    ["99.9 % of delays below, ms", formatNumber(measured.p999Ms)],
    ["longest pause for garbage, ms", formatNumber(measured.longestGcMs)],
  ];
  return formatTable([{ title: "soak" }, { title: "found" }], rows);
}

function mib(bytes: number): string {
  return formatNumber(bytes / MEBIBYTE);
}
