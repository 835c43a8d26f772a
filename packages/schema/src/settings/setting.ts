/** What a setting is made of: how it is written, and which values can be. */
export type SettingKind =
  | "flag"
  | "count"
  | "number"
  | "port"
  | "size"
  | "rate"
  | "duration"
  | "text"
  | "ports"
  | "path"
  | "choice"
  | "list"
  | "paths"
  | "schedule"
  | "command";

/** A value as programs see it: sizes in bytes, rates in bytes per second, durations in milliseconds. */
export type SettingValue = boolean | number | string | readonly string[] | null;

/** One thing that a user may set. */
export interface Setting<T extends SettingValue = SettingValue> {
  readonly kind: SettingKind;
  /** One sentence without its full stop. */
  readonly about: string;
  /** A path may begin with "~". */
  readonly default: T;
  /** null turns it off. */
  readonly nullable: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Running programs follow a change at once; else the next start does. */
  readonly live: boolean;
  /** It names programs to run: only who can write the configuration file may set it. */
  readonly fileOnly: boolean;
}

interface More {
  readonly live?: boolean;
  readonly min?: number;
  readonly max?: number;
}

function setting<T extends SettingValue>(
  kind: SettingKind,
  fallback: SettingValue,
  about: string,
  more: Partial<Setting> = {},
): Setting<T> {
  const common = { live: true, fileOnly: false, nullable: false };
  return { ...common, ...more, kind, about, default: fallback as T };
}

export function flag(fallback: boolean, about: string, more: More = {}): Setting<boolean> {
  return setting("flag", fallback, about, more);
}

export function count(fallback: number, about: string, more: More = {}): Setting<number> {
  return setting("count", fallback, about, { min: 1, max: 1_000_000_000, ...more });
}

/** A port; 0 lets the system choose. */
export function port(fallback: number, about: string, more: More = {}): Setting<number> {
  return setting("port", fallback, about, { min: 0, max: 65_535, ...more });
}

/** Bytes. */
export function size(fallback: number, about: string, more: More = {}): Setting<number> {
  return setting("size", fallback, about, { min: 0, ...more });
}

/** What may be turned off: null. */
export function optional(
  kind: "count" | "number" | "port" | "size" | "rate" | "duration",
  fallback: number | null,
  about: string,
  more: More = {},
): Setting<number | null> {
  const max = kind === "port" ? 65_535 : Number.MAX_SAFE_INTEGER;
  return setting(kind, fallback, about, { min: 0, max, ...more, nullable: true });
}

export function text(fallback: string, about: string, more: More = {}): Setting<string> {
  return setting("text", fallback, about, more);
}

export function optionalText(about: string, more: More = {}): Setting<string | null> {
  return setting("text", null, about, { ...more, nullable: true });
}

/** "41873" or "41873-41972". */
export function ports(fallback: string, about: string): Setting<string> {
  return setting("ports", fallback, about, { live: false });
}

export function path(fallback: string, about: string, more: More = {}): Setting<string> {
  return setting("path", fallback, about, more);
}

export function optionalPath(about: string, more: More = {}): Setting<string | null> {
  return setting("path", null, about, { ...more, nullable: true });
}

export function choice<const C extends readonly string[]>(
  choices: C,
  fallback: C[number],
  about: string,
  more: More = {},
): Setting<C[number]> {
  return setting("choice", fallback, about, { ...more, choices });
}

export function list(about: string, more: More = {}): Setting<readonly string[]> {
  return setting("list", [], about, more);
}

export function paths(about: string, more: More = {}): Setting<readonly string[]> {
  return setting("paths", [], about, more);
}

/** Times of the week, such as "Mon-Fri 09:00-17:00". */
export function schedule(about: string): Setting<readonly string[]> {
  return setting("schedule", [], about);
}

/** A program and its arguments, which no shell sees. */
export function command(about: string): Setting<readonly string[] | null> {
  return setting("command", null, about, { nullable: true, fileOnly: true });
}
