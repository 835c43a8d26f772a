/**
 * The parts that `createSession` puts together on Node, for those who put them together differently: the simulator, with ports
 * of its own. Not part of the public surface.
 */
export { endpointKey, encodeCompactPeer } from "./base/address.ts";
export type { Millis } from "./base/brand.ts";
export { concatBytes, toHex } from "./base/bytes.ts";
export { IpFilter } from "./base/ip-filter.ts";
export { ShoalError } from "./base/errors.ts";
export { DhtNode } from "./core/dht/dht-node.ts";
export type { DhtConfig, DhtItem, LookupResult } from "./core/dht/dht-types.ts";
export { REASONS, type WaitingCode } from "./core/reasons.ts";
export { ClockEvidence } from "./core/clock-evidence.ts";
export { ExternalAddress } from "./core/external-address.ts";
export { type Rng, Xoshiro128 } from "./base/rng.ts";
export { peerPriority } from "./core/swarm/peer-priority.ts";
export { shortHashes } from "./meta/info-hash.ts";
export { BLOCK_SIZE } from "./meta/layout.ts";
export { merkleRoot } from "./meta/merkle.ts";
export type { Metainfo } from "./meta/metainfo.ts";
export { nodeDiffieHellman } from "./node/diffie-hellman.ts";
export { nodeHasher } from "./node/hasher.ts";
export { StorageGate } from "./node/storage-gate.ts";
export type { WalkedFile, WalkedFolder } from "./node/walk-folder.ts";
export type { Clock, Timer } from "./ports/clock.ts";
export type {
  Disk,
  DiskDone,
  FileStat,
  HashDone,
  HashKinds,
  PartCarry,
  PieceDigest,
  RelocateOptions,
  StorageId,
  StoragePlace,
  StorageSpec,
} from "./ports/disk.ts";
export type {
  Http,
  HttpGetOptions,
  HttpHead,
  HttpRange,
  HttpResponse,
  HttpSink,
  HttpStream,
} from "./ports/http.ts";
export type { Log } from "./ports/log.ts";
export type { Connection, ConnectionSink, Endpoint, Listener, ListenSpec, Net } from "./ports/net.ts";
export type { Random } from "./ports/random.ts";
export type { RouterListener, Routers } from "./ports/routers.ts";
export type { Store, TorrentStore } from "./ports/store.ts";
export type { SessionConfig } from "./session/config.ts";
export { createTorrent, type CreateOptions } from "./session/create-torrent.ts";
export { Dht } from "./session/dht.ts";
export type { TorrentEvent } from "./session/events.ts";
export { PortMapper } from "./session/port-mapper.ts";
export type { FinderProgress, PeerFinder, Seeking, Sought } from "./session/peer-finder.ts";
export { Session } from "./session/session.ts";
export type { Torrent } from "./session/torrent-handle.ts";
export { TrackerClient } from "./session/tracker-client.ts";
export { witnessedHttp } from "./session/witnessed-http.ts";
export { encodeBencode } from "./wire/bencode-encode.ts";
export { decodePex, encodePex, PEX_PREFERS_ENCRYPTION, type PexContact } from "./wire/pex.ts";
export { decodeKrpc, encodeAnswer, type KrpcPacket } from "./wire/krpc.ts";
export type { Contact } from "./wire/krpc-contacts.ts";
export type { Udp, UdpSocket, UdpSpec } from "./ports/udp.ts";
export { type FrameHandler, FrameReader } from "./wire/frame.ts";
export {
  type HashRequest,
  MessageWriter,
  RESERVED_EXTENSION,
  RESERVED_FAST,
  RESERVED_V2,
  reservedBytes,
  writePieceHeader,
} from "./wire/message.ts";
