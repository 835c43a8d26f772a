/** A call of the RPC; its answer is compared with the one that Transmission gave. */
export interface GoldenCall {
  readonly method: string;
  readonly arguments?: object;
  readonly tag?: number;
}

/** Three files in four pieces, nothing of which is there. */
const FILM = metainfo(
  "film",
  "5:filesl" +
    "d6:lengthi100000e4:pathl5:a.mkveed6:lengthi30000e4:pathl3:sub5:b.srteed6:lengthi10e4:pathl5:c.txteee",
  4,
);
const SINGLE = metainfo("one file.bin", "6:lengthi70000e", 3);
const MAGNET = `magnet:?xt=urn:btih:${"cd".repeat(20)}&dn=linked&tr=http%3A%2F%2F127.0.0.1%3A9%2Fannounce`;

const LIST =
  "id name status eta leftUntilDone rateDownload rateUpload sizeWhenDone uploadRatio error errorString isFinished".split(
    " ",
  );
const DETAILS = (
  "hashString comment creator dateCreated downloadDir totalSize pieceCount pieceSize pieces percentDone metadataPercentComplete " +
  "haveValid haveUnchecked desiredAvailable downloadedEver uploadedEver corruptEver isPrivate isStalled labels magnetLink queuePosition " +
  "recheckProgress torrentFile webseeds webseedsSendingToUs peers peersConnected peersFrom peersGettingFromUs peersSendingToUs " +
  "activityDate addedDate doneDate startDate secondsDownloading secondsSeeding etaIdle manualAnnounceTime"
).split(" ");
const FILES = ["files", "fileStats", "priorities", "wanted"];
const LIMITS = (
  "bandwidthPriority downloadLimit downloadLimited uploadLimit uploadLimited honorsSessionLimits peer-limit maxConnectedPeers " +
  "seedRatioLimit seedRatioMode seedIdleLimit seedIdleMode"
).split(" ");
const SPEEDS = "speed-limit-down speed-limit-down-enabled speed-limit-up speed-limit-up-enabled".split(" ");

const get = (ids: unknown, fields: readonly string[]): GoldenCall => ({
  method: "torrent-get",
  arguments: { ids, fields },
});
const set = (ids: unknown, changes: object): GoldenCall => ({
  method: "torrent-set",
  arguments: { ids, ...changes },
});
const files = get(1, ["wanted", "priorities"]);
const limits = get([1], LIMITS);
const trackers = get([1], ["trackers"]);
const queue: GoldenCall = { method: "torrent-get", arguments: { fields: ["id", "queuePosition"] } };
const session = (changes: object): GoldenCall[] => [
  { method: "session-set", arguments: changes },
  { method: "session-get", arguments: { fields: [...SPEEDS, ...Object.keys(changes)] } },
];

