import type { NodeStatus, Torrent } from "@shoal/schema";
import { TorrentTable } from "@shoal/schema/reader";

import { type DaemonClient, daemonClient } from "../../daemon-client.ts";
import { CliError, interrupted, toFailure } from "../../errors.ts";
import { clean } from "../../ui/clean.ts";
import { listenForKeys } from "../../ui/keys.ts";
import { count, formatRate } from "../../ui/sizes.ts";
import { every } from "../../ui/ticker.ts";
import type { Invocation } from "../command.ts";
import { type ColumnName, USUAL_COLUMNS } from "./columns.ts";
import type { WatchOptions } from "./declarations.ts";
import { listLines } from "./list-table.ts";
import { findTargets } from "./targets.ts";

type Choice = (torrents: readonly Torrent[]) => readonly Torrent[];

const INTERVAL_MS = 1_000;
/** Above the table and below it. */
const OTHER_LINES = 4;

/** `shoal watch [TRANSFER…]`. */
export async function runWatch(invocation: Invocation<WatchOptions>): Promise<number> {
  const { context, args } = invocation;
  const daemon = await daemonClient(context);
  if (args.length === 0) return watch(invocation, daemon, (torrents) => torrents, USUAL_COLUMNS);
  const { torrents } = await daemon.get<{ torrents: Torrent[] }>("/torrents");
  const { found, missing } = findTargets(args, torrents);
  if (missing[0] !== undefined) throw missing[0];
  const ids = new Set(found.map(({ id }) => id));
  return watch(invocation, daemon, (all) => all.filter(({ id }) => ids.has(id)), USUAL_COLUMNS);
}

/** Shows the transfers that `choose` leaves, again and again, until a key or the command's end. */
export async function watch(
  { context, output, options }: Pick<Invocation<WatchOptions>, "context" | "output" | "options">,
  daemon: DaemonClient,
  choose: Choice,
  columns: readonly ColumnName[],
): Promise<number> {
  const table = new TorrentTable();
  let numbers: Partial<NodeStatus> = {};
  let selected: number | null = null;
  let told = "";
  const rows = (): readonly Torrent[] => choose(table.rows() as Torrent[]);
  const draw = (force: boolean): void => {
    if (!output.interactive) return;
    const shown = rows();
    const at = shown.findIndex(({ id }) => id === selected);
    const lines = windowOf(shown, at, output.terminalRows - OTHER_LINES);
    const text = listLines(lines, columns, output.columns - 2, output.noteStyle);
    const marked = text.map((line) => `${isRowOf(line, selected) ? ">" : " "} ${line}`);
    output.live([summary(numbers, shown.length, lines.length), ...marked, ...footer(told)], force);
  };
  const act = (verb: "pause" | "resume"): void => {
    if (selected === null) return;
    daemon.post(`/torrents/${selected}/${verb}`).then(
      () => (told = ""),
      (error: unknown) => (told = toFailure(error).message),
    );
  };
  const controller = new AbortController();
  const onKey = (key: string): void => {
    const shown = rows();
    const at = shown.findIndex(({ id }) => id === selected);
    if (key === "q") controller.abort();
    else if (key === "down" || key === "j") selected = shown[Math.min(at + 1, shown.length - 1)]?.id ?? null;
    else if (key === "up" || key === "k") selected = shown[Math.max(at - 1, 0)]?.id ?? null;
    else if (key === "p") act("pause");
    else if (key === "r") act("resume");
    draw(true);
  };
  const stopKeys = options.noInput ? (): void => undefined : listenForKeys(context, onKey);
  const stopTicking = every(options.interval ?? INTERVAL_MS, () => {
    if (output.json) output.event("transfers", { torrents: rows(), node: numbers });
    output.status(() => summary(numbers, rows().length, rows().length));
    draw(false);
  });
  const signal = AbortSignal.any([context.signal, controller.signal]);
  try {
    for await (const { event, data } of daemon.events("?topics=torrents,node", signal)) {
      if (event === "snapshot") table.onSnapshot(data);
      else if (event === "delta") table.onDelta(data);
      else if (event === "node") numbers = { ...numbers, ...data };
      if (event === "snapshot") draw(true);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stopTicking();
    stopKeys();
    output.done();
  }
  if (controller.signal.aborted) return 0;
  if (context.signal.aborted) throw interrupted(context.signal, "Transfers go on.");
  throw new CliError("ERR_DAEMON", "The daemon has ended", "Start it with: shoal daemon start");
}

/** The rows around the selected one that fit. */
function windowOf(rows: readonly Torrent[], at: number, height: number): readonly Torrent[] {
  // Of each row the reason for waiting may take another line.
  const room = Math.max(1, Math.floor(height / 2));
  const fitting = rows.length <= room ? rows.length : room;
  const start = Math.max(0, Math.min(at - Math.floor(fitting / 2), rows.length - fitting));
  return rows.slice(start, start + fitting);
}

function isRowOf(line: string, id: number | null): boolean {
  return id !== null && new RegExp(`^\\s*${id}  `).test(line);
}

function summary(
  { downRate = 0, upRate = 0, peers = 0 }: Partial<NodeStatus>,
  all: number,
  shown: number,
): string {
  const part = shown < all ? ` (${shown} shown)` : "";
  return `${count(all, "transfer")}${part}   down ${formatRate(downRate)}   up ${formatRate(upRate)}   ${count(peers, "person", "people")}`;
}

function footer(told: string): string[] {
  return [told === "" ? "" : clean(told), "Q ends   arrows choose   P pauses   R resumes"];
}
