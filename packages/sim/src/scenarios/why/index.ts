import type { WaitingCode } from "@shoal/engine/composition";
import type { Scenario } from "../../scenario.ts";
import { DISK_STORIES } from "./disk.ts";
import { METADATA_STORIES } from "./metadata.ts";
import { NETWORK_STORIES } from "./network.ts";
import { PEER_STORIES } from "./peers.ts";
import { TRACKER_STORIES } from "./trackers.ts";
import { USER_STORIES } from "./user.ts";
import { whyScenario, type WhyStory } from "./why.ts";

/** One for each reason for waiting: none is without. */
const STORIES: Readonly<Record<WaitingCode, WhyStory>> = {
  ...USER_STORIES,
  ...DISK_STORIES,
  ...NETWORK_STORIES,
  ...TRACKER_STORIES,
  ...PEER_STORIES,
  ...METADATA_STORIES,
};

/** A torrent says why it waits, for each reason that there is. */
export const WHY_SCENARIOS: readonly Scenario[] = Object.entries(STORIES).map(([code, story]) =>
  whyScenario(code as WaitingCode, story),
);
