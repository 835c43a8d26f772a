/** Where a person looks first. */
export type ReasonArea = "shoal" | "user" | "disk" | "network" | "trackers" | "peers";

/** What there is to say about one reason for waiting besides the sentence with its numbers. */
export interface ReasonEntry {
  readonly area: ReasonArea;
  /** Something is wrong that may concern a person; else it is a step on the way, or somebody's decision. */
  readonly isTrouble: boolean;
  /** What it means, without numbers: one sentence. */
  readonly meaning: string;
  /** What a person can do, what helps most first. `<t>` stands for the transfer. */
  readonly actions: readonly [string, ...string[]];
  /** `person`: it may stay so until somebody does something. */
  readonly ends: "itself" | "person";
  /** When it is over: a clause that follows "until". */
  readonly until: string;
}

const LEAVE = "leave it: shoal goes on by itself";
const ASKING = "leave it: shoal keeps asking";
const ASK_SENDER = "ask the sender to come online";
const NAME_PEER = "name somebody who has it: shoal torrent peers <t> HOST:PORT";
const ADD_TRACKER = "add a tracker that knows it: shoal torrent trackers <t> add URL";
const RESUME = "go on: shoal resume <t>";

export type WaitingCode =
  | "paused-user"
  | "paused-rule"
  | "queued"
  | "limited"
  | "checking"
  | "disk-busy"
  | "disk-full"
  | "disk-error"
  | "files-missing"
  | "files-changed"
  | "no-network"
  | "blocked"
  | "clock"
  | "tracker-refused"
  | "tracker-down"
  | "asking-tracker"
  | "searching"
  | "no-peers"
  | "connecting"
  | "peers-silent"
  | "peers-plain-only"
  | "version"
  | "only-peer-banned"
  | "getting-metadata"
  | "need-metadata"
  | "need-hashes"
  | "peers-no-data"
  | "choked-by-all"
  | "awaiting-data"
  | "awaiting-web-server"
  | "web-server-down";

