import type { ImportReport, NewImport } from "@shoal/schema";

import { daemonClient } from "../../daemon-client.ts";
import { CliError, usageError } from "../../errors.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { count } from "../../ui/sizes.ts";
import type { Invocation } from "../command.ts";
import type { ImportOptions } from "./declaration.ts";

const KINDS: readonly NewImport["kind"][] = ["libtorrent", "qbittorrent", "transmission"];

/** `shoal import PROGRAM DIR`. */
export async function runImport({
  context,
  output,
  args,
  options,
}: Invocation<ImportOptions>): Promise<number> {
  const [program = "", dir = ""] = args;
  const kind = KINDS.find((name) => name === program.toLowerCase());
  if (kind === undefined) {
    throw usageError(
      `"${clean(program)}" is no program that can be imported from`,
      `There are: ${KINDS.join(", ")}`,
    );
  }
  const body: NewImport = {
    kind,
    dir: userPath(context, dir),
    dryRun: options.dryRun,
    verify: options.verify,
  };
  const report = await (await daemonClient(context)).post<ImportReport>("/imports", body);
  output.document(report);
  for (const { file, name, outcome, torrentId, message } of report.torrents) {
    const why = message === null ? "" : `: ${clean(message)}`;
    const what =
      outcome === "added" ? `added as ${torrentId}` : outcome === "would-add" ? "would be added" : outcome;
    output.data(`${clean(name ?? file)}\t${what}${why}`);
  }
  const failed = report.torrents.filter(({ outcome }) => outcome === "failed").length;
  output.note(`${count(report.torrents.length - failed, "torrent")} taken over, ${failed} not.`);
  if (failed === 0) return 0;
  if (failed < report.torrents.length) return EXIT_CODES.partial.code;
  throw new CliError("ERR_METAINFO", "None of the torrents could be taken over", "");
}
