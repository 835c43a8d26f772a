import { renderUnicodeCompact } from "uqr";

import type { Context } from "../../context.ts";
import type { Metainfo, Session } from "../../engine.ts";
import { shownPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { count, formatBinarySize, formatCount, formatSize } from "../../ui/sizes.ts";
import type { Style } from "../../ui/style.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import { hex, listFiles } from "../torrent/describe.ts";

/** A torrent that is ready to be fetched. */
export interface Shared {
  readonly metainfo: Metainfo;
  readonly magnet: string;
  /** Path of the .torrent file; null where it lies on another computer. */
  readonly torrentFile: string | null;
}

/** What a person needs to pass on, and what programs call the torrent. */
export function shareLines(context: Context, shared: Shared, style: Style): string[] {
  const { metainfo, magnet, torrentFile } = shared;
  const { layout, infoHashes } = metainfo;
  const files = count(listFiles(metainfo).length, "file");
  const rows: (readonly [string, string])[] = [
    ["size", `${formatSize(layout.contentSize)}, ${files}`],
    ["pieces", `${formatCount(layout.pieceCount)} of ${formatBinarySize(layout.pieceLength)}`],
  ];
  if (infoHashes.v1 !== null) rows.push(["info-hash v1", hex(infoHashes.v1)]);
  if (infoHashes.v2 !== null) rows.push(["info-hash v2", hex(infoHashes.v2)]);
  if (torrentFile !== null) rows.push([".torrent", shownPath(context, torrentFile)]);
  const table = renderTable(
    columnsOf("", ""),
    rows.map(([label, value]) => [`   ${style.dim(label)}`, value]),
  );
  return [
    `${style.bold(clean(metainfo.name))} is ready. Your friend gets it with this link, in shoal or any torrent program:`,
    "",
    `   shoal get '${style.accent(clean(magnet).replaceAll("'", "%27"))}'`,
    "",
    ...table,
  ];
}

/** "Listening on port 41873 of every address", and on which one a friend will try first. */
export function listeningLines(
  session: Pick<Session, "endpoint" | "obstacle">,
  reachable: readonly { host: string; port: number }[],
  isProxied: boolean,
): string[] {
  const { endpoint, obstacle } = session;
  if (endpoint === null && obstacle !== null) return [`Not listening: ${clean(obstacle)}.`];
  if (endpoint === null) {
    return [
      isProxied
        ? "Not listening: through a proxy nobody can connect to you. Shoal connects to those it finds; --proxy-listen lets them in."
        : "Not listening: only people named can be reached.",
    ];
  }
  const first = reachable[0];
  const all = endpoint.host === "0.0.0.0" || endpoint.host === "::";
  if (!all) return [`Listening on ${clean(endpoint.host)}, port ${endpoint.port}.`];
  const near = first === undefined ? "" : ` (in your own network: ${first.host})`;
  return [`Listening on port ${endpoint.port} of every address${near}.`];
}

/** A QR code of the link as text, or a sentence when it doesn't fit the terminal. */
export function qrLines(magnet: string, columns: number): string[] {
  const lines = renderUnicodeCompact(magnet, { ecc: "L", border: 2 }).split("\n");
  const width = Math.max(...lines.map((line) => line.length));
  if (width > columns)
    return [`The QR code needs ${width} columns; this terminal has ${columns}. Make it wider.`];
  return lines;
}
