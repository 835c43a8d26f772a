import type { Made, Node, SimulatedWorld } from "@shoal/sim";
import type { TorrentEvent } from "../../dist/session/events.js";

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
