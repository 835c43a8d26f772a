import type { Scenario } from "./scenario.ts";
import { chokeStorm } from "./scenarios/choke-storm.ts";
import { clockJumps } from "./scenarios/clock-jumps.ts";
import { diskDisorder } from "./scenarios/disk-disorder.ts";
import { diskFull } from "./scenarios/disk-full.ts";
import { dormant } from "./scenarios/dormant.ts";
import { flashCrowd } from "./scenarios/flash-crowd.ts";
import { fluidBoundScenario } from "./scenarios/fluid-bound.ts";
import { hostilePeers } from "./scenarios/hostile-peers.ts";
import { hybridSwarm } from "./scenarios/hybrid-swarm.ts";
import { kill } from "./scenarios/kill.ts";
import { liar } from "./scenarios/liar.ts";
import { lossyLinks } from "./scenarios/lossy-links.ts";
import { poisonedMagnet } from "./scenarios/poisoned-magnet.ts";
import { queue } from "./scenarios/queue.ts";
import { simultaneousConnect } from "./scenarios/simultaneous-connect.ts";
import { slowLastPeer } from "./scenarios/slow-last-peer.ts";
import { speedLimits } from "./scenarios/speed-limits.ts";
import { WHY_SCENARIOS } from "./scenarios/why/index.ts";
import { trackerTiers } from "./scenarios/tracker-tiers.ts";

/** All scenarios, in the order in which they are listed and told. */
export const SCENARIOS: readonly Scenario[] = [
  fluidBoundScenario,
  slowLastPeer,
  diskFull,
  liar,
  chokeStorm,
  hybridSwarm,
  flashCrowd,
  clockJumps,
  hostilePeers,
  simultaneousConnect,
  trackerTiers,
  kill,
  dormant,
  diskDisorder,
  lossyLinks,
  poisonedMagnet,
  ...WHY_SCENARIOS,
  speedLimits,
  queue,
];
