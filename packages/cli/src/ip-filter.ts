import type { Context } from "./context.ts";
import type { IpRanges } from "./engine.ts";
import { userPath } from "./paths.ts";
import { cleanShort } from "./ui/clean.ts";
import type { Output } from "./ui/output.ts";
import { count } from "./ui/sizes.ts";

/**
 * Reads the lists of --ip-filter and says what they have. Throws ERR_NOT_FOUND and ERR_DISK: without a list that was asked for, strangers would be
 * let in.
 */
export async function readIpFilter(
  context: Context,
  output: Output,
  files: readonly string[],
): Promise<IpRanges> {
  const { loadIpFilter } = await context.engine();
  const { ranges, read, unknown, firstUnknown } = await loadIpFilter(
    files.map((file) => userPath(context, file)),
  );
  output.event("ip-filter", { ranges: read, merged: ranges.size, unknownLines: unknown, firstUnknown });
  output.note(`The IP filter blocks ${count(read, "range")} of addresses.`);
  if (firstUnknown !== null) {
    const lines = `${count(unknown, "line")} of the IP filter`;
    const first = `the first is line ${firstUnknown.line}: ${cleanShort(firstUnknown.text)}`;
    output.warn(`${lines} ${unknown === 1 ? "is" : "are"} not understood and left out; ${first}`);
  }
  return ranges;
}
