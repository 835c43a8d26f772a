import type { Goals } from "@shoal/schema";
import { resolveGoals } from "../goals/goal-policy.ts";
import type { ShoalNode } from "../shoal-node.ts";
import type { RemoteMemory } from "../remote-memory.ts";
import type { Transfer } from "../transfer.ts";
import type { ArgumentReader } from "./arguments.ts";
import { whole } from "./values.ts";

/** Transmission's modes: as the session says, as the torrent says, never. */
const GLOBAL = 0;
const OWN = 1;
const NEVER = 2;
const MINUTE = 60_000;
/** What is shown where the torrent has none of its own. */
const DEFAULT_RATIO = 2;
const DEFAULT_MINUTES = 30;
const MOST_MINUTES = 65_535;

/** `whenOff` is shown where the torrent has none. */
export function goalFields(
  { ratio, idleMs }: Goals,
  whenOff: RemoteMemory,
): Record<"seedRatioLimit" | "seedRatioMode" | "seedIdleLimit" | "seedIdleMode", number> {
  const idle = idleMs ?? whenOff.idleMs;
  return {
    seedRatioMode: modeOf(ratio),
    seedRatioLimit: ratio ?? whenOff.ratio ?? DEFAULT_RATIO,
    seedIdleMode: modeOf(idleMs),
    seedIdleLimit: idle === undefined ? DEFAULT_MINUTES : whole(idle / MINUTE),
  };
}

/** The goals that hold for a transfer, of its own, its labels and the settings. */
export function effectiveGoals(
  { labels, settings }: ShoalNode,
  { record }: Transfer,
): { readonly ratio: number | null; readonly idleMs: number | null } {
  const common = {
    ratio: settings.get("sharing.ratio"),
    timeMs: settings.get("sharing.time"),
    idleMs: settings.get("sharing.idleTime"),
  };
  const named = labels.namedBy(record.labels);
  const { ratio, idle } = resolveGoals(record.goals, named, record.seedOnly ? null : common);
  return { ratio: ratio?.limit ?? null, idleMs: idle?.limit ?? null };
}

/** The goals as the arguments change them, and what is to be remembered; null when they say nothing of them. A limit alone switches nothing on. */
export function readGoals(
  args: ArgumentReader,
  before: Goals,
  whenOff: RemoteMemory,
): { readonly goals: Goals; readonly memory: RemoteMemory } | null {
  const ratio = args.number("seedRatioLimit", 0, 1_000_000);
  const ratioMode = args.whole("seedRatioMode", GLOBAL, NEVER);
  const minutes = args.whole("seedIdleLimit", 0, MOST_MINUTES);
  const idleMode = args.whole("seedIdleMode", GLOBAL, NEVER);
  if ([ratio, ratioMode, minutes, idleMode].every((value) => value === undefined)) return null;
  const { ratio: oldRatio, idleMs: oldIdle, ...others } = before;
  const idleMs = minutes === undefined ? undefined : minutes * MINUTE;
  const ratioLimit = ratio ?? oldRatio ?? whenOff.ratio;
  const idleLimit = idleMs ?? oldIdle ?? whenOff.idleMs;
  const newRatio = changed(oldRatio, ratioLimit ?? DEFAULT_RATIO, ratioMode);
  const newIdle = changed(oldIdle, idleLimit ?? DEFAULT_MINUTES * MINUTE, idleMode);
  return {
    goals: {
      ...others,
      ...(newRatio === undefined ? {} : { ratio: newRatio }),
      ...(newIdle === undefined ? {} : { idleMs: newIdle }),
    },
    memory: {
      ...(ratioLimit === undefined ? {} : { ratio: ratioLimit }),
      ...(idleLimit === undefined ? {} : { idleMs: idleLimit }),
    },
  };
}

function modeOf(goal: number | null | undefined): number {
  return goal === undefined ? GLOBAL : goal === null ? NEVER : OWN;
}

function changed(
  before: number | null | undefined,
  limit: number,
  mode: number | undefined,
): number | null | undefined {
  switch (mode ?? modeOf(before)) {
    case GLOBAL:
      return undefined;
    case NEVER:
      return null;
    default:
      return limit;
  }
}
