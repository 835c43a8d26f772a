import { parseWeekSpan } from "@shoal/schema/settings";
import type { Limits } from "../limits/limits.ts";
import type { ArgumentReader } from "./arguments.ts";
import type { SessionMemory } from "./session-memory.ts";
import { kilobytes } from "./values.ts";

const BEGIN = "alt-speed-time-begin";
const END = "alt-speed-time-end";
const DAYS_SET = "alt-speed-time-day";
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const ALL_DAYS = 127;
const LAST_MINUTE = 24 * 60 - 1;
/** What is shown while there is no limit or no schedule. */
const OTHERWISE = { speed: 50_000, from: 9 * 60, to: 17 * 60, days: ALL_DAYS };

interface Span {
  readonly from: number;
  readonly to: number;
  /** A bit for each day, the lowest for Sunday. */
  readonly days: number;
}

/** Slow mode, which Transmission draws as a turtle: on or off, its speeds, and one stretch of time on some days of the week. */
export class TurtleFields {
  readonly #limits: Limits;
  readonly #memory: SessionMemory;

  constructor(limits: Limits, memory: SessionMemory) {
    this.#limits = limits;
    this.#memory = memory;
  }

  fields(): Record<string, unknown> {
    const { slow, schedule } = this.#limits.view();
    const { from, to, days } = this.#span();
    return {
      "alt-speed-enabled": slow.on,
      "alt-speed-down": kilobytes(slow.down ?? OTHERWISE.speed),
      "alt-speed-up": kilobytes(slow.up ?? OTHERWISE.speed),
      "alt-speed-time-enabled": schedule.length > 0,
      [BEGIN]: from,
      [END]: to,
      [DAYS_SET]: days,
    };
  }

  /** The schedule as the arguments change it, and what is to be remembered; null when they say nothing of it. */
  schedule(args: ArgumentReader): {
    readonly schedule: readonly string[];
    readonly remembered: Readonly<Record<string, number>>;
  } | null {
    const from = args.whole(BEGIN, 0, LAST_MINUTE);
    const to = args.whole(END, 0, LAST_MINUTE);
    const days = args.whole(DAYS_SET, 0, ALL_DAYS);
    const isOn = args.flag("alt-speed-time-enabled");
    if ([from, to, days, isOn].every((value) => value === undefined)) return null;
    const before = this.#span();
    const span = { from: from ?? before.from, to: to ?? before.to, days: days ?? before.days };
    const staysOn = isOn ?? this.#limits.view().schedule.length > 0;
    return {
      schedule: staysOn && span.days > 0 ? [textOf(span)] : [],
      remembered: { [BEGIN]: span.from, [END]: span.to, [DAYS_SET]: span.days },
    };
  }

  /** Throws what the database throws. */
  async switch(args: ArgumentReader): Promise<void> {
    const isOn = args.flag("alt-speed-enabled");
    if (isOn !== undefined && isOn !== this.#limits.view().slow.on) await this.#limits.setSlow(isOn);
  }

  #span(): Span {
    const [first] = this.#limits.view().schedule;
    if (first === undefined) {
      return {
        from: this.#memory.number(BEGIN) ?? OTHERWISE.from,
        to: this.#memory.number(END) ?? OTHERWISE.to,
        days: this.#memory.number(DAYS_SET) ?? OTHERWISE.days,
      };
    }
    const { from, to, days } = parseWeekSpan(first);
    return {
      from,
      to: Math.min(to, LAST_MINUTE),
      days: [...days].reduce((bits, day) => bits | (1 << day), 0),
    };
  }
}

/** "Mon Tue 08:30-17:30"; without times where it begins when it ends: all day. */
function textOf({ from, to, days }: Span): string {
  const names = DAYS.filter((_, day) => (days & (1 << day)) !== 0).join(" ");
  return from === to ? names : `${names} ${clock(from)}-${clock(to)}`;
}

function clock(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
