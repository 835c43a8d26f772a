/** Why a peer is turned away: its lie was proved, or it breaks the protocol again and again. */
export type BanCause = "proof" | "abuse";

/** Times are milliseconds since the Unix epoch. */
export interface Ban {
  readonly cause: BanCause;
  /** In words, for people. */
  readonly reason: string;
  readonly at: number;
  readonly until: number;
}

/** What a peer did. Amounts are bytes for the first two, else how often. */
export interface Deeds {
  /** Bytes of it in pieces that were right: nothing else speaks for a peer, whatever it claims. */
  verified: number;
  /** Bytes that nobody asked for. */
  unasked: number;
  /** It was proved to have sent wrong data. */
  lies: number;
  /** It did not deliver what it was asked for in time. */
  late: number;
  unreachable: number;
  /** It broke the protocol. */
  abuse: number;
}

export type Deed = keyof Deeds;

export const DEEDS: readonly Deed[] = ["verified", "unasked", "lies", "late", "unreachable", "abuse"];

const DAY = 24 * 60 * 60_000;
/** What somebody did counts half after so long. */
const HALF_LIFE = 3 * DAY;
const MIB = 1024 * 1024;
const MOST = 100;
/** Points for a doubling of the bytes, above 1 MiB. */
const POINTS_PER_DOUBLING = 8;
const POINTS: Readonly<Record<"lies" | "late" | "unreachable" | "abuse", number>> = {
  lies: 60,
  late: 4,
  unreachable: 4,
  abuse: 20,
};

/** All that is known of one peer. */
export interface Standing {
  /** As it was seen last. */
  host: string;
  /** As of `at`. */
  readonly deeds: Deeds;
  /** When it last did something, milliseconds since the Unix epoch. */
  at: number;
  ban: Ban | null;
  /** When a person forgave it, or 0: bans from before are void. */
  forgivenAt: number;
}

export function newStanding(host: string, at: number): Standing {
  const deeds: Deeds = { verified: 0, unasked: 0, lies: 0, late: 0, unreachable: 0, abuse: 0 };
  return { host, deeds, at, ban: null, forgivenAt: 0 };
}

/** Counts a deed; what was before fades. */
export function addDeed(standing: Standing, deed: Deed, amount: number, at: number): void {
  const rest = fading(standing.at, at);
  for (const name of DEEDS) standing.deeds[name] *= rest;
  standing.at = Math.max(standing.at, at);
  standing.deeds[deed] += amount;
}

/** What is left of a deed. */
export function deedNow(standing: Standing, deed: Deed, at: number): number {
  return standing.deeds[deed] * fading(standing.at, at);
}

export function banNow(standing: Standing, at: number): Ban | null {
  const { ban } = standing;
  return ban !== null && at < ban.until ? ban : null;
}

/** From -100 (banned) by 0 (nothing known) to 100. */
export function scoreOf(standing: Standing, at: number): number {
  if (banNow(standing, at) !== null) return -MOST;
  const sum = DEEDS.reduce((points, deed) => points + pointsFor(deed, deedNow(standing, deed, at)), 0);
  return Math.round(Math.min(MOST, Math.max(-MOST, sum)));
}

/** What the score comes from mostly, in words. */
export function reasonOf(standing: Standing, at: number): string {
  const ban = banNow(standing, at);
  if (ban !== null) return `banned: ${ban.reason}`;
  let main: Deed = "verified";
  let most = 0.5;
  for (const deed of DEEDS) {
    const weight = Math.abs(pointsFor(deed, deedNow(standing, deed, at)));
    if (weight <= most) continue;
    most = weight;
    main = deed;
  }
  return most === 0.5 ? "nothing known yet" : WORDS[main];
}

const WORDS: Readonly<Record<Deed, string>> = {
  verified: "delivered right data",
  unasked: "sent data that nobody asked for",
  lies: "sent wrong data",
  late: "often did not deliver what it was asked for",
  unreachable: "often could not be reached",
  abuse: "broke the protocol",
};

function pointsFor(deed: Deed, amount: number): number {
  if (deed === "verified") return POINTS_PER_DOUBLING * Math.log2(1 + amount / MIB);
  if (deed === "unasked") return -POINTS_PER_DOUBLING * Math.log2(1 + amount / MIB);
  return -POINTS[deed] * amount;
}

/** A clock that went back fades nothing. */
function fading(from: number, to: number): number {
  return to <= from ? 1 : 0.5 ** ((to - from) / HALF_LIFE);
}
