import type { ArgumentSpec, Declaration, NoOptions } from "../command.ts";

const SPEED: ArgumentSpec = {
  name: "speed",
  description: "such as 500k or 2M bytes per second; off for none",
};

const WHAT =
  "Limits count what is in the files, not what goes with it, and hold for everybody, in the local network too. k and M are thousands and millions of bytes per second.";
const KEPT =
  "It holds at once, and over restarts: it is written into the configuration file as limits.down or limits.up.";

export const limitShowDeclaration: Declaration<NoOptions> = {
  name: "limit show",
  summary: "speed limits: what holds now, and why",
  about: [WHAT],
  arguments: [],
  options: {},
  examples: [{ line: "shoal limit show", about: "now, normally, and in slow mode" }],
  exits: ["daemon"],
};

export const limitDownDeclaration: Declaration<NoOptions> = {
  name: "limit down",
  summary: "how fast all downloads together may be",
  about: [WHAT, KEPT],
  arguments: [SPEED],
  options: {},
  examples: [
    { line: "shoal limit down 2M", about: "at most 2 MB per second" },
    { line: "shoal limit down off", about: "as fast as it goes" },
  ],
  exits: ["daemon"],
};

export const limitUpDeclaration: Declaration<NoOptions> = {
  name: "limit up",
  summary: "how fast all uploads together may be",
  about: [WHAT, KEPT],
  arguments: [SPEED],
  options: {},
  examples: [{ line: "shoal limit up 500k", about: "at most 500 kB per second" }],
  exits: ["daemon"],
};

export const limitSlowDeclaration: Declaration<NoOptions> = {
  name: "limit slow",
  summary: "slow mode on or off",
  about: [
    "In slow mode lower limits hold. Without on or off it changes to the other. It stays so over restarts, until the schedule says something new.",
    "The limits of slow mode are settings: shoal config set limits.slow.down 100k",
  ],
  arguments: [{ name: "switch", description: "on or off", optional: true }],
  options: {},
  examples: [
    { line: "shoal limit slow on", about: "before a video call" },
    { line: "shoal limit slow off", about: "after it" },
  ],
  exits: ["daemon"],
};

export const limitScheduleDeclaration: Declaration<NoOptions> = {
  name: "limit schedule",
  summary: "when slow mode is on by itself",
  about: [
    'Days and times of every week, in local time: "Mon-Fri 09:00-17:00", "Sat Sun 22:00-06:00" (to the next morning), "09:00-17:00" (every day), "Sat" (all day). What is given replaces all that was; off ends it. Without anything it is shown.',
  ],
  arguments: [
    { name: "time", description: 'such as "Mon-Fri 09:00-17:00", or off', optional: true, many: true },
  ],
  options: {},
  examples: [
    { line: 'shoal limit schedule "Mon-Fri 09:00-17:00" "Sat 10:00-12:00"', about: "slow while others work" },
    { line: "shoal limit schedule off", about: "slow mode by hand only" },
  ],
  exits: ["daemon"],
};
