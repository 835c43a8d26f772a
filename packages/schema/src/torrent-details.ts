import { type Static, Type } from "typebox";
import { document, Time, WholeNumber } from "./common.ts";

const Part = Type.Number({ minimum: 0, maximum: 1 });
const Maybe = Type.Union([WholeNumber, Type.Null()]);
const Words = Type.Union([Type.String(), Type.Null()]);

/** A file of a torrent; pad files are none. */
export const TorrentFile = Type.Object(
  {
    /** By which it is called when something is done to it; from 0, and not without gaps. */
    index: WholeNumber,
    /** Below the download folder, "/" between. */
    path: Type.String(),
    size: WholeNumber,
    /** Verified bytes. */
    have: WholeNumber,
    wanted: Type.Boolean(),
    /** 0: not wanted, 4: normal, 7: first. */
    priority: Type.Integer({ minimum: 0, maximum: 7 }),
  },
  { $id: "TorrentFile", additionalProperties: false },
);
export type TorrentFile = Static<typeof TorrentFile>;

/** Empty as long as the metadata is unknown. */
export const TorrentFiles = document({ files: Type.Array(TorrentFile) });
export type TorrentFiles = Static<typeof TorrentFiles>;

/** A connected peer. */
export const TorrentPeer = Type.Object(
  {
    /** Address and port; null for a token that may only read. */
    host: Words,
    port: Maybe,
    incoming: Type.Boolean(),
    /** How it became known. */
    source: Type.String(),
    /** What it says of itself: text of a stranger. */
    client: Type.String(),
    /** Part of the pieces that it has. */
    progress: Part,
    seed: Type.Boolean(),
    downRate: WholeNumber,
    upRate: WholeNumber,
    downloaded: WholeNumber,
    uploaded: WholeNumber,
    /** Whether it is not served, and does not serve. */
    choked: Type.Boolean(),
    choking: Type.Boolean(),
    interested: Type.Boolean(),
    snubbed: Type.Boolean(),
    v2: Type.Boolean(),
    obfuscated: Type.Boolean(),
    /** What is thought of it, from -100 (banned) to 100, and why. */
    reputation: Type.Object({ score: Type.Number(), reason: Type.String() }),
  },
  { $id: "TorrentPeer", additionalProperties: false },
);
export type TorrentPeer = Static<typeof TorrentPeer>;

/** A peer that was given something and has left, as it was then. */
const GonePeer = Type.Object(
  {
    ...TorrentPeer.properties,
    /** A later one has a higher number. */
    number: WholeNumber,
  },
  { additionalProperties: false },
);

export const TorrentPeers = document({
  peers: Type.Array(TorrentPeer),
  /** The last of them, since the daemon was started. */
  gone: Type.Array(GonePeer),
});
export type TorrentPeers = Static<typeof TorrentPeers>;

/** A tracker of a torrent. */
export const TorrentTracker = Type.Object(
  {
    url: Type.String(),
    tier: WholeNumber,
    state: Type.String(),
    /** Why it does not answer as it should, or its warning: text of a stranger. */
    message: Words,
    refused: Type.Boolean(),
    /** In its last answer. */
    peers: WholeNumber,
    seeds: Maybe,
    leechers: Maybe,
    fails: WholeNumber,
    nextAnnounceAt: Type.Union([Time, Type.Null()]),
  },
  { $id: "TorrentTracker", additionalProperties: false },
);
export type TorrentTracker = Static<typeof TorrentTracker>;

/** The DHT or the local network, asked for peers. */
export const TorrentFinder = Type.Object(
  { source: Type.Enum(["dht", "lsd"]), asked: WholeNumber, answered: WholeNumber, peers: WholeNumber },
  { $id: "TorrentFinder", additionalProperties: false },
);

/** A web server that has the files. */
export const TorrentWebSeed = Type.Object(
  {
    url: Type.String(),
    state: Type.Enum(["idle", "asking", "waiting", "banned"]),
    downRate: WholeNumber,
    downloaded: WholeNumber,
    requests: WholeNumber,
    retryInMs: Maybe,
    lastError: Words,
  },
  { $id: "TorrentWebSeed", additionalProperties: false },
);

/** Who is asked for peers and data, besides peers. */
export const TorrentTrackers = document({
  trackers: Type.Array(TorrentTracker),
  finders: Type.Array(TorrentFinder),
  webSeeds: Type.Array(TorrentWebSeed),
});
export type TorrentTrackers = Static<typeof TorrentTrackers>;
