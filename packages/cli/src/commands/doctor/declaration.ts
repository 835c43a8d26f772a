import type { Declaration } from "../command.ts";
import { flag } from "../option.ts";

export interface DoctorOptions {
  readonly shareReport: boolean;
}

export const doctorDeclaration: Declaration<DoctorOptions> = {
  name: "doctor",
  summary: "why is it slow, not moving or not reachable",
  about: [
    "Looks at disks, network, port, trackers, DHT, clock, firewall and files, and says what to try, what helps most first. With a transfer it looks at that one above all.",
    "Nobody outside is asked: whether others can connect is told by what has happened, and otherwise unknown.",
    "Ends with 0 when nothing fails; else with 6, 9 or 10 by the first thing that does.",
  ],
  arguments: [
    {
      name: "transfer",
      description: "number, name or info-hash; the whole node when absent",
      optional: true,
    },
  ],
  options: {
    shareReport: flag("--share-report", "a text without names, ids and addresses, to be shown to others"),
  },
  examples: [
    { line: "shoal doctor", about: "is everything as it should be?" },
    { line: "shoal doctor --share-report", about: "for a bug report" },
  ],
  exits: ["notFound", "daemon", "network", "noSpace", "fileSystem"],
};
