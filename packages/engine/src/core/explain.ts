import { ShoalError } from "../base/errors.ts";
import { sizeText } from "../base/size-text.ts";

/** What is wrong with the disk or the files of a torrent. Sizes in bytes. */
export type DiskTrouble =
  /** `path`: the folder that is full. Null until it is measured. */
  | {
      readonly kind: "full";
      readonly space: { readonly path: string; readonly needed: number; readonly free: number } | null;
    }
  /** `message`: what failed, with its path. `retrying`: it is tried again by itself. */
  | { readonly kind: "error"; readonly message: string; readonly retrying: boolean }
  /** Files that were there are gone, cut short, or others: `path` is the first of so many `files`. */
  | FilesTrouble;

export interface FilesTrouble {
  readonly kind: "missing" | "short" | "changed";
  readonly path: string;
  readonly files: number;
}

/** How far a search without trackers has come: others asked, and how many of them answered. */
export interface FinderFacts {
  readonly source: "dht" | "lsd";
  readonly asked: number;
  readonly answered: number;
}

/** Facts about a torrent, from which the reason for waiting follows. */
export interface WaitingFacts {
  readonly needsMetadata: boolean;
  readonly checking: boolean;
  readonly downloading: boolean;
  /** Payload arrived within the last seconds. */
  readonly receiving: boolean;
  readonly disk: DiskTrouble | null;
  readonly diskBusy: boolean;
  /** Why nothing can be reached at all, in one clause; null when all is well. */
  readonly network: string | null;
  readonly peers: number;
  readonly connecting: number;
  /** Addresses known, connected or not; banned ones left out. */
  readonly candidates: number;
  /** Peers that were turned away for bad data. */
  readonly banned: number;
  /** Addresses that take plain connections only, while obfuscated ones are required. */
  readonly plainOnly: number;
  readonly trackers: number;
  readonly trackersFailed: number;
  /** Those that answered their last announce, and know of nobody else or of nobody who can be reached. */
  readonly trackersAnswered: number;
  /** Why a tracker's last announce failed; null when none did. `refused`: it answered, and `message` are its words (unchecked text). */
  readonly trackerFailure: { readonly refused: boolean; readonly message: string } | null;
  /** Where else peers are sought. */
  readonly finders: readonly FinderFacts[];
  /** Web servers that are being asked for pieces. */
  readonly webSeeds: number;
  /** Why one of the others can't be used for a while; null when there is none, or no reason to name. */
  readonly webSeedFailure: { readonly host: string; readonly message: string } | null;
  /** Peers that announced that they have the metadata. */
  readonly metadataSources: number;
  /** Hashes of the files, without which nothing can be checked, are to come from peers. */
  readonly needsHashes: boolean;
  /** Peers that have something we want. */
  readonly useful: number;
  /** Useful peers that serve us. */
  readonly unchoked: number;
}

export type WaitingCode =
  | "checking"
  | "disk-full"
  | "disk-error"
  | "files-missing"
  | "files-changed"
  | "disk-busy"
  | "no-network"
  | "connecting"
  | "only-peer-banned"
  | "tracker-refused"
  | "tracker-down"
  | "peers-silent"
  | "peers-plain-only"
  | "asking-tracker"
  | "searching"
  | "no-peers"
  | "getting-metadata"
  | "need-metadata"
  | "peers-no-data"
  | "choked-by-all"
  | "awaiting-data"
  | "need-hashes"
  | "awaiting-web-server"
  | "web-server-down";

/** Why a torrent waits: a code for programs, one plain clause for people. */
export interface WaitingReason {
  readonly code: WaitingCode;
  /** May quote text of strangers: clean it before printing. */
  readonly message: string;
}

/**
 * Why nothing arrives, or why not everything can be shared; null when all is well or nothing is wanted. The first rule that
 * fits wins, so rules go from the cause nearest to us to the farthest.
 */
export function explainWaiting(facts: WaitingFacts): WaitingReason | null {
  if (facts.disk !== null) return explainDisk(facts.disk);
  if (facts.checking) return because("checking", "comparing what is on disk with the torrent");
  if (facts.receiving || (!facts.downloading && !facts.needsMetadata)) return null;
  if (facts.diskBusy) return because("disk-busy", "waiting for the disk, which is slower than the peers");
  if (facts.network !== null) return because("no-network", facts.network);
  if (facts.webSeeds > 0 && facts.unchoked === 0)
    return because("awaiting-web-server", `waiting for ${count(facts.webSeeds, "web server")} to send`);
  if (facts.peers === 0) return explainLoneliness(facts);
  if (facts.needsMetadata) {
    if (facts.metadataSources > 0)
      return because(
        "getting-metadata",
        `getting the file list from ${count(facts.metadataSources, "peer")}`,
      );
    return because("need-metadata", `${count(facts.peers, "peer")} connected, none has the file list yet`);
  }
  if (facts.useful === 0 && facts.needsHashes)
    return because(
      "need-hashes",
      `${count(facts.peers, "peer")} connected, none has told the hashes of the files yet`,
    );
  if (facts.useful === 0) {
    const webSeed = facts.webSeedFailure === null ? "" : `; ${webSeedText(facts.webSeedFailure)}`;
    const peers = count(facts.peers, "peer");
    return because("peers-no-data", `${peers} connected, none has the missing pieces${webSeed}`);
  }
  if (facts.unchoked === 0)
    return because(
      "choked-by-all",
      `${count(facts.useful, "peer")} serving others first; waiting for a turn`,
    );
  return because("awaiting-data", `waiting for ${count(facts.unchoked, "peer")} to send`);
}