/** The one table of reasons for waiting; docs/reasons.md and the advice of all faces are made from it. */
export const REASONS: Readonly<Record<WaitingCode, ReasonEntry>> = {
  "paused-user": {
    area: "user",
    isTrouble: false,
    meaning: "Somebody has paused it.",
    actions: [RESUME],
    ends: "person",
    until: "it is resumed",
  },
  "paused-rule": {
    area: "user",
    isTrouble: false,
    meaning:
      "A goal of sharing is reached, or it was only to be fetched: it is complete, and given to nobody.",
    actions: ["leave it: it is complete", "share it on all the same: shoal resume <t>"],
    ends: "itself",
    until: "the rule allows it, is changed, or it is resumed",
  },
  queued: {
    area: "user",
    isTrouble: false,
    meaning: "Others are before it in the queue, or have their files checked first.",
    actions: [
      "leave it: it begins when its turn comes",
      "put it first: shoal torrent queue <t> top",
      "let more run at once: shoal config set queue.downloads N",
    ],
    ends: "itself",
    until: "a place is free",
  },
  limited: {
    area: "user",
    isTrouble: false,
    meaning: "A speed limit of this side holds it back.",
    actions: ["raise or lift the limit: shoal limit down off", "see all limits: shoal limit show"],
    ends: "itself",
    until: "the limit has room again, or is raised",
  },
  checking: {
    area: "shoal",
    isTrouble: false,
    meaning: "What is on disk is being compared with the torrent.",
    actions: [LEAVE],
    ends: "itself",
    until: "everything on disk has been read once",
  },
  "disk-busy": {
    area: "disk",
    isTrouble: false,
    meaning: "The disk is slower than the peers.",
    actions: [LEAVE, "move it to a faster disk: shoal torrent move <t> DIR"],
    ends: "itself",
    until: "the disk has caught up",
  },
  "disk-full": {
    area: "disk",
    isTrouble: true,
    meaning: "There is no room left for what is to come.",
    actions: [
      "make room: it continues by itself then",
      "move it to another disk: shoal torrent move <t> DIR",
      "leave out files: shoal torrent files <t> --skip IDX",
    ],
    ends: "person",
    until: "there is room",
  },
  "disk-error": {
    area: "disk",
    isTrouble: true,
    meaning: "Reading or writing fails: the disk is broken, read-only or gone, or the rights are missing.",
    actions: [
      "look at the disk and at the rights of the folder, then: shoal resume <t>",
      "move it to another disk: shoal torrent move <t> DIR",
    ],
    ends: "person",
    until: "reading and writing work again, and, where it is not tried again by itself, it is resumed",
  },
  "files-missing": {
    area: "disk",
    isTrouble: true,
    meaning: "Files that were there are gone, or shorter than they were, or their drive is.",
    actions: [
      "put them back or attach the drive: it continues by itself then",
      "say where they are now: shoal torrent move <t> DIR --adopt",
      "fetch them anew: shoal resume <t>",
    ],
    ends: "person",
    until: "the files are there again, or it is resumed",
  },
  "files-changed": {
    area: "disk",
    isTrouble: true,
    meaning: "Another program has changed files of it.",
    actions: [
      "put them back as they were: it continues by itself then",
      "fetch what differs anew: shoal torrent verify <t>",
    ],
    ends: "person",
    until: "the files are as before, or have been checked",
  },
  "no-network": {
    area: "network",
    isTrouble: true,
    meaning: "This computer has no way out, or not the one that shoal is bound to.",
    actions: [
      "connect this computer, or the VPN that shoal is bound to: it continues by itself then",
      "look what is missing: shoal doctor",
    ],
    ends: "person",
    until: "there is a way out",
  },
  blocked: {
    area: "network",
    isTrouble: true,
    meaning:
      "Something between here and the others lets no connections through: a firewall, a router or the provider.",
    actions: [
      "allow shoal in the firewall of this computer, TCP and UDP",
      "look which way is closed: shoal doctor <t>",
      "try another network, or a VPN",
    ],
    ends: "person",
    until: "an answer comes through",
  },
  clock: {
    area: "network",
    isTrouble: true,
    meaning: "The clock of this computer is wrong, so that secure connections fail.",
    actions: ["set the date and time of this computer, best by letting it do that itself"],
    ends: "person",
    until: "the clock is right and a tracker answers",
  },
  "tracker-refused": {
    area: "trackers",
    isTrouble: true,
    meaning: "The tracker answers, and wants nothing to do with this torrent.",
    actions: ["ask whoever runs the tracker, with its words", ADD_TRACKER, NAME_PEER],
    ends: "person",
    until: "the tracker takes it, or peers are found otherwise",
  },
  "tracker-down": {
    area: "trackers",
    isTrouble: true,
    meaning: "No tracker answers, and nobody else is known.",
    actions: [ASKING, ADD_TRACKER, NAME_PEER],
    ends: "itself",
    until: "a tracker answers, or peers are found otherwise",
  },
  "asking-tracker": {
    area: "trackers",
    isTrouble: false,
    meaning: "Trackers and others are being asked who has it.",
    actions: [ASKING, ASK_SENDER, NAME_PEER],
    ends: "itself",
    until: "somebody is named",
  },
  searching: {
    area: "peers",
    isTrouble: false,
    meaning: "The DHT and the local network are being asked who has it.",
    actions: [ASKING, ASK_SENDER, NAME_PEER],
    ends: "itself",
    until: "somebody is found",
  },
  "no-peers": {
    area: "peers",
    isTrouble: true,
    meaning: "Nobody is known who has it, and there is nobody to ask.",
    actions: [NAME_PEER, ADD_TRACKER],
    ends: "person",
    until: "somebody is named",
  },
  connecting: {
    area: "peers",
    isTrouble: false,
    meaning: "Connections are being made.",
    actions: [LEAVE],
    ends: "itself",
    until: "one of them stands or all have failed",
  },
  "peers-silent": {
    area: "peers",
    isTrouble: false,
    meaning: "Those who are known do not answer.",
    actions: [ASKING, ASK_SENDER, NAME_PEER],
    ends: "itself",
    until: "one of them answers, or others are found",
  },
  "peers-plain-only": {
    area: "peers",
    isTrouble: true,
    meaning: "Those who are known take no obfuscated connections, and no others are allowed here.",
    actions: ["allow plain connections too: shoal config set network.obfuscation prefer", ASKING],
    ends: "person",
    until: "one is found who takes them, or plain ones are allowed",
  },
  version: {
    area: "peers",
    isTrouble: true,
    meaning: "Those who are known hang up before they say anything: they speak something else.",
    actions: [
      "allow obfuscated connections: shoal config set network.obfuscation prefer",
      "ask the sender for a newer program, or for a torrent of another version",
      ASKING,
    ],
    ends: "person",
    until: "somebody is found who speaks the same",
  },
  "only-peer-banned": {
    area: "peers",
    isTrouble: true,
    meaning: "Those who are known have sent wrong data, and are not used.",
    actions: [ASKING, NAME_PEER],
    ends: "itself",
    until: "others are found",
  },
  "getting-metadata": {
    area: "peers",
    isTrouble: false,
    meaning: "The list of files is being fetched.",
    actions: [LEAVE],
    ends: "itself",
    until: "it is there",
  },
  "need-metadata": {
    area: "peers",
    isTrouble: false,
    meaning: "Nobody who is connected has the list of files.",
    actions: [ASKING, "ask the sender for the .torrent file", ASK_SENDER],
    ends: "itself",
    until: "somebody comes who has it",
  },
  "need-hashes": {
    area: "peers",
    isTrouble: false,
    meaning: "Nobody who is connected has told the hashes of the files yet.",
    actions: [LEAVE, "ask the sender for the .torrent file"],
    ends: "itself",
    until: "somebody tells them",
  },
  "peers-no-data": {
    area: "peers",
    isTrouble: false,
    meaning: "Nobody who is connected has the missing pieces.",
    actions: [ASKING, ASK_SENDER, NAME_PEER],
    ends: "itself",
    until: "somebody comes who has them",
  },
  "choked-by-all": {
    area: "peers",
    isTrouble: false,
    meaning: "Those who have it serve others first.",
    actions: ["leave it: turns go round", "share more: peers serve first who gives to them"],
    ends: "itself",
    until: "one of them takes its turn with us",
  },
  "awaiting-data": {
    area: "peers",
    isTrouble: false,
    meaning: "Pieces have been asked for, and are on their way.",
    actions: [LEAVE],
    ends: "itself",
    until: "they come, or others are asked",
  },
  "awaiting-web-server": {
    area: "peers",
    isTrouble: false,
    meaning: "A web server has been asked for pieces.",
    actions: [LEAVE],
    ends: "itself",
    until: "it answers",
  },
  "web-server-down": {
    area: "peers",
    isTrouble: true,
    meaning: "The web server that has it can't be used, and nobody else is known.",
    actions: [ASKING, NAME_PEER],
    ends: "itself",
    until: "the server answers, or somebody is found",
  },
};

/** Why a torrent waits: a code for programs, one plain clause for people, and what they can do. */
export interface WaitingReason {
  readonly code: WaitingCode;
  /** May quote text of strangers: clean it before printing. */
  readonly message: string;
  /** What helps most; `<t>` stands for the transfer. */
  readonly action: string;
}

/** The clause with what is said about its code. */
export function because(code: WaitingCode, message: string): WaitingReason {
  return { code, message, action: REASONS[code].actions[0] };
}
