import type {
  EventLogPage,
  Torrent,
  TorrentFiles,
  TorrentPeers,
  TorrentPieces,
  TorrentTrackers,
} from "@shoal/schema";

import type { Context } from "../../context.ts";
import { shownPath } from "../../paths.ts";
import { clean, cleanShort } from "../../ui/clean.ts";
import { formatRough } from "../../ui/durations.ts";
import { count, formatCount, formatPercent, formatRate, formatSize } from "../../ui/sizes.ts";
import { renderTable } from "../../ui/table.ts";
import type { Invocation } from "../command.ts";
import { stateWord, whyOf } from "./columns.ts";
import type { ShowOptions } from "./declarations.ts";
import { pieceMap } from "./piece-map.ts";
import { oneTarget } from "./each-target.ts";

/** Left and right of the map of pieces. */
const MAP_MARGIN = 6;
const LOG_LINES = 20;

/** `shoal show TRANSFER`. */
export async function runShow({ context, output, args, options }: Invocation<ShowOptions>): Promise<number> {
  const { daemon, torrent } = await oneTarget(context, args[0]!);
  const path = `/torrents/${torrent.id}`;
  const files = options.files ? (await daemon.get<TorrentFiles>(`${path}/files`)).files : null;
  const peers = options.peers ? (await daemon.get<TorrentPeers>(`${path}/peers`)).peers : null;
  const asked = options.trackers ? await daemon.get<TorrentTrackers>(`${path}/trackers`) : null;
  const pieces = options.pieces ? await daemon.get<TorrentPieces>(`${path}/pieces`) : null;
  const log = options.log
    ? (await daemon.get<EventLogPage>(`/log/events?torrent=${torrent.id}&limit=${LOG_LINES}`)).rows
    : null;
  output.document({
    ...torrent,
    ...(files === null ? {} : { files }),
    ...(peers === null ? {} : { peerList: peers }),
    ...(asked === null ? {} : { trackers: asked.trackers, finders: asked.finders, webSeeds: asked.webSeeds }),
    ...(pieces === null ? {} : { pieces: { pieceCount: pieces.pieceCount, have: pieces.have } }),
    ...(log === null ? {} : { log }),
  });
  const { bold, dim } = output.style;
  output.data(bold(`${torrent.id}  ${clean(torrent.name)}`));
  const facts = factsOf(context, torrent, options.pieces);
  for (const line of table(facts.map(([label, text]) => [`   ${dim(label)}`, text]))) output.data(line);
  const section = (title: string, rows: readonly (readonly string[])[], none: string): void => {
    output.data();
    output.data(bold(title));
    if (rows.length === 0) output.data(`   ${none}`);
    else for (const line of table(rows)) output.data(line);
  };
  if (pieces !== null && pieces.have !== null && pieces.pieceCount > 0) {
    const { pieceCount, have } = pieces;
    const lines = pieceMap(Buffer.from(have, "base64"), pieceCount, output.columns - MAP_MARGIN);
    section(
      "Pieces",
      lines.map((line) => [`   ${line}`]),
      "",
    );
  }
  if (files !== null) section("Files", files.map(fileRow), "the file list is not known yet");
  if (peers !== null) section("People", peers.map(peerRow), "nobody is connected");
  if (asked !== null) section("Asked", askedRows(asked), "nobody is asked");
  if (log !== null)
    section(
      "Log",
      log.map(({ at, kind, message }) => [`   ${at}`, kind, clean(message)]),
      "nothing has happened",
    );
  return 0;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...rows.map((row) => row.length));
  return renderTable(
    Array.from({ length: width }, () => ({ heading: "", align: "left" as const })),
    rows,
  );
}

function factsOf(context: Context, torrent: Torrent, pieces: boolean): (readonly [string, string])[] {
  const { wanted, have, downRate, upRate, etaMs, downloaded, uploaded, wasted, ratio } = torrent;
  const why = whyOf(torrent);
  const action = torrent.waiting?.action;
  const left = etaMs === null ? "" : `, ${formatRough(etaMs)} left`;
  const lost = wasted === 0 ? "" : `, ${formatSize(wasted)} in vain`;
  const given = ratio === null ? "" : ` (ratio ${ratio.toFixed(2)})`;
  return [
    ["state", why === null ? stateWord(torrent) : `${stateWord(torrent)}: ${why}`],
    ...(action === undefined ? [] : [["to do", clean(action)] as const]),
    [
      "done",
      wanted === 0
        ? "the file list is not known yet"
        : `${formatPercent(have / wanted)} of ${formatSize(wanted)}`,
    ],
    ...(pieces
      ? [["pieces", `${formatCount(torrent.piecesHave)} of ${formatCount(torrent.pieceCount)}`] as const]
      : []),
    ["speed", `down ${formatRate(downRate)}, up ${formatRate(upRate)}${left}`],
    ["moved", `fetched ${formatSize(downloaded)}${lost}, given ${formatSize(uploaded)}${given}`],
    ["people", `${count(torrent.peers, "person", "people")} connected, ${torrent.seeds} with all of it`],
    ["folder", shownPath(context, torrent.downloadDir)],
    ...(torrent.labels.length === 0 ? [] : [["labels", torrent.labels.map(clean).join(", ")] as const]),
    ...(torrent.v1 === null ? [] : [["info-hash v1", torrent.v1] as const]),
    ...(torrent.v2 === null ? [] : [["info-hash v2", torrent.v2] as const]),
    ...(torrent.private ? [["private", "people only from its trackers"] as const] : []),
    ["added", torrent.addedAt],
    ...(torrent.finishedAt === null ? [] : [["finished", torrent.finishedAt] as const]),
  ];
}

function fileRow(file: TorrentFiles["files"][number], at: number): string[] {
  const done = formatPercent(file.size === 0 ? 1 : file.have / file.size);
  const wish = file.wanted ? (file.priority > 4 ? "high" : file.priority < 4 ? "low" : "") : "left out";
  return [`   ${at + 1}`, done, formatSize(file.size), clean(file.path), wish];
}

function peerRow(peer: TorrentPeers["peers"][number]): string[] {
  const where = peer.host === null ? "" : clean(peer.host.includes(":") ? `[${peer.host}]` : peer.host);
  return [
    `   ${peer.port === null ? where : `${where}:${peer.port}`}`,
    formatPercent(peer.progress),
    `down ${formatRate(peer.downRate)}`,
    `up ${formatRate(peer.upRate)}`,
    peer.source,
    cleanShort(peer.client, 32),
  ];
}

function askedRows({ trackers, finders, webSeeds }: TorrentTrackers): string[][] {
  return [
    ...trackers.map(({ url, state, peers, message }) => [
      `   ${cleanShort(url)}`,
      state,
      count(peers, "peer"),
      message === null ? "" : cleanShort(message),
    ]),
    ...finders.map(({ source, answered, peers }) => [
      `   ${source === "dht" ? "DHT" : "local network"}`,
      source === "dht" ? `${count(answered, "node")} answered` : "",
      count(peers, "peer"),
      "",
    ]),
    ...webSeeds.map(({ url, state, downRate, lastError }) => [
      `   ${cleanShort(url)}`,
      state,
      formatRate(downRate),
      lastError === null ? "" : cleanShort(lastError),
    ]),
  ];
}
