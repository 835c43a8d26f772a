/** Facts about a torrent that wants data, from which the reason for waiting follows. */
export interface WaitingFacts {
  readonly needsMetadata: boolean;
  readonly checking: boolean;
  readonly downloading: boolean;
  /** Payload arrived within the last seconds. */
  readonly receiving: boolean;
  readonly peers: number;
  readonly connecting: number;
  /** Addresses known, connected or not. */
  readonly candidates: number;
  readonly trackers: number;
  readonly trackersFailed: number;
  /** Peers that announced that they have the metadata. */
  readonly metadataSources: number;
  /** Peers that have something we want. */
  readonly useful: number;
  /** Useful peers that serve us. */
  readonly unchoked: number;
  readonly diskBusy: boolean;
}

/**
 * Why nothing arrives, as one plain sentence; null when data flows or nothing is wanted. The first rule that fits wins,
 * so rules go from the cause nearest to us to the farthest.
 */
export function explainWaiting(facts: WaitingFacts): string | null {
  if (facts.receiving || facts.checking || (!facts.downloading && !facts.needsMetadata)) return null;
  if (facts.diskBusy) return "waiting for the disk";
  if (facts.peers === 0) {
    if (facts.connecting > 0) return `connecting to ${count(facts.connecting, "peer")}`;
    if (facts.trackers > 0 && facts.trackersFailed === facts.trackers)
      return "no tracker answers, and no peer is known";
    if (facts.candidates > 0) return `${count(facts.candidates, "known peer")} did not answer; trying again`;
    if (facts.trackers > 0) return "asking the tracker for peers";
    return "no peer is known; name one with --peer HOST:PORT";
  }
  if (facts.needsMetadata) {
    if (facts.metadataSources > 0)
      return `getting the file list from ${count(facts.metadataSources, "peer")}`;
    return `${count(facts.peers, "peer")} connected, none has the file list yet`;
  }
  if (facts.useful === 0) return `${count(facts.peers, "peer")} connected, none has the missing pieces`;
  if (facts.unchoked === 0) return `${count(facts.useful, "peer")} serving others first; waiting for a turn`;
  return `waiting for ${count(facts.unchoked, "peer")} to send`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