/** From a daemon without torrents on: what it answers to each depends on those before. */
export const GOLDEN_CALLS: readonly GoldenCall[] = [
  { method: "session-get", tag: 1 },
  { method: "session-stats", tag: 2 },
  { method: "torrent-get", arguments: { fields: LIST }, tag: 3 },
  { method: "torrent-add", arguments: { metainfo: FILM, paused: true }, tag: 4_294_967_295 },
  { method: "torrent-add", arguments: { metainfo: FILM, paused: true } },
  {
    method: "torrent-add",
    arguments: { metainfo: SINGLE, paused: true, "files-unwanted": [], "peer-limit": 33 },
  },
  { method: "torrent-add", arguments: { filename: MAGNET, paused: true, bandwidthPriority: 1 } },
  { method: "torrent-add", arguments: { metainfo: "bm90IGEgdG9ycmVudA==" } },
  { method: "torrent-add", arguments: { filename: "/nowhere/none.torrent" } },
  { method: "torrent-add", arguments: { metainfo: FILM, "download-dir": "relative" } },
  { method: "torrent-add" },
  // What is asked of each.
  { method: "torrent-get", arguments: { fields: LIST } },
  { method: "torrent-get", arguments: { fields: LIST, format: "table" } },
  get([1, 2], DETAILS),
  get(3, DETAILS),
  get([1, 2, 3], FILES),
  get([1], ["trackers", "trackerStats"]),
  limits,
  get(2, LIMITS),
  get(3, ["bandwidthPriority"]),
  // Which are meant.
  get(-1, ["id"]),
  get([], ["id"]),
  get([99, "cd".repeat(20)], ["id"]),
  get("CD".repeat(20), ["id"]),
  { method: "torrent-get" },
  { method: "nonsense", tag: 7 },
  { method: "torrent-start", arguments: { ids: [99] } },
  // Files.
  set(1, { "files-unwanted": [0], "priority-high": [0] }),
  files,
  set(1, { "files-wanted": [0], "priority-low": [1, 2] }),
  files,
  set(1, { "files-unwanted": [] }),
  files,
  set(1, { "files-wanted": [], "priority-normal": [] }),
  files,
  set(1, { "files-wanted": [3] }),
  // Limits and goals.
  set(1, { downloadLimit: 77, uploadLimit: 88 }),
  limits,
  set(1, { downloadLimited: true, uploadLimited: true, honorsSessionLimits: false, "peer-limit": 12 }),
  limits,
  set(1, { downloadLimited: false, bandwidthPriority: -1 }),
  limits,
  set(1, { seedRatioLimit: 1.5, seedIdleLimit: 40 }),
  limits,
  set(1, { seedRatioMode: 1, seedIdleMode: 2 }),
  limits,
  set(1, { seedRatioMode: 0, seedIdleMode: 1 }),
  limits,
  // Labels, trackers, names.
  set([1], { labels: ["tv", "hd"] }),
  get(1, ["labels"]),
  set([1], { labels: ["a,b"] }),
  set([1], { labels: [""] }),
  set([1], { labels: [] }),
  get(1, ["labels"]),
  set([1], { trackerAdd: ["http://127.0.0.1:9/b/announce", "udp://127.0.0.1:9/announce"] }),
  trackers,
  set([1], { trackerRemove: [1] }),
  set([1], { trackerRemove: [99] }),
  { method: "torrent-rename-path", arguments: { ids: [1], path: "film/sub/b.srt", name: "d.srt" } },
  { method: "torrent-rename-path", arguments: { ids: [1], path: "film", name: "movie" } },
  get(1, ["name", "files"]),
  { method: "torrent-rename-path", arguments: { ids: [1, 2], path: "movie", name: "x" } },
  { method: "torrent-set-location", arguments: { ids: [1] } },
  { method: "torrent-set-location", arguments: { ids: [1], location: "relative" } },
  // The queue.
  { method: "queue-move-top", arguments: { ids: [3] } },
  queue,
  { method: "queue-move-down", arguments: { ids: [3] } },
  queue,
  { method: "queue-move-bottom", arguments: { ids: [1, 3] } },
  queue,
  { method: "queue-move-up", arguments: { ids: [1] } },
  queue,
  set([2], { queuePosition: 2 }),
  queue,
  // The session.
  ...session({ "speed-limit-down": 250, "speed-limit-down-enabled": true }),
  ...session({ "speed-limit-up": 60, "speed-limit-up-enabled": true }),
  ...session({ "speed-limit-down-enabled": false, "speed-limit-up-enabled": false }),
  ...session({ "alt-speed-down": 30, "alt-speed-up": 10, "alt-speed-enabled": true }),
  ...session({ "alt-speed-enabled": false }),
  ...session({ "alt-speed-time-begin": 510, "alt-speed-time-end": 1050, "alt-speed-time-day": 62 }),
  ...session({ "download-queue-size": 3, "download-queue-enabled": false }),
  ...session({ seedRatioLimit: 2.5, seedRatioLimited: true }),
  ...session({ "idle-seeding-limit": 20, "idle-seeding-limit-enabled": false }),
  ...session({ encryption: "required" }),
  ...session({ "start-added-torrents": false }),
  { method: "session-set", arguments: { "download-dir": "relative" } },
  { method: "session-set", arguments: { "incomplete-dir": "relative" } },
  { method: "free-space", arguments: { path: "relative" } },
  { method: "free-space" },
  // The end.
  { method: "torrent-remove", arguments: { ids: [2] } },
  { method: "torrent-remove", arguments: { ids: [99] } },
  { method: "torrent-get", arguments: { fields: ["id"] } },
  { method: "torrent-remove" },
  { method: "torrent-get", arguments: { fields: ["id"], format: "table" } },
];

/** A v1 .torrent file in base64. */
function metainfo(name: string, content: string, pieceCount: number): string {
  const pieces = "\0".repeat(20 * pieceCount);
  const info = `d${content}4:name${name.length}:${name}12:piece lengthi32768e6:pieces${pieces.length}:${pieces}e`;
  const head =
    "d8:announce27:http://127.0.0.1:9/announce7:comment5:hello10:created by4:test13:creation datei1700000000e";
  return Buffer.from(`${head}4:info${info}e`, "latin1").toString("base64");
}
