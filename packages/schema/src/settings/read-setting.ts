import { parseDuration, parseRate, parseSize } from "./quantities.ts";
import { parseWeekSpan } from "./week-schedule.ts";
import type { Setting, SettingKind, SettingValue } from "./setting.ts";

/** How a value is to be written, for who wrote it otherwise. */
const FORMS: Readonly<Record<SettingKind, string>> = {
  flag: "write it as true or false",
  count: "write it as a whole number",
  number: "write it as a number",
  port: "write it as a port, up to 65535",
  size: "write it as 500M, 1.5GB or in bytes",
  rate: "write it as 500k, 2M or in bytes per second",
  duration: "write it as 30s, 5m, 2h or 7d",
  text: "write it as a text",
  ports: "write it as 41873, or as a range such as 41873-41972",
  path: "write it as an absolute path, or one that begins with ~/",
  choice: "choose one of its words",
  list: "write it as a list of texts",
  paths: "write it as a list of absolute paths",
  schedule: "write it as a list such as Mon-Fri 09:00-17:00",
  command: "write it as a list: the program, then its arguments",
};

const MAX_TEXT = 8_192;
const MAX_ITEMS = 1_000;

/** A value as a person or a program wrote it, in the one form that programs use. Throws an Error that says how to write it. */
export function readSetting(setting: Setting, written: unknown): SettingValue {
  if (setting.nullable && (written === null || isOff(written))) return null;
  const { kind, choices } = setting;
  const refuse = (why = choices === undefined ? FORMS[kind] : `choose from ${choices.join(", ")}`): never => {
    throw new Error(setting.nullable ? `${why}, or as off` : why);
  };
  switch (kind) {
    case "flag":
      return readFlag(written) ?? refuse();
    case "count":
    case "port":
    case "number":
    case "size":
    case "rate":
    case "duration": {
      const value = readNumber(kind, written);
      if (value === null || (kind !== "number" && !Number.isSafeInteger(value))) return refuse();
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = setting;
      if (value < min) return refuse(`it must be at least ${min}`);
      return value > max ? refuse(`it must be at most ${max}`) : value;
    }
    case "choice":
      return typeof written === "string" && choices!.includes(written) ? written : refuse();
    case "text":
      return isText(written) ? written : refuse();
    case "ports":
      return readPorts(written) ?? refuse();
    case "path":
      return isText(written) && isPath(written) ? written : refuse();
    case "schedule": {
      const spans = readList(written) ?? refuse();
      for (const span of spans) parseWeekSpan(span);
      return spans;
    }
    case "list":
    case "command":
      return readList(written) ?? refuse();
    case "paths": {
      const items = readList(written) ?? refuse();
      return items.every(isPath) ? items : refuse();
    }
  }
}

/** Of what a person writes on a command line: JSON where it is some, else the text itself. A list may be written with commas. */
export function parseSetting(setting: Setting, text: string): SettingValue {
  const { kind } = setting;
  if (kind !== "list" && kind !== "paths" && kind !== "schedule" && kind !== "command")
    return readSetting(setting, text);
  if (text.trimStart().startsWith("[")) {
    try {
      return readSetting(setting, JSON.parse(text));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const items = text.split(",").map((item) => item.trim());
  const isOne = setting.nullable && isOff(text);
  return readSetting(setting, isOne ? text : items.filter((item) => item !== ""));
}

function isOff(written: unknown): boolean {
  return written === "off" || written === "none" || written === false;
}

function isText(written: unknown): written is string {
  return (
    typeof written === "string" && written !== "" && written.length <= MAX_TEXT && !written.includes("\0")
  );
}

/** On any system: "/a", "~/a", "C:\a". */
function isPath(written: string): boolean {
  return /^(?:\/|~$|~[/\\]|[A-Za-z]:[/\\]|\\\\)/.test(written);
}

function readFlag(written: unknown): boolean | null {
  if (typeof written === "boolean") return written;
  if (written === "true" || written === "on" || written === "yes") return true;
  return written === "false" || written === "off" || written === "no" ? false : null;
}

function readNumber(kind: SettingKind, written: unknown): number | null {
  if (typeof written === "number") return Number.isFinite(written) ? written : null;
  if (typeof written !== "string") return null;
  if (kind === "size") return parseSize(written);
  if (kind === "rate") return parseRate(written);
  if (kind === "duration") return parseDuration(written);
  return /^\d{1,15}(?:\.\d{1,6})?$/.test(written) ? Number(written) : null;
}

function readPorts(written: unknown): string | null {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(
    typeof written === "number" ? String(written) : isText(written) ? written : "",
  );
  if (match === null) return null;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return last <= 65_535 && first <= last && (first > 0 || last === 0) ? match[0] : null;
}

function readList(written: unknown): readonly string[] | null {
  if (!Array.isArray(written) || written.length > MAX_ITEMS || !written.every(isText)) return null;
  return written;
}
