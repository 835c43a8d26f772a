import { countText as count } from "../base/count-text.ts";
import { durationText } from "../base/duration-text.ts";
import { sizeText } from "../base/size-text.ts";
import type { ClockTrouble } from "./clock-evidence.ts";
import { type DiskTrouble, explainDisk } from "./disk-trouble.ts";
import { explainHold, type Hold } from "./hold.ts";
import { because, type WaitingReason } from "./reasons.ts";

/** How far a search without trackers has come: others asked, and how many of them answered. */
export interface FinderFacts {
  readonly source: "dht" | "lsd";
  readonly asked: number;
  readonly answered: number;
}

/** Facts about a torrent, from which the reason for waiting follows. */
export interface WaitingFacts {
  readonly needsMetadata: boolean;
  readonly paused: boolean;
  /** Why it is paused; null when nobody says. */
  readonly hold: Hold | null;
  readonly checking: boolean;
  /** So many others are checked first; null unless it waits for that. */
  readonly checksBefore: number | null;
  readonly downloading: boolean;
  /** Payload arrived within the last seconds. */
  readonly receiving: boolean;
  /** Bytes a second that a limit of ours lets through, while that holds something back; else null. */
  readonly limit: number | null;
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
  /** Addresses that took a connection and ended it before they said anything. */
  readonly hungUp: number;
  /** Addresses from which nothing at all came back. */
  readonly silent: number;
  /** Addresses to which this computer itself lets nobody connect. */
  readonly forbidden: number;
  /** Obfuscated connections are off here. */
  readonly plainHere: boolean;
  /** The torrent has no v1 info-hash. */
  readonly v2Only: boolean;
  /** What speaks against the clock of this computer. */
  readonly clock: ClockTrouble | null;
  readonly trackers: number;
  readonly trackersFailed: number;
  /** Those that answered their last announce, and know of nobody else or of nobody who can be reached. */
  readonly trackersAnswered: number;
  /** Why a tracker's last announce failed; null when none did. `refused`: it answered, and `message` are its words (unchecked text). */
  readonly trackerFailure: { readonly refused: boolean; readonly message: string } | null;
  /** Where else peers are sought. */
  readonly finders: readonly FinderFacts[];
  /** Packets that were sent to nodes of the DHT while none has ever answered; 0 as soon as one has. */
  readonly dhtUnanswered: number;
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
  /** Part of all pieces that we and those have who are connected, 0 to 1; null while there are no pieces or nobody is connected. */
  readonly together: number | null;
  /** So long ago somebody, or all together, had everything; null when that was never seen. */
  readonly sinceCompleteMs: number | null;
}

/** So many have to be silent before that is held against the way to them. */
const MANY_SILENT = 5;
/** The same for nodes of the DHT, of which a few are always asked in vain. */
const MANY_SILENT_NODES = 4;
/** The same for packets to nodes of which none is known to be there. */
const MANY_PACKETS = 12;

/** At fewer bytes per second than a block something arrives only now and then: it is the limit that a person waits for. */
const CRAWL = 16 * 1024;

/**
 * Why nothing arrives, or why not everything can be shared; null when all is well or nothing is wanted. The first rule that
 * fits wins, so rules go from the cause nearest to us to the farthest.
 */
export function explainWaiting(facts: WaitingFacts): WaitingReason | null {
  if (facts.paused) return explainHold(facts.hold);
  if (facts.disk !== null) return explainDisk(facts.disk);
  if (facts.checking) return explainChecking(facts);
  if (!facts.downloading && !facts.needsMetadata) return null;
  if (facts.receiving && (facts.limit === null || facts.limit >= CRAWL)) return null;
  if (facts.diskBusy) return because("disk-busy", "waiting for the disk, which is slower than the peers");
  if (facts.network !== null) return because("no-network", facts.network);
  if (facts.limit !== null)
    return because("limited", `held back by the limit of ${sizeText(facts.limit)}/s that is set here`);
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
    const parts = `${together(facts)}${lastComplete(facts)}${webSeed}`;
    return because("peers-no-data", `${peers} connected, none has the missing pieces${parts}`);
  }
  if (facts.unchoked === 0)
    return because(
      "choked-by-all",
      `${count(facts.useful, "peer")} serving others first; waiting for a turn`,
    );
  return because("awaiting-data", `waiting for ${count(facts.unchoked, "peer")} to send`);
}

function explainChecking({ checksBefore }: WaitingFacts): WaitingReason {
  if (checksBefore === null) return because("checking", "comparing what is on disk with the torrent");
  const others = count(checksBefore, "other");
  return because("queued", `waiting to be checked, after ${others}; one at a time is`);
}

