import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import type { ShoalDaemon } from "@shoal/testkit";
import type { Options } from "../options.ts";
import { note, saveResults } from "../report.ts";
import { withStage } from "../scene.ts";
import { slope } from "../statistics.ts";
import { formatNumber, formatTable } from "../table.ts";
import { type Footprint, footprint, inParallel, startMeasured } from "./measured-daemon.ts";
import { TinyTorrent } from "./tiny-torrent.ts";

/** Whole lives of transfers in each round: added, changed, paused, resumed, looked at, removed. */
const LIVES = 1_000;
const STREAMS = 50;
const COMMANDS = 3;
/** Rounds in which rings and caches fill and code is compiled; they are not measured. */
const WARM_UP = 3;

interface SoakFound {
  readonly rounds: readonly Footprint[];
  /** What grows by how much from round to round. */
  readonly growth: Readonly<Record<keyof Footprint, number>>;
  /** Files that are left after the last transfer was removed and the daemon has ended. */
  readonly left: readonly string[];
}

/** Whether a daemon stays as small as it was while thousands of transfers come and go over its API. */
export async function runApiSoak(options: Options): Promise<SoakFound> {
  const found = await withStage("api-soak", async (stage) => {
    const daemon = await startMeasured(stage);
    const rounds: Footprint[] = [];
    note(line("before", await footprint(daemon)));
    for (let round = 0; round < WARM_UP + options.runs; round++) {
      await live(daemon, round);
      const found = await footprint(daemon);
      note(line(`round ${round + 1}`, found));
      if (round >= WARM_UP) rounds.push(found);
    }
    await daemon.child.stop(10_000);
    return { rounds, growth: growthOf(rounds), left: filesIn(daemon.stateDir) };
  });
  await saveResults(options, { bench: "api-soak" }, [found]);
  note(`\n${table(found)}\n\nleft in the state folder: ${found.left.join(", ")}\n`);
  return found;
}

async function live(daemon: ShoalDaemon, round: number): Promise<void> {
  await Promise.all([
    inParallel(LIVES, (i) => lifeOf(daemon, round * LIVES + i)),
    inParallel(STREAMS, () => daemon.firstEvent("?topics=torrents", "snapshot")),
    ...Array.from({ length: COMMANDS }, () => daemon.run("list", "--json")),
  ]);
}

async function lifeOf(daemon: ShoalDaemon, n: number): Promise<void> {
  const { text } = await daemon.ask("POST", "/torrents", sourceOf(daemon, n));
  const { id } = JSON.parse(text) as { id: number };
  const at = `/torrents/${id}`;
  await daemon.ask("PATCH", at, {
    labels: [`l${n % 7}`],
    sequential: n % 2 === 0,
    limits: { down: 100_000 },
  });
  await daemon.ask("POST", `${at}/pause`, {});
  await daemon.ask("GET", `${at}/files`).catch(ignoreUnknownFiles);
  await daemon.ask("POST", `${at}/resume`, {});
  await daemon.ask("GET", "/torrents?limit=20&sort=name");
  await daemon.ask("GET", at);
  await daemon.ask("DELETE", `${at}?deleteFiles=${n % 2 === 0}`);
  await daemon.ask("DELETE", `/trash/${id}`);
  rmSync(join(daemon.downloads, new TinyTorrent(n).name), { force: true });
}

/** Of a magnet they are not known. */
function ignoreUnknownFiles(error: Error): void {
  if (!error.message.includes("ERR_NO_METADATA")) throw error;
}

/** Magnets, paused ones, .torrent files, and .torrent files whose data is there. */
function sourceOf(daemon: ShoalDaemon, n: number): object {
  if (n % 4 < 2) {
    const hash = createHash("sha1").update(`transfer ${n}`).digest("hex");
    return { magnet: `magnet:?xt=urn:btih:${hash}&dn=transfer-${n}`, paused: n % 4 === 1 };
  }
  const torrent = new TinyTorrent(n);
  if (n % 4 === 3) torrent.write(daemon.downloads);
  return { torrent: torrent.base64 };
}

function growthOf(rounds: readonly Footprint[]): SoakFound["growth"] {
  const names = Object.keys(rounds[0]!) as (keyof Footprint)[];
  const growth = names.map((name) => [name, slope(rounds.map((round) => round[name]))]);
  return Object.fromEntries(growth) as SoakFound["growth"];
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .sort();
}

function line(when: string, { heapBytes, externalBytes, rssBytes, handles, openFiles }: Footprint): string {
  const kib = (bytes: number): string => formatNumber(bytes / 1024);
  const memory = `heap ${kib(heapBytes)} KiB, external ${kib(externalBytes)} KiB, RSS ${kib(rssBytes)} KiB`;
  return `${when}: ${memory}, ${handles} handles, ${openFiles} open files`;
}

function table({ rounds, growth }: SoakFound): string {
  const right = true;
  const last = rounds.at(-1)!;
  const rows: readonly (readonly [string, keyof Footprint, number])[] = [
    ["heap, KiB", "heapBytes", 1024],
    ["external, KiB", "externalBytes", 1024],
    ["resident, KiB", "rssBytes", 1024],
    ["handles", "handles", 1],
    ["open files", "openFiles", 1],
    ["CPU of a round, ms", "cpuMs", 1],
  ];
  return formatTable(
    [
      { title: `${LIVES} transfers a round` },
      { title: "at the end", right },
      { title: "growth a round", right },
    ],
    rows.map(([title, key, unit]) => [
      title,
      key === "cpuMs" ? "" : formatNumber(last[key] / unit),
      formatNumber(growth[key] / unit),
    ]),
  );
}
