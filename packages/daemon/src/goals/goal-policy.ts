import type { GoalName, Goals } from "@shoal/schema";

/** Where a goal comes from, for people: its transfer, a label, the settings. */
export type GoalSource = "own" | "settings" | { readonly label: string };

/** Goals as they hold for one transfer; null means never. */
export interface Resolved<T> {
  readonly ratio: T;
  readonly time: T;
  readonly idle: T;
}

export interface Goal {
  /** A ratio, or milliseconds. */
  readonly limit: number;
  readonly source: GoalSource;
}

/** What is known of how far a transfer was shared. Milliseconds. */
export interface SharingFacts {
  /** Null while there is nothing to compare with. */
  readonly ratio: number | null;
  readonly sharingMs: number;
  readonly idleMs: number;
}

const FIELDS = { ratio: "ratio", time: "timeMs", idle: "idleMs" } as const;
const NAMES: readonly GoalName[] = ["ratio", "time", "idle"];

/**
 * The most specific word counts, for each goal by itself: the transfer's own, then that of the first of its labels that has one, then the settings,
 * which say nothing of what somebody shares of their own: null for those.
 */
export function resolveGoals(
  own: Goals,
  labels: readonly { readonly name: string; readonly goals: Goals }[],
  settings: Required<Goals> | null,
): Resolved<Goal | null> {
  const resolve = (name: GoalName): Goal | null => {
    const field = FIELDS[name];
    const mine = own[field];
    if (mine !== undefined) return goal(mine, "own");
    const label = labels.find(({ goals }) => goals[field] !== undefined);
    if (label !== undefined) return goal(label.goals[field] ?? null, { label: label.name });
    return goal(settings?.[field] ?? null, "settings");
  };
  return { ratio: resolve("ratio"), time: resolve("time"), idle: resolve("idle") };
}

function goal(limit: number | null, source: GoalSource): Goal | null {
  return limit === null ? null : { limit, source };
}

/** The first goal that is reached; null while it is to be shared further. */
export function reachedGoal(
  { ratio, sharingMs, idleMs }: SharingFacts,
  goals: Resolved<Goal | null>,
): GoalName | null {
  const values = { ratio: ratio ?? 0, time: sharingMs, idle: idleMs };
  return NAMES.find((name) => goals[name] !== null && values[name] >= goals[name].limit) ?? null;
}

/** In so many milliseconds a goal may be reached though nothing is given; Infinity when that can't be. */
export function nextLook({ sharingMs, idleMs }: SharingFacts, { time, idle }: Resolved<Goal | null>): number {
  return Math.min(
    time === null ? Infinity : time.limit - sharingMs,
    idle === null ? Infinity : idle.limit - idleMs,
  );
}

/** "ratio 2 is reached", "shared for 24 h, as the label films says". */
export function explainGoal(name: GoalName, { limit, source }: Goal): string {
  if (name === "ratio" && limit === 0) return "it was only to be fetched";
  const what =
    name === "ratio"
      ? `ratio ${limit} is reached`
      : name === "time"
        ? `shared for ${durationOf(limit)}`
        : `nobody wanted it for ${durationOf(limit)}`;
  if (source === "settings") return what;
  return source === "own" ? `${what}, its own goal` : `${what}, the goal of the label ${source.label}`;
}

function durationOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1_000)} s`;
  if (minutes < 60 || minutes % 60 !== 0) return `${minutes} min`;
  const hours = minutes / 60;
  return hours > 48 && hours % 24 === 0 ? `${hours / 24} days` : `${hours} h`;
}
