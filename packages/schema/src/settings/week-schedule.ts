/** One stretch of every week: from a minute of the day on the given days, to a minute of that or the next day. */
export interface WeekSpan {
  /** Days on which it begins; 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes after midnight, 0 to 1440. */
  readonly from: number;
  /** At most `from` when it ends on the next day. */
  readonly to: number;
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const DAY_MINUTES = 24 * 60;
const FORM = "write it as Mon-Fri 09:00-17:00, or as 22:00-06:00 for every day";

/**
 * Reads "Mon-Fri 09:00-17:00", "Sat Sun 22:00-06:00" (to the next morning), "09:00-17:00" (every day) or "Sat" (all day). Throws an Error that
 * says how to write it.
 */
export function parseWeekSpan(text: string): WeekSpan {
  const words = text.trim().split(/[\s,]+/);
  const times = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(words.at(-1)!);
  const names = times === null ? words : words.slice(0, -1);
  const days = new Set(names.flatMap(parseDays));
  if (names.length === 0) for (let day = 0; day < DAYS.length; day++) days.add(day);
  if (times === null) return { days, from: 0, to: DAY_MINUTES };
  const [, fromHour, fromMinute, toHour, toMinute] = times;
  const from = minuteOf(fromHour!, fromMinute!);
  const to = minuteOf(toHour!, toMinute!);
  if (from === to) throw new Error(`"${words.at(-1)}" begins when it ends; ${FORM}`);
  return { days, from: from % DAY_MINUTES, to };
}

/** Whether a minute of a day of the week lies within one of them. */
export function isWithin(spans: readonly WeekSpan[], day: number, minute: number): boolean {
  const before = (day + 6) % 7;
  return spans.some(({ days, from, to }) => {
    if (to > from) return days.has(day) && minute >= from && minute < to;
    return (days.has(day) && minute >= from) || (days.has(before) && minute < to);
  });
}

function parseDays(word: string): number[] {
  const [first = "", last = first, more] = word.toLowerCase().split("-");
  const from = dayOf(first);
  const to = dayOf(last);
  if (from < 0 || to < 0 || more !== undefined) throw new Error(`"${word}" is no day of the week; ${FORM}`);
  const days = [from];
  for (let day = from; day !== to;) days.push((day = (day + 1) % 7));
  return days;
}

/** "Mon", "monday"; -1 for anything else. */
function dayOf(name: string): number {
  return /^(?:sun|mon|fri)(?:day)?$|^tue(?:s(?:day)?)?$|^wed(?:nesday)?$|^thu(?:r(?:s(?:day)?)?)?$|^sat(?:urday)?$/.test(
    name,
  )
    ? DAYS.indexOf(name.slice(0, 3))
    : -1;
}

function minuteOf(hour: string, minute: string): number {
  const minutes = Number(hour) * 60 + Number(minute);
  if (Number(minute) > 59 || minutes > DAY_MINUTES)
    throw new Error(`${hour}:${minute} is no time of day; ${FORM}`);
  return minutes;
}
