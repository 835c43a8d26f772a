import type { Goals } from "@shoal/schema";
import { resolveGoals } from "../goals/goal-policy.ts";
import type { ShoalNode } from "../shoal-node.ts";
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

export function goalFields({
  ratio,
  idleMs,
}: Goals): Record<"seedRatioLimit" | "seedRatioMode" | "seedIdleLimit" | "seedIdleMode", number> {
  return {
    seedRatioMode: modeOf(ratio),
    seedRatioLimit: ratio ?? DEFAULT_RATIO,
    seedIdleMode: modeOf(idleMs),
    seedIdleLimit: idleMs === undefined || idleMs === null ? DEFAULT_MINUTES : whole(idleMs / MINUTE),
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

/** The goals as the arguments change them; undefined when they say nothing of them. A limit without a mode holds for this torrent. */
export function readGoals(args: ArgumentReader, before: Goals): Goals | undefined {
  const ratio = args.number("seedRatioLimit", 0, 1_000_000);
  const ratioMode = args.whole("seedRatioMode", GLOBAL, NEVER);
  const minutes = args.whole("seedIdleLimit", 0, MOST_MINUTES);
  const idleMode = args.whole("seedIdleMode", GLOBAL, NEVER);
  if ([ratio, ratioMode, minutes, idleMode].every((value) => value === undefined)) return undefined;
  const { ratio: oldRatio, idleMs: oldIdle, ...others } = before;
  const idleMs = minutes === undefined ? undefined : minutes * MINUTE;
  const newRatio = changed(oldRatio, ratio, ratioMode, DEFAULT_RATIO);
  const newIdle = changed(oldIdle, idleMs, idleMode, DEFAULT_MINUTES * MINUTE);
  return {
    ...others,
    ...(newRatio === undefined ? {} : { ratio: newRatio }),
    ...(newIdle === undefined ? {} : { idleMs: newIdle }),
  };
}

function modeOf(goal: number | null | undefined): number {
  return goal === undefined ? GLOBAL : goal === null ? NEVER : OWN;
}

function changed(
  before: number | null | undefined,
  limit: number | undefined,
  mode: number | undefined,
  otherwise: number,
): number | null | undefined {
  if (mode === GLOBAL) return undefined;
  if (mode === NEVER) return null;
  if (mode === undefined && limit === undefined) return before;
  return limit ?? before ?? otherwise;
}
