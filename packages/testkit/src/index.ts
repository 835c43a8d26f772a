export { lacks, lacksHybrid, whyLacking } from "./availability.ts";
export type { Foreign } from "./availability.ts";
export { Child, runToEnd } from "./child.ts";
export type { ChildExit, ChildSpec } from "./child.ts";
export { Aria2, Aria2Download } from "./clients/aria2.ts";
export type { Aria2Add, Aria2Status } from "./clients/aria2.ts";
export { Avahi } from "./clients/avahi.ts";
export type { AvahiService } from "./clients/avahi.ts";
export { Libtorrent, LibtorrentTorrent } from "./clients/libtorrent.ts";
export type { AddSpec, CreateSpec, LibtorrentPeer, LibtorrentStatus } from "./clients/libtorrent.ts";
export { HomeNetwork } from "./clients/miniupnpd.ts";
export type { HomeManners } from "./clients/miniupnpd.ts";
export { mktorrent } from "./clients/mktorrent.ts";
export type { MktorrentSpec } from "./clients/mktorrent.ts";
export { NameServer } from "./clients/name-server.ts";
export { Nginx } from "./clients/nginx.ts";
export type { NginxRequest, NginxSpec } from "./clients/nginx.ts";
export { Opentracker } from "./clients/opentracker.ts";
export type { TrackerCounts } from "./clients/opentracker.ts";
export { Shoal, runShoal, shoalEnv, shoalProgram } from "./clients/shoal.ts";
export type { ShoalEvent, ShoalListening } from "./clients/shoal.ts";
export { ShoalDaemon } from "./clients/shoal-daemon.ts";
export type { ShoalAnswer, ShoalCommandEnd, ShoalDaemonOptions } from "./clients/shoal-daemon.ts";
export { Transmission, TransmissionTorrent } from "./clients/transmission.ts";
export type { TransmissionAdd, TransmissionStatus } from "./clients/transmission.ts";
export { FakeConnection } from "./fake-peer/fake-connection.ts";
export type { BlockRequest, FakeConnectionSink } from "./fake-peer/fake-connection.ts";
export { FakePeer } from "./fake-peer/fake-peer.ts";
export type { FakeBehaviour, FakePeerSpec } from "./fake-peer/fake-peer.ts";
export * from "./fake-peer/messages.ts";
export { Namespace } from "./namespace.ts";
export { fixturePath, repoRoot, sharedVectors } from "./paths.ts";
export {
  assertSameTree,
  isPadPath,
  listTree,
  oddFolderSpec,
  singleFileSpec,
  writePayload,
} from "./payload.ts";
export type { CompareOptions, Payload, PayloadSpec } from "./payload.ts";
export { poll } from "./poll.ts";
export type { PollOptions } from "./poll.ts";
export { freePort } from "./ports.ts";
export { TestRandom, seededBytes } from "./random.ts";
export { SocksServer } from "./socks-server.ts";
export type { SocksServerOptions } from "./socks-server.ts";
export { sniff } from "./sniffer.ts";
export type { SentPacket } from "./sniffer.ts";
export { Stage, openLan, openStage } from "./stage.ts";
export type { HttpAnswer, HttpRequest, StageContext, StageOptions } from "./stage.ts";
export { makeTempDir } from "./temp.ts";
export type { Teardown } from "./temp.ts";
export {
  addTracker,
  decodeBencodeNode,
  magnetOf,
  readTorrent,
  torrentSpace,
  writePadFiles,
} from "./torrent-facts.ts";
export type { BencodeNode, TorrentFacts, TorrentFile, TorrentKind } from "./torrent-facts.ts";
export { TwoWays } from "./two-ways.ts";
