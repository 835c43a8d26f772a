import type { Made, Node, SimulatedWorld } from "@shoal/sim";
import type { TorrentEvent } from "../../dist/session/events.js";
import type { Torrent } from "../../dist/session/torrent-handle.js";

export { serves, servesMetadata } from "@shoal/sim";

export function hex(b: Uint8Array): string {
  return Buffer.from(b).toString("hex");
}
export function log(events: TorrentEvent[]) {
  return (e: TorrentEvent): void => void events.push(e);
}
export async function seedNode(world: SimulatedWorld, made: Made, dir = "/data", extra = {}): Promise<Node> {
  const seed = await world.node(extra);
  world.write(seed, made, dir);
  await seed.session.add({ metainfo: made.metainfo, downloadDir: dir, seedOnly: true, hashed: true });
  await world.settle();
  return seed;
}
/** A share, and somebody else who has just begun to fetch it from there into "/out". */
export async function leeching(
  world: SimulatedWorld,
  made: Made,
): Promise<{ seed: Node; leech: Node; torrent: Torrent }> {
  const seed = await seedNode(world, made);
  const leech = await world.node();
  const torrent = await leech.session.add({
    metainfo: made.metainfo,
    downloadDir: "/out",
    peers: [{ host: seed.host, port: 6881 }],
  });
  return { seed, leech, torrent };
}
