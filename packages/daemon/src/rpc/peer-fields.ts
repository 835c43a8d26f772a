import type { PeerInfo } from "@shoal/engine";
import { part, plain, whole } from "./values.ts";

/** A peer as `torrent-get` tells of it. `hidden`: who asks may not learn where others are. */
export function peerFields(peer: PeerInfo, hidden: boolean): Record<string, unknown> {
  const { choking, choked, interested, interesting, incoming, obfuscated } = peer;
  const downloads = peer.downRate > 0;
  const uploads = peer.upRate > 0;
  return {
    address: hidden ? "hidden" : peer.host,
    port: hidden ? 0 : peer.port,
    clientName: plain(peer.client),
    clientIsChoked: choking,
    clientIsInterested: interesting,
    peerIsChoked: choked,
    peerIsInterested: interested,
    flagStr: flags(peer, downloads, uploads),
    isDownloadingFrom: downloads,
    isUploadingTo: uploads,
    isEncrypted: obfuscated,
    isIncoming: incoming,
    isUTP: false,
    progress: part(peer.progress, 1),
    rateToClient: whole(peer.downRate),
    rateToPeer: whole(peer.upRate),
  };
}

/** Transmission's letters for what goes on with a peer. */
function flags(peer: PeerInfo, downloads: boolean, uploads: boolean): string {
  const { choking, choked, interested, interesting, incoming, obfuscated, source } = peer;
  const letters: [string, boolean][] = [
    ["D", downloads],
    ["d", !downloads && interesting && choking],
    ["U", uploads],
    ["u", !uploads && interested && choked],
    ["K", !choking && !interesting],
    ["?", !choked && !interested],
    ["E", obfuscated],
    ["H", source === "dht"],
    ["X", source === "pex"],
    ["I", incoming],
  ];
  return letters.flatMap(([letter, is]) => (is ? [letter] : [])).join("");
}

/** How many of the peers were found in which way. */
export function peersFrom(peers: readonly PeerInfo[]): Record<string, number> {
  const count = (...sources: readonly string[]): number =>
    peers.filter(({ source }) => sources.includes(source)).length;
  return {
    fromCache: 0,
    fromDht: count("dht"),
    fromIncoming: count("incoming"),
    fromLpd: count("lsd"),
    fromLtep: count("user", "magnet"),
    fromPex: count("pex"),
    fromTracker: count("tracker"),
  };
}
