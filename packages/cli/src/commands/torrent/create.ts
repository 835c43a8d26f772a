import { basename, join } from "node:path";

import type { Invocation } from "../command.ts";
import { interrupted } from "../../errors.ts";
import { fileNameOf, shownPath, userPath, writeTorrentFile } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import { count, formatBinarySize, formatCount, formatSize } from "../../ui/sizes.ts";
import type { CreateOptions } from "./declarations.ts";
import { describeTorrent, hex, listFiles, magnetOf } from "./describe.ts";
import { makeTorrent } from "./make.ts";

/** `shoal torrent create PATH`. */
export async function runCreate({
  context,
  output,
  args,
  options,
}: Invocation<CreateOptions>): Promise<number> {
  const word = args[0] as string;
  const path = userPath(context, word);
  const creationDate = options.date ? Math.floor(context.wallTime() / 1000) : null;
  const made = await makeTorrent(context, output, path, word, { ...options, creationDate }).catch(
    (error: unknown) => {
      throw context.signal.aborted ? interrupted(context.signal, "Nothing was written.") : error;
    },
  );
  const { metainfo } = made;
  for (const warning of made.warnings) output.warn(clean(warning));
  if (metainfo.private && options.tracker.length === 0) {
    output.warn("A private torrent without --tracker can't be found by anybody.");
  }
  if (options.output === "-") {
    output.bytes(made.bytes);
    return 0;
  }
  const target = userPath(context, options.output ?? `${fileNameOf(options.name ?? basename(path))}.torrent`);
  const file = target.endsWith("/") ? join(target, `${fileNameOf(metainfo.name)}.torrent`) : target;
  const shown = shownPath(context, file);
  await writeTorrentFile(file, shown, made.bytes, options.overwrite);
  const { formatMagnet } = await context.engine();
  const magnet = formatMagnet(magnetOf(metainfo));
  output.document({ file, ...describeTorrent(metainfo, magnet) });
  if (output.quiet || output.piped) {
    output.data(file);
    return 0;
  }
  const { layout, infoHashes } = metainfo;
  const size = `${count(listFiles(metainfo).length, "file")}, ${formatSize(layout.contentSize)}`;
  output.data(
    `${shown}: ${size}, ${formatCount(layout.pieceCount)} pieces of ${formatBinarySize(layout.pieceLength)}`,
  );
  if (infoHashes.v1 !== null) output.data(`info-hash v1  ${hex(infoHashes.v1)}`);
  if (infoHashes.v2 !== null) output.data(`info-hash v2  ${hex(infoHashes.v2)}`);
  output.data(clean(magnet));
  return 0;
}
