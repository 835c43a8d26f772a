import type { CreateOptions, FinderProgress, PeerFinder, Torrent } from "@shoal/engine/composition";
import type { Made } from "../../make-torrent.ts";
import type { Node } from "../../node.ts";
import type { ScriptedPeer } from "../../scripted-peer.ts";
import { serves } from "../../scripted-seed.ts";
import type { NodeOptions, SimulatedWorld } from "../../world.ts";

const KIB = 1024;
const SIZE = 1024 * KIB;
const TRACKER = "tracker.example";
export const ANNOUNCE: string = `http://${TRACKER}/announce`;
const EMPTY = new TextEncoder().encode("d8:intervali60e5:peers0:e");

type Endpoint = { readonly host: string; readonly port: number };

/** A file of 1 MiB, in 16 pieces. */
export function makeFilm(world: SimulatedWorld, options: Partial<CreateOptions> = {}): Promise<Made> {
  return world.make({ "film.bin": SIZE }, { kind: "v1", pieceLength: 64 * KIB, ...options });
}

/** A download on a node of its own. */
export async function download(
  world: SimulatedWorld,
  made: Made,
  peers: readonly Endpoint[],
  how: { readonly trackers?: readonly string[]; readonly node?: NodeOptions } = {},
): Promise<{ node: Node; torrent: Torrent }> {
  const node = await world.node(how.node);
  const torrent = await world.finish(
    node.session.add({
      metainfo: made.metainfo,
      downloadDir: "/out",
      peers: [...peers],
      trackers: [...(how.trackers ?? [])],
    }),
  );
  return { node, torrent };
}

/** The same by its info-hash alone. */
export async function fetchByHash(
  world: SimulatedWorld,
  infoHash: Uint8Array,
  peers: readonly Endpoint[],
): Promise<Torrent> {
  const node = await world.node();
  const hex = Buffer.from(infoHash).toString("hex");
  return world.finish(node.session.add({ infoHash: hex, downloadDir: "/out", peers: [...peers] }));
}

/** Somebody who has everything and serves. */
export function seed(world: SimulatedWorld, made: Made): Promise<Endpoint> {
  return world.listen(made, {}, (peer) => serves(peer, made));
}

/** A node that shares. */
export async function share(world: SimulatedWorld, made: Made): Promise<{ node: Node; torrent: Torrent }> {
  const node = await world.node();
  world.write(node, made, "/data");
  const torrent = await world.finish(
    node.session.add({ metainfo: made.metainfo, downloadDir: "/data", seedOnly: true, hashed: true }),
  );
  await world.until("shared", () => torrent.state === "seeding");
  return { node, torrent };
}

/** Somebody who has everything, and of whom `say` says what comes of what it hears. */
export function tells(
  world: SimulatedWorld,
  made: Made,
  say: (peer: ScriptedPeer, heard: string) => void,
): Promise<Endpoint> {
  return world.listen(made, {}, (peer) => {
    peer.onHeard = ({ kind }) => {
      if (kind === "handshake") peer.out.haveAll();
      say(peer, kind);
      peer.say();
    };
  });
}

/** Somebody who takes connections, and ends each before a word was said. */
export async function hangsUp(world: SimulatedWorld, number: number): Promise<Endpoint> {
  const net = world.net.host([`10.2.0.${number}`]);
  const { endpoint } = await net.listen({ ports: [6881] }, (connection) => {
    connection.start({ onConnected() {}, onBytes() {}, onDrain() {}, onClosed() {} });
    connection.close();
  });
  return endpoint;
}

/** A tracker that answers, and names those. */
export function trackerNaming(world: SimulatedWorld, named: readonly Endpoint[] = []): string {
  const bytes = named.flatMap(({ host, port }) => [...host.split(".").map(Number), port >>> 8, port & 255]);
  const head = new TextEncoder().encode(`d8:intervali60e5:peers${bytes.length}:`);
  const body = Uint8Array.from([...head, ...bytes, "e".charCodeAt(0)]);
  world.web.serve(TRACKER, () => (named.length === 0 ? EMPTY : body));
  return ANNOUNCE;
}

/** A way of finding peers that asks and finds nobody. */
export function fruitless(progress: Omit<FinderProgress, "peers">): PeerFinder {
  return {
    open: () => Promise.resolve(),
    seek: () => ({ progress: () => ({ ...progress, peers: 0 }), soon: () => {}, stop: () => {} }),
    close: () => Promise.resolve(),
  };
}
