import type { Torrent, TorrentChanges } from "@shoal/schema";
import { parseDuration, parseRate } from "@shoal/schema/settings";

import { usageError } from "../../../errors.ts";
import { clean } from "../../../ui/clean.ts";

type Goal = "ratio" | "timeMs" | "idleMs";
/** A goal that is to be what labels and settings say. */
const INHERITED = "inherited";

interface Wanted {
  readonly plain: { sequential?: boolean; firstLast?: boolean; forced?: boolean };
  readonly goals: Map<Goal, number | null | typeof INHERITED>;
  readonly limits: { down?: number | null; up?: number | null };
}

type Setter = (wanted: Wanted, value: string) => void;

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ["sequential", ({ plain }, value) => void (plain.sequential = onOff(value))],
  ["first-last", ({ plain }, value) => void (plain.firstLast = onOff(value))],
  ["force", ({ plain }, value) => void (plain.forced = onOff(value))],
  ["ratio", ({ goals }, value) => void goals.set("ratio", goal(value, parseRatio, "a number such as 2"))],
  ["time", ({ goals }, value) => void goals.set("timeMs", goal(value, parseDuration, "a time such as 24h"))],
  ["idle", ({ goals }, value) => void goals.set("idleMs", goal(value, parseDuration, "a time such as 30m"))],
  ["down", ({ limits }, value) => void (limits.down = rate(value))],
  ["up", ({ limits }, value) => void (limits.up = rate(value))],
]);

/** What "ratio=2 sequential=on" changes of a transfer that is as it is. Throws ERR_USAGE. */
export function parseChanges(words: readonly string[]): (torrent: Pick<Torrent, "goals">) => TorrentChanges {
  const wanted: Wanted = { plain: {}, goals: new Map(), limits: {} };
  for (const word of words) {
    const at = word.indexOf("=");
    const set = SETTERS.get(word.slice(0, Math.max(0, at)));
    if (set === undefined)
      throw usageError(
        `"${clean(word)}" can't be set`,
        `Write KEY=VALUE; the keys are ${[...SETTERS.keys()].join(", ")}.`,
      );
    try {
      set(wanted, word.slice(at + 1));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw usageError(`"${clean(word)}" can't be set: ${error.message}`, "");
    }
  }
  return ({ goals }) => {
    const { plain, limits } = wanted;
    const merged = Object.entries<unknown>({ ...goals, ...Object.fromEntries(wanted.goals) });
    return {
      ...plain,
      ...(wanted.goals.size === 0
        ? {}
        : { goals: Object.fromEntries(merged.filter(([, value]) => value !== INHERITED)) }),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
    };
  };
}

function onOff(value: string): boolean {
  if (value === "on" || value === "yes" || value === "true") return true;
  if (value === "off" || value === "no" || value === "false") return false;
  throw new RangeError("write on or off");
}

function goal(
  value: string,
  parse: (value: string) => number | null,
  what: string,
): number | null | typeof INHERITED {
  if (value === "never") return null;
  if (value === "default") return INHERITED;
  const number = parse(value);
  if (number === null) throw new RangeError(`write ${what}, never, or default`);
  return number;
}

function parseRatio(value: string): number | null {
  return /^\d{1,6}(\.\d{1,3})?$/.test(value) ? Number(value) : null;
}

function rate(value: string): number | null {
  if (value === "off" || value === "0") return null;
  const bytes = parseRate(value);
  if (bytes === null || bytes < 1) throw new RangeError("write bytes per second, such as 500k or 1M, or off");
  return bytes;
}
