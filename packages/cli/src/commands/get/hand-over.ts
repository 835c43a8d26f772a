import type { AddTorrent, Torrent } from "@shoal/schema";

import type { Engine } from "../../engine.ts";
import { daemonClient } from "../../daemon-client.ts";
import { usageError } from "../../errors.ts";
import { userPath } from "../../paths.ts";
import { clean } from "../../ui/clean.ts";
import type { Invocation } from "../command.ts";
import { formatPeer } from "../option.ts";
import type { GetOptions } from "./declaration.ts";
import type { Thing } from "./thing.ts";

/** Gives a download to the background service, which goes on with it when this command has ended. */
export async function handOver(
  { context, output, options }: Invocation<GetOptions>,
  thing: Thing,
): Promise<number> {
  if (options.select.length > 0 || options.priority.length > 0) {
    throw usageError(
      "--select and --priority are not known to the background service",
      "Leave out --detach.",
    );
  }
  const daemon = await daemonClient(context);
  const body: AddTorrent = {
    ...sourceOf(thing, await context.engine()),
    ...(options.output === null ? {} : { downloadDir: userPath(context, options.output) }),
    sequential: options.sequential,
    peers: options.peer.map(formatPeer),
    trackers: [...options.tracker],
  };
  const torrent = await daemon.post<Torrent>("/torrents", body);
  output.document(torrent);
  output.note(
    `${clean(torrent.name)} is transfer ${torrent.id} of the background service. How it goes: shoal list`,
  );
  return 0;
}

function sourceOf(thing: Thing, engine: Engine): Pick<AddTorrent, "magnet" | "infoHash" | "torrent"> {
  switch (thing.type) {
    case "magnet":
      return { magnet: engine.formatMagnet(thing.magnet) };
    case "infoHash":
      return { infoHash: thing.infoHash };
    case "torrent":
      return { torrent: Buffer.from(engine.encodeTorrent(thing.metainfo)).toString("base64") };
  }
}
