import type { MagnetLink } from "@shoal/schema";

import { exists, userPath } from "../../paths.ts";
import { oneTarget } from "../transfers/each-target.ts";
import type { Invocation, NoOptions } from "../command.ts";
import { clean } from "../../ui/clean.ts";
import { hashFields, magnetOf } from "./describe.ts";
import { loadTorrent } from "./source.ts";

/** `shoal torrent magnet FILE`. */
export async function runMagnet({ context, output, args }: Invocation<NoOptions>): Promise<number> {
  const word = args[0] ?? "";
  if (word !== "-" && !/\.torrent$/i.test(word) && !(await exists(userPath(context, word)))) {
    const { daemon, torrent } = await oneTarget(context, word);
    const { magnet } = await daemon.get<MagnetLink>(`/torrents/${torrent.id}/magnet`);
    output.data(clean(magnet));
    output.document({ id: torrent.id, name: torrent.name, magnet });
    return 0;
  }
  const metainfo = await loadTorrent(context, args[0] as string);
  const { formatMagnet } = await context.engine();
  const magnet = formatMagnet(magnetOf(metainfo));
  output.data(clean(magnet));
  output.document({ name: metainfo.name, ...hashFields(metainfo.infoHashes), magnet });
  return 0;
}