function explainLoneliness(facts: WaitingFacts): WaitingReason {
  const { trackerFailure } = facts;
  if (facts.connecting > 0) return because("connecting", `connecting to ${count(facts.connecting, "peer")}`);
  if (facts.banned > 0 && facts.candidates === 0) {
    const who = facts.banned === 1 ? "the only peer known" : `all ${facts.banned} peers known`;
    return because("only-peer-banned", `${who} sent bad data and is not used; waiting for others`);
  }
  const blocked = explainBlocked(facts);
  if (blocked !== null) return because("blocked", blocked);
  if (facts.trackers > 0 && facts.trackersFailed === facts.trackers) {
    if (facts.clock !== null && trackerFailure?.refused !== true)
      return because("clock", clockText(facts.clock));
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
  if (facts.hungUp > 0 && facts.hungUp >= facts.candidates) return because("version", versionText(facts));
  if (facts.candidates > 0) {
    const asking = isAsking(facts) ? `; ${searching(facts)}` : "";
    const silence = `${count(facts.candidates, "known peer")} did not answer${lastComplete(facts)}`;
    return because("peers-silent", `${silence}; trying again${asking}`);
  }
  if (facts.trackers > 0) return because("asking-tracker", searching(facts) + lastComplete(facts));
  if (facts.finders.length > 0) return because("searching", searching(facts) + lastComplete(facts));
  return because("no-peers", "no peer is known, and there is nobody to ask");
}

/** What keeps everything out or in, as far as that is shown by what works and what does not; null otherwise. */
function explainBlocked(facts: WaitingFacts): string | null {
  if (facts.forbidden > 0 && facts.forbidden >= facts.candidates)
    return "this computer lets no connections out to peers: its firewall, or whatever confines shoal";
  const dht = facts.finders.find(({ source }) => source === "dht");
  const dhtAnswers = dht !== undefined && dht.answered > 0;
  if (facts.silent >= MANY_SILENT && facts.silent >= facts.candidates) {
    const works = facts.trackersAnswered > 0 ? "trackers do" : dhtAnswers ? "the DHT does" : null;
    if (works !== null) {
      const who = `none of ${facts.silent} known peers answers at all, while ${works}`;
      return `${who}: something on the way blocks connections to them`;
    }
  }
  if (facts.candidates === 0 && facts.trackersAnswered > 0 && dht?.answered === 0) {
    const silent =
      dht.asked >= MANY_SILENT_NODES
        ? `none of ${dht.asked} nodes of the DHT answered`
        : facts.dhtUnanswered >= MANY_PACKETS
          ? `none of ${facts.dhtUnanswered} packets to the DHT was answered`
          : null;
    if (silent !== null) return `nothing comes back over UDP: ${silent}, while trackers did, naming nobody`;
  }
  return null;
}

function clockText({ aheadMs, host }: ClockTrouble): string {
  if (aheadMs === null) return `the certificate of ${host} is not valid at the time of this computer's clock`;
  const how = `${durationText(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead" : "behind"}`;
  return `the clock of this computer is ${how} of what ${host} says, and no tracker can be reached securely`;
}

function versionText({ hungUp, plainHere, v2Only }: WaitingFacts): string {
  const who = hungUp === 1 ? "the only peer known hangs up" : `all ${hungUp} peers known hang up`;
  const why = plainHere
    ? "they may take obfuscated connections only, which are off here"
    : v2Only
      ? "they may not speak BitTorrent v2, which this torrent needs"
      : "they may have another version of it, or not have it any more";
  return `${who} before they say anything: ${why}; trying again`;
}

/** ", together 34 % of it is there". */
function together({ together: part }: WaitingFacts): string {
  return part === null ? "" : `; with them ${Math.floor(part * 100)} % of it is there`;
}

function lastComplete({ sinceCompleteMs: ms }: WaitingFacts): string {
  return ms === null ? "" : `; last seen complete ${durationText(ms)} ago`;
}

function isAsking({ trackers, finders }: WaitingFacts): boolean {
  return trackers > 0 || finders.length > 0;
}

function webSeedText({ host, message }: NonNullable<WaitingFacts["webSeedFailure"]>): string {
  return `web server ${host} can't be used: ${message}`;
}

/** "asking 2 trackers (1 answered), the DHT (61 of 70 nodes answered) and the local network for peers". */
function searching({ trackers, trackersAnswered, finders, candidates }: WaitingFacts): string {
  const asked = finders.length === 0 ? [] : [finderNames(finders)];
  if (trackers > 0) {
    const who = trackers === 1 ? "the tracker" : `${trackers} trackers`;
    const naming = candidates === 0 ? ", naming nobody" : "";
    asked.unshift(trackersAnswered === 0 ? who : `${who} (${trackersAnswered} answered${naming})`);
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
