import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseWeekSpan } from "@shoal/schema/settings";
import { type LocalTime, slowModeAt } from "../../dist/limits/slow-mode.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday at midnight, UTC. */
const MONDAY = Date.UTC(2026, 0, 5);

const utc: LocalTime = (at) => {
  const date = new Date(at);
  return { day: date.getUTCDay(), minute: date.getUTCHours() * 60 + date.getUTCMinutes() };
};
const at = (
  now: number,
  schedule: readonly string[],
  click: Parameters<typeof slowModeAt>[2] = null,
  local: LocalTime = utc,
): ReturnType<typeof slowModeAt> => slowModeAt(now, schedule.map(parseWeekSpan), click, local);

const OFFICE = ["Mon-Fri 09:00-17:00"];

describe("the schedule of slow mode", () => {
  test("is on from the first minute to before the last one, and tells when it changes", () => {
    assert.deepEqual(at(MONDAY + 9 * HOUR - 1, OFFICE), {
      on: false,
      by: "schedule",
      until: MONDAY + 9 * HOUR,
    });
    assert.deepEqual(at(MONDAY + 9 * HOUR, OFFICE), { on: true, by: "schedule", until: MONDAY + 17 * HOUR });
    assert.equal(at(MONDAY + 17 * HOUR, OFFICE).on, false);
    // Friday evening: next on Monday.
    assert.equal(at(MONDAY + 4 * DAY + 18 * HOUR, OFFICE).until, MONDAY + 7 * DAY + 9 * HOUR);
  });

  test("goes over midnight, and from Saturday to Sunday", () => {
    const nights = ["Fri Sat 22:00-06:30"];
    const friday = MONDAY + 4 * DAY;
    assert.equal(at(friday + 5 * HOUR, nights).on, false);
    assert.equal(at(friday + 23 * HOUR, nights).on, true);
    assert.equal(at(friday + 30 * HOUR, nights).on, true);
    assert.equal(at(friday + 30 * HOUR, nights).until, friday + 30.5 * HOUR);
    // Saturday to Sunday.
    assert.equal(at(friday + 2 * DAY + 6 * HOUR, nights).on, true);
    assert.equal(at(friday + 2 * DAY + 7 * HOUR, nights).on, false);
  });

  test("knows spans that touch, whole days and no days at all", () => {
    const touching = ["09:00-12:00", "12:00-14:00"];
    assert.equal(at(MONDAY + 9 * HOUR, touching).until, MONDAY + 14 * HOUR);
    assert.equal(at(MONDAY + 5 * DAY + 12 * HOUR, ["Sat"]).on, true);
    assert.equal(at(MONDAY + 5 * DAY + 12 * HOUR, ["Sat"]).until, MONDAY + 6 * DAY);
    assert.deepEqual(at(MONDAY, ["Mon-Sun"]), { on: true, by: "schedule", until: null });
    assert.deepEqual(at(MONDAY, []), { on: false, by: null, until: null });
  });

  test("goes by the clock on the wall when summer begins and ends", () => {
    // Clocks go from 02:00 to 03:00 at this moment, and back 24 hours later.
    const jump = MONDAY + 2 * HOUR;
    const shifted: LocalTime = (now) => utc(now >= jump && now < jump + DAY ? now + HOUR : now);
    const spring = ["02:30-04:00"];
    // 02:30 never comes: it begins with 03:00, and is over after an hour.
    assert.equal(at(jump - 1, spring, null, shifted).until, jump);
    assert.equal(at(jump, spring, null, shifted).until, jump + HOUR);
    // 02:30 comes twice.
    const autumn = ["02:30-02:45"];
    const back = jump + DAY;
    assert.equal(at(back - HOUR, autumn, null, shifted).until, back - HOUR + 30 * MINUTE);
    assert.equal(at(back, autumn, null, shifted).until, back + 30 * MINUTE);
  });
});

describe("slow mode by hand", () => {
  test("holds until the schedule says something new", () => {
    const click = { on: false, at: MONDAY + 10 * HOUR };
    assert.deepEqual(at(MONDAY + 11 * HOUR, OFFICE, click), {
      on: false,
      by: "hand",
      until: MONDAY + 17 * HOUR,
    });
    assert.equal(at(MONDAY + 17 * HOUR, OFFICE, click).by, "schedule");
    assert.equal(at(MONDAY + DAY + 10 * HOUR, OFFICE, click).on, true);
  });

  test("holds for ever without a schedule", () => {
    const click = { on: true, at: MONDAY };
    assert.deepEqual(at(MONDAY + 400 * DAY, [], click), { on: true, by: "hand", until: null });
  });

  test("is not believed when it was said in the future: the clock was put back", () => {
    assert.equal(at(MONDAY, OFFICE, { on: true, at: MONDAY + HOUR }).on, false);
  });
});

describe("parseWeekSpan", () => {
  test("reads days, ranges over the end of the week, and times", () => {
    const read = (text: string): [number[], number, number] => {
      const { days, from, to } = parseWeekSpan(text);
      return [[...days].toSorted((a, b) => a - b), from, to];
    };
    assert.deepEqual(read("Mon-Fri 09:00-17:00"), [[1, 2, 3, 4, 5], 540, 1020]);
    assert.deepEqual(read("sat-mon 9:00-24:00"), [[0, 1, 6], 540, 1440]);
    assert.deepEqual(read("Tuesday, thu 00:00-00:30"), [[2, 4], 0, 30]);
    assert.deepEqual(read("22:00-06:00"), [[0, 1, 2, 3, 4, 5, 6], 1320, 360]);
    assert.deepEqual(read("Sun"), [[0], 0, 1440]);
  });

  test("refuses what is none, and says how to write it", () => {
    for (const bad of [
      "",
      "Foo",
      "Mon-",
      "Mon-Fri-Sun",
      "Mon 9-17",
      "Mon 25:00-26:00",
      "Mon 09:60-10:00",
      "Mon 24:01-25:00",
      "09:00-09:00",
      "09:00-17:00 Mon",
      "Mon 09:00 - 17:00",
    ])
      assert.throws(() => parseWeekSpan(bad), /write it as Mon-Fri 09:00-17:00/, bad);
  });
});
