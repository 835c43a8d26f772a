import type { Log } from "../ports/log.ts";

/** From the most to the least talkative; "silent" logs nothing. */
const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** One JSON object a line, or text for people. */
  readonly format: "json" | "plain";
  /** Takes whole lines; stderr unless given. */
  readonly write?: (line: string) => void;
}

const nothing = (): void => {};

/** Writes what is at or above the level; calls below it do nothing. */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const threshold = LOG_LEVELS.indexOf(options.level);
  const format = options.format === "json" ? jsonLine : plainLine;
  const at = (level: LogLevel): Log["info"] => {
    if (LOG_LEVELS.indexOf(level) < threshold) return nothing;
    return (message, fields) => write(format(level, message, fields));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function jsonLine(level: LogLevel, message: string, fields?: Record<string, unknown>): string {
  return `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, encodable)}\n`;
}

function plainLine(level: LogLevel, message: string, fields: Record<string, unknown> = {}): string {
  const parts = Object.entries(fields).map(([name, value]) => {
    return ` ${name}=${typeof value === "string" ? JSON.stringify(value) : JSON.stringify(value, encodable)}`;
  });
  return `${level}: ${message}${parts.join("")}\n`;
}

/** What JSON has no form for: errors (whose fields are hidden), big integers, bytes. */
function encodable(_name: string, value: unknown): unknown {
  if (value instanceof Error) return Object.assign({}, value, { name: value.name, message: value.message });
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value;
}
