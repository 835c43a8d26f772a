import type { DeliveryLogEntry, DeliveryLogPage } from "@shoal/schema";

import { type DaemonClient, daemonClient } from "../../daemon-client.ts";
import { clean } from "../../ui/clean.ts";
import { count, formatCount, formatSize } from "../../ui/sizes.ts";
import { columnsOf, renderTable } from "../../ui/table.ts";
import type { Invocation } from "../command.ts";
import type { TransferLogOptions } from "./declarations.ts";
import { follow, queryOf } from "./follow.ts";
import { logTarget } from "./log-target.ts";
import { formatWhen, pastTime } from "./past.ts";

/** Of a file id, so much is shown to people. */
const SHOWN_ID = 8;
const COLUMNS = columnsOf("TYPE", "PEER", "FILE ID", ">PIECE", ">BYTES", "TIME");

/** `shoal log transfers [TRANSFER]`. */
export async function runTransferLog(invocation: Invocation<TransferLogOptions>): Promise<number> {
  const { context, output, args, options } = invocation;
  const daemon = await daemonClient(context);
  const { since } = options;
  const filter = {
    torrent: await logTarget(daemon, args[0]),
    type: options.type,
    file: options.file,
    peer: options.peer,
    since: since === null ? null : pastTime(since, context.wallTime()),
    limit: options.limit,
  };
  const page = await ask(daemon, filter);
  if (!options.follow) output.document(page);
  else for (const row of page.rows) output.event("delivery", row);
  const show = (rows: readonly DeliveryLogEntry[], headed: boolean): void => {
    const cells = rows.map((row) => line(row, output.piped, context.wallTime()));
    const columns = headed ? COLUMNS : COLUMNS.map(({ align }) => ({ heading: "", align }));
    for (const text of renderTable(columns, cells, output.piped)) output.data(text);
  };
  if (page.rows.length > 0) show(page.rows, true);
  else if (!options.follow) output.note("Nothing was moved yet that this asks for.");
  if (page.dropped > 0) {
    const when = page.droppedAt === null ? "" : ` since ${formatWhen(page.droppedAt, context.wallTime())}`;
    output.warn(`${count(page.dropped, "row")} could not be written in time${when}: the log lacks them.`);
  }
  if (page.overwritten > 0)
    output.detail(
      `${count(page.overwritten, "older row")} made room: ${formatCount(page.capacity)} are kept.`,
    );
  if (!options.follow) return 0;
  return follow(context, page.rows.at(-1)?.seq ?? 0, async (after) => {
    const { rows } = await ask(daemon, { ...filter, after, limit: null });
    for (const row of rows) output.event("delivery", row);
    if (rows.length > 0) show(rows, false);
    return rows.at(-1)?.seq ?? after;
  });
}

function ask(
  daemon: DaemonClient,
  filter: Readonly<Record<string, string | number | null>>,
): Promise<DeliveryLogPage> {
  return daemon.get<DeliveryLogPage>(`/log/transfers${queryOf(filter)}`);
}

function line(row: DeliveryLogEntry, plain: boolean, now: number): string[] {
  const { type, fileId, piece, bytes, at } = row;
  const peer = row.peer === null ? "earlier" : clean(row.peer);
  return plain
    ? [type, peer, fileId, String(piece), String(bytes), at]
    : [type, peer, shortId(fileId), String(piece), formatSize(bytes), formatWhen(at, now)];
}

/** The index of a file in a v1 torrent stays: without it the id names the torrent. */
function shortId(fileId: string): string {
  const [hash = "", index] = fileId.split(":");
  return index === undefined ? hash.slice(0, SHOWN_ID) : `${hash.slice(0, SHOWN_ID)}…:${index}`;
}
