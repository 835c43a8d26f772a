import { isWithin, type WeekSpan } from "@shoal/schema/settings";

const MINUTE_MS = 60_000;
/** A week, and a day more for clocks that are put back. */
const FARTHEST_MS = 8 * 24 * 60 * MINUTE_MS;

/** Somebody switched slow mode by hand. */
export interface Click {
  readonly on: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SlowModeState {
  readonly on: boolean;
  readonly by: "hand" | "schedule" | null;
  /** When the schedule says something new, milliseconds since 1970; null when it never does. */
  readonly until: number | null;
}

/** Day of the week (0 is Sunday) and minute of the day at a time, where the computer is. */
export type LocalTime = (at: number) => { readonly day: number; readonly minute: number };

/** Of the system, with its changes between summer and winter. */
const systemTime: LocalTime = (at) => {
  const date = new Date(at);
  return { day: date.getDay(), minute: date.getHours() * 60 + date.getMinutes() };
};

/** Whether slow mode is on: what a person said holds until the schedule says something new. */
export function slowModeAt(
  now: number,
  schedule: readonly WeekSpan[],
  click: Click | null,
  local: LocalTime = systemTime,
): SlowModeState {
  const until = nextEdge(now, schedule, local);
  // A clock that was put back must not bring back what was said in its future.
  const holds = click !== null && click.at <= now && (nextEdge(click.at, schedule, local) ?? Infinity) > now;
  if (holds) return { on: click.on, by: "hand", until };
  const on = isOn(now, schedule, local);
  return { on, by: schedule.length > 0 ? "schedule" : null, until };
}

function isOn(at: number, schedule: readonly WeekSpan[], local: LocalTime): boolean {
  const { day, minute } = local(at);
  return isWithin(schedule, day, minute);
}

/**
 * When the schedule changes after `at`; null when it never does. Looks at each minute as the clock on the wall shows it: one hour that comes twice or
 * not at all needs no rule of its own.
 */
function nextEdge(at: number, schedule: readonly WeekSpan[], local: LocalTime): number | null {
  if (schedule.length === 0) return null;
  const before = isOn(at, schedule, local);
  const first = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
  for (let next = first; next <= at + FARTHEST_MS; next += MINUTE_MS)
    if (isOn(next, schedule, local) !== before) return next;
  return null;
}
