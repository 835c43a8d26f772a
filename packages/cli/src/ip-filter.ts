import type { Context } from "./context.ts";
import type { IpRanges, ShoalError } from "./engine.ts";
import { CliError, fileSystemError } from "./errors.ts";
import { shownPath } from "./paths.ts";
import { clean, cleanShort } from "./ui/clean.ts";
import type { Output } from "./ui/output.ts";
import { count } from "./ui/sizes.ts";

/**
 * Reads lists of addresses and says what they have. Throws ERR_FILE_NOT_FOUND and ERR_DISK: without a list that was asked for,
 * strangers would be let in.
 */
export async function readIpFilter(
  context: Context,
  output: Output,
  paths: readonly string[],
): Promise<IpRanges> {
  const { loadIpFilter } = await context.engine();
  const { ranges, read, unknown, firstUnknown } = await loadIpFilter(paths).catch((error: unknown) => {
    throw explained(error);
  });
  output.event("ip-filter", { ranges: read, merged: ranges.size, unknownLines: unknown, firstUnknown });
  output.note(`The IP filter blocks ${count(read, "range")} of addresses.`);
  if (firstUnknown !== null) {
    const lines = `${count(unknown, "line")} of the IP filter`;
    const of = paths.length === 1 ? "" : ` of ${shownPath(context, firstUnknown.path)}`;
    const first = `the first is line ${firstUnknown.line}${of}: ${cleanShort(firstUnknown.text)}`;
    output.warn(`${lines} ${unknown === 1 ? "is" : "are"} not understood and left out; ${first}`);
  }
  return ranges;
}

/** The engine tells a list that is missing from one that can't be read. */
function explained(error: unknown): unknown {
  const { code, message, details } = error as Partial<ShoalError>;
  const path = textOf(details?.["path"]);
  const reason = textOf(details?.["reason"]);
  if (code === "ERR_NOT_FOUND") return fileSystemError({ code: "ENOENT" }, path);
  if (code !== "ERR_DISK" || reason !== "") return error;
  return new CliError(
    code,
    clean(message ?? ""),
    "Shoal reads lists in the forms of P2P, DAT and CIDR, also packed by gzip.",
    error,
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
