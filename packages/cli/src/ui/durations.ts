import { parseDuration } from "@shoal/schema/settings";

/** "0 s", "24 s", "6 min 21 s", "3 h 5 min", "2 d 4 h". Whole seconds, rounded up so that a running clock never shows "0 s left" early. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.floor(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** For time left, which is an estimate: one unit, "58 s", "3 min", "2 h", "4 d". */
export function formatRough(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

function pair(major: number, majorUnit: string, minor: number, minorUnit: string): string {
  return minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`;
}

/** The longest that a timer can wait. */
const MAX_TIMER_MS = 2_147_483_647;

/** Milliseconds that can be waited for, written as `parseDuration` reads them. Null when it is none or not above zero. */
export function parseWait(text: string): number | null {
  const milliseconds = parseDuration(text);
  return milliseconds !== null && milliseconds > 0 && milliseconds <= MAX_TIMER_MS ? milliseconds : null;
}

/** "14:03:10", local time. */
export function formatClock(wallTime: number): string {
  const date = new Date(wallTime);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, "0"))
    .join(":");
}
