import type { TrackerStatus } from "@shoal/engine";
import { plain, seconds, whole } from "./values.ts";

const INACTIVE = 0;
const WAITING = 1;
const ACTIVE = 3;
const UNKNOWN = -1;
const TIMED_OUT = /did not answer|timed? ?out/i;

/** A tracker in the list of a torrent's trackers. */
export function trackerFields({ url, tier }: TrackerStatus, id: number): Record<string, unknown> {
  return { id, announce: plain(url), scrape: scrapeUrl(url), tier, sitename: siteName(url) };
}

/** The same with what is known of it. */
export function trackerStats(
  tracker: TrackerStatus,
  id: number,
  isStopped: boolean,
): Record<string, unknown> {
  const { url, tier, state, message, peers, fails, lastAnnounceAt, nextAnnounceAt } = tracker;
  const succeeded = lastAnnounceAt !== null && fails === 0;
  const lastAnnounce = seconds(lastAnnounceAt);
  const nextAnnounce = seconds(nextAnnounceAt);
  const scraped = tracker.seeds !== null;
  const announceState =
    state === "asking" ? ACTIVE : isStopped || nextAnnounceAt === null ? INACTIVE : WAITING;
  return {
    ...trackerFields({ ...tracker, tier }, id),
    host: hostOf(url),
    announceState,
    hasAnnounced: lastAnnounceAt !== null,
    isBackup: lastAnnounceAt === null && nextAnnounceAt === null && state === "idle" && !isStopped,
    lastAnnouncePeerCount: whole(peers),
    lastAnnounceResult: lastAnnounceAt === null ? "" : succeeded ? "Success" : plain(message ?? "no answer"),
    lastAnnounceStartTime: lastAnnounce,
    lastAnnounceSucceeded: succeeded,
    lastAnnounceTime: lastAnnounce,
    lastAnnounceTimedOut: !succeeded && TIMED_OUT.test(message ?? ""),
    nextAnnounceTime: nextAnnounce,
    downloadCount: tracker.downloaded ?? UNKNOWN,
    leecherCount: tracker.leechers ?? UNKNOWN,
    seederCount: tracker.seeds ?? UNKNOWN,
    downloaderCount: UNKNOWN,
    // The counts come with the answers to announces.
    hasScraped: scraped,
    lastScrapeResult: "",
    lastScrapeStartTime: scraped ? lastAnnounce : 0,
    lastScrapeSucceeded: scraped,
    lastScrapeTime: scraped ? lastAnnounce : 0,
    lastScrapeTimedOut: false,
    nextScrapeTime: nextAnnounce,
    scrapeState: announceState === INACTIVE ? INACTIVE : WAITING,
  };
}

function hostOf(url: string): string {
  if (!URL.canParse(url)) return plain(url);
  const { protocol, hostname, port } = new URL(url);
  const standard = protocol === "https:" ? "443" : "80";
  return `${protocol}//${hostname}:${port === "" ? standard : port}`;
}

/** "example" of "tracker.example.org". */
function siteName(url: string): string {
  if (!URL.canParse(url)) return "";
  const { hostname } = new URL(url);
  const isAddress = hostname.includes(":") || /^[\d.]+$/.test(hostname);
  return isAddress ? hostname : (hostname.split(".").at(-2) ?? hostname);
}

/** By the convention that the last part of the path, if it begins with "announce", becomes "scrape". */
function scrapeUrl(url: string): string {
  const at = url.lastIndexOf("/");
  if (url.startsWith("/announce", at)) return plain(`${url.slice(0, at)}/scrape${url.slice(at + 9)}`);
  return /^udp:/i.test(url) ? plain(url) : "";
}
