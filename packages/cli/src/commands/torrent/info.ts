import type { Magnet, Metainfo } from "../../engine.ts";
import type { Invocation, NoOptions } from "../command.ts";
import { formatPeer } from "../option.ts";
import { clean } from "../../ui/clean.ts";
import { count, formatBinarySize, formatCount, formatSize } from "../../ui/sizes.ts";
import type { Output } from "../../ui/output.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import { describeMagnet, describeTorrent, hex, magnetOf, timestamp } from "./describe.ts";
import { explainMagnet, parseTorrent, readTorrentBytes } from "./source.ts";

/** `shoal torrent info LINK`. */
export async function runInfo({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  // Blanks around a link come from copying it.
  const word = (args[0] as string).replace(/^\s+(?=magnet:)/i, "");
  const engine = await context.engine();
  if (/^magnet:/i.test(word)) return showMagnet(word);
  const bytes = await readTorrentBytes(context, word);
  const text = bytes.length < 262_144 ? Buffer.from(bytes).toString("utf8").trim() : "";
  if (word === "-" && /^magnet:/i.test(text)) return showMagnet(text);
  const metainfo = await parseTorrent(context, bytes, word);
  const link = engine.formatMagnet(magnetOf(metainfo));
  output.document(describeTorrent(metainfo, link));
  printTorrent(output, metainfo, link);
  return 0;

  function showMagnet(link: string): number {
    let magnet: Magnet;
    try {
      magnet = engine.parseMagnet(link);
    } catch (error) {
      throw explainMagnet(error, link);
    }
    const tidy = engine.formatMagnet(magnet);
    output.document(describeMagnet(magnet, tidy));
    printMagnet(output, magnet, tidy);
    return 0;
  }
}

type Row = readonly [label: string, value: string];

function printRows(output: Output, rows: readonly Row[]): void {
  const columns = columnsOf("", "");
  const painted = rows.map(([label, value]) => [output.style.dim(label), value]);
  for (const line of renderTable(columns, painted, output.piped)) output.data(line);
}

function printTorrent(output: Output, metainfo: Metainfo, link: string): void {
  const { layout } = metainfo;
  const files = layout.files.filter((file) => !file.pad);
  const rows: Row[] = [
    ["Name", clean(metainfo.name)],
    [
      "Size",
      `${formatSize(layout.contentSize)} (${formatCount(layout.contentSize)} bytes), ${count(files.length, "file")}`,
    ],
    ["Pieces", `${formatCount(layout.pieceCount)} of ${formatBinarySize(layout.pieceLength)}`],
    ["Kind", KINDS[layout.kind]],
    ...hashRows(metainfo.infoHashes),
    ...metainfo.trackers.flat().map((url): Row => ["Tracker", clean(url)]),
    ...metainfo.webSeeds.map((url): Row => ["Web seed", clean(url)]),
  ];
  if (metainfo.private) rows.push(["Private", "yes: people only from its trackers"]);
  if (metainfo.source !== null) rows.push(["Source", clean(metainfo.source)]);
  if (metainfo.comment !== null) {
    metainfo.comment.split("\n").forEach((line, at) => rows.push([at === 0 ? "Comment" : "", clean(line)]));
  }
  const made = [timestamp(metainfo.creationDate), metainfo.createdBy].filter((part) => part !== null);
  if (made.length > 0) rows.push(["Made", clean(made.join(" by "))]);
  rows.push(["Magnet", clean(link)]);
  for (const warning of metainfo.warnings) rows.push(["Odd", clean(warning)]);
  printRows(output, rows);
  output.data();
  for (const line of fileTable(metainfo, output)) output.data(line);
}

const KINDS = {
  v1: "BitTorrent v1",
  v2: "BitTorrent v2",
  hybrid: "hybrid, for BitTorrent v1 and v2",
} as const;

function hashRows(infoHashes: Metainfo["infoHashes"]): Row[] {
  const rows: Row[] = [];
  if (infoHashes.v1 !== null) rows.push(["Info-hash v1", hex(infoHashes.v1)]);
  if (infoHashes.v2 !== null) rows.push(["Info-hash v2", hex(infoHashes.v2)]);
  return rows;
}

function fileTable(metainfo: Metainfo, output: Output): string[] {
  const columns = columnsOf(">SIZE", "FILE");
  const rows = metainfo.layout.files
    .filter((file) => !file.pad)
    .map((file) => [
      output.piped ? String(file.size) : formatSize(file.size),
      clean(file.path.join("/")) + (file.symlink === null ? "" : ` -> ${clean(file.symlink.join("/"))}`),
    ]);
  return renderTable(columns, rows, output.piped);
}

function printMagnet(output: Output, magnet: Magnet, link: string): void {
  printRows(output, [
    ["Name", clean(magnet.name ?? "not in the link")],
    ...(magnet.exactLength === null
      ? []
      : ([["Size", `${formatSize(magnet.exactLength)}, as the link says`]] as const)),
    ...hashRows(magnet.infoHashes),
    ...magnet.trackers.map((url): Row => ["Tracker", clean(url)]),
    ...magnet.webSeeds.map((url): Row => ["Web seed", clean(url)]),
    ...magnet.peers.map((peer): Row => ["Peer", clean(formatPeer(peer))]),
    ["Magnet", clean(link)],
  ]);
  output.note(output.noteStyle.dim("Its files are known once somebody who has it was asked: shoal get LINK"));
}
