const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const MOST_COUNT = 10_000;

/** A moment: so long ago, or that one; both in milliseconds. */
export type Past = { readonly agoMs: number } | { readonly at: number };

/** "30m", "24h", "7d", "2w" ago, or a date or time such as 2026-01-31 or 2026-01-31T12:00. Throws what it should be. */
export function parsePast(word: string): Past {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(s|min|m|h|d|w)$/.exec(word);
  if (match !== null) return { agoMs: Number(match[1]) * UNITS[match[2]!]! };
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(word) ? localTime(word) : Number.NaN;
  if (Number.isNaN(at)) throw new Error("write it as 30m, 24h, 7d or 2026-01-31");
  return { at };
}

/** RFC 3339, for `now` in milliseconds since 1970. */
export function pastTime(past: Past, now: number): string {
  const at = "at" in past ? past.at : now - past.agoMs;
  return new Date(Math.max(0, at)).toISOString();
}

/** A whole number above 0. */
export function parseCount(word: string): number {
  const count = /^\d{1,9}$/.test(word) ? Number(word) : 0;
  if (count < 1 || count > MOST_COUNT) throw new Error(`a whole number from 1 to ${MOST_COUNT}`);
  return count;
}

/** A date alone means its beginning here. */
function localTime(word: string): number {
  return Date.parse(word.includes("T") ? word : `${word}T00:00`);
}

/** "14:03:10" today, "2026-01-31 14:03" before, local time. */
export function formatWhen(time: string, now: number): string {
  const at = new Date(time);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const today = new Date(now);
  return at.toDateString() === today.toDateString() ? `${clock}:${two(at.getSeconds())}` : `${day} ${clock}`;
}
