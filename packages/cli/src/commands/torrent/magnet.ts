import type { Invocation, NoOptions } from "../command.ts";
import { clean } from "../../ui/clean.ts";
import { hashFields, magnetOf } from "./describe.ts";
import { loadTorrent } from "./source.ts";

/** `shoal torrent magnet FILE`. */
export async function runMagnet({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const metainfo = await loadTorrent(context, args[0] as string);
  const { formatMagnet } = await context.engine();
  const magnet = formatMagnet(magnetOf(metainfo));
  output.data(clean(magnet));
  output.document({ name: metainfo.name, ...hashFields(metainfo.infoHashes), magnet });
  return 0;
}