/** The same for what is wrong with the disk alone. */
export function explainDisk(trouble: DiskTrouble): WaitingReason {
  switch (trouble.kind) {
    case "full": {
      const { space } = trouble;
      const sizes =
        space === null
          ? ""
          : `: ${sizeText(space.needed)} needed in ${space.path}, ${sizeText(space.free)} free`;
      return because("disk-full", `the disk is full${sizes}; continues by itself when there is room`);
    }
    case "error":
      return because("disk-error", trouble.retrying ? `${trouble.message}; trying again` : trouble.message);
    case "missing":
    case "short":
      return because("files-missing", `${filesText(trouble)}; goes on by itself when put back unchanged`);
    case "changed":
      return because("files-changed", `${filesText(trouble)}; goes on by itself when put back as before`);
  }
}

const FILES_VERBS = {
  missing: ["is missing", "are missing"],
  short: ["is shorter than it was", "are shorter than they were"],
  changed: ["was changed", "were changed"],
} as const;

/** "/a/b and 2 more files are missing". */
function filesText({ kind, path, files }: FilesTrouble): string {
  const [one, many] = FILES_VERBS[kind];
  return files === 1 ? `${path} ${one}` : `${path} and ${count(files - 1, "more file")} ${many}`;
}

/** The trouble as an error. `folder` is left out of `path` in its details, since the path is that of the torrent's file. */
export function filesError(trouble: FilesTrouble, folder: string): ShoalError {
  const code = trouble.kind === "changed" ? "ERR_FILE_CHANGED" : "ERR_FILES_MISSING";
  const { path } = trouble;
  return new ShoalError(code, filesText({ ...trouble, path: `${folder}/${path}` }), { ...trouble, folder });
}

/** Why something can't begin for which there is no room in `path`. Bytes. */
export function spaceError(path: string, needed: number, free: number): ShoalError {
  return new ShoalError("ERR_NO_SPACE", `${path} has not enough free space`, { path, needed, free });
}

/** What `filesError` was made of; null for other errors. */
export function filesTroubleOf({ details }: ShoalError): FilesTrouble | null {
  const { kind, path, files, folder } = details;
  if (kind !== "missing" && kind !== "short" && kind !== "changed") return null;
  if (typeof path !== "string" || typeof files !== "number" || typeof folder !== "string") return null;
  return { kind, path: `${folder}/${path}`, files };
}

function explainLoneliness(facts: WaitingFacts): WaitingReason {
  const { trackerFailure } = facts;
  if (facts.connecting > 0) return because("connecting", `connecting to ${count(facts.connecting, "peer")}`);
  if (facts.banned > 0 && facts.candidates === 0) {
    const who = facts.banned === 1 ? "the only peer known" : `all ${facts.banned} peers known`;
    return because("only-peer-banned", `${who} sent bad data and is not used; waiting for others`);
  }
  if (facts.trackers > 0 && facts.trackersFailed === facts.trackers) {
    const goesOn = facts.finders.length > 0;
    const hope = goesOn ? `; asking ${finderNames(facts.finders)} for peers` : "";
    if (trackerFailure?.refused === true)
      return because("tracker-refused", `the tracker refuses: “${trackerFailure.message}”${hope}`);
    const why = trackerFailure === null ? "" : ` (${trackerFailure.message})`;
    return because("tracker-down", `no tracker answers${why}${goesOn ? hope : ", and no peer is known"}`);
  }
  if (facts.webSeedFailure !== null) {
    const peers = facts.candidates === 0 ? "no peer is known" : "no peer answers";
    return because("web-server-down", `${webSeedText(facts.webSeedFailure)}; ${peers}`);
  }
  if (facts.plainOnly > 0 && facts.plainOnly >= facts.candidates) {
    const who = facts.plainOnly === 1 ? "the only peer known" : `all ${facts.plainOnly} peers known`;
    const why = `${who} can't be reached by obfuscated connections, and no others are allowed here`;
    return because("peers-plain-only", `${why}; trying again`);
  }
  if (facts.candidates > 0)
    return because("peers-silent", `${count(facts.candidates, "known peer")} did not answer; trying again`);
  if (facts.trackers > 0) return because("asking-tracker", searching(facts));
  if (facts.finders.length > 0) return because("searching", searching(facts));
  return because("no-peers", "no peer is known; name one with --peer HOST:PORT");
}

function webSeedText({ host, message }: NonNullable<WaitingFacts["webSeedFailure"]>): string {
  return `web server ${host} can't be used: ${message}`;
}

/** "asking 2 trackers (1 answered), the DHT (61 of 70 nodes answered) and the local network for peers". */
function searching({ trackers, trackersAnswered, finders }: WaitingFacts): string {
  const asked = finders.length === 0 ? [] : [finderNames(finders)];
  if (trackers > 0) {
    const who = trackers === 1 ? "the tracker" : `${trackers} trackers`;
    asked.unshift(trackersAnswered === 0 ? who : `${who} (${trackersAnswered} answered, naming nobody)`);
  }
  return `asking ${asked.join(finders.length > 1 ? ", " : " and ")} for peers`;
}

/** "the DHT (61 of 70 nodes answered) and the local network". */
function finderNames(finders: readonly FinderFacts[]): string {
  const names = finders.map(({ source, asked, answered }) => {
    if (source === "lsd") return "the local network";
    return asked === 0 ? "the DHT" : `the DHT (${answered} of ${count(asked, "node")} answered)`;
  });
  return names.join(" and ");
}

function because(code: WaitingCode, message: string): WaitingReason {
  return { code, message };
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
