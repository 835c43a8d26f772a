import { usageError } from "../../errors.ts";
import { followLines, lastLines } from "../../daemon/log-reader.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { shownPath } from "../../paths.ts";
import { profileOf } from "../../profile.ts";
import { clean, cleanShort, safeJson } from "../../ui/clean.ts";
import type { Invocation } from "../command.ts";
import type { LogsOptions } from "./declarations.ts";

const USUAL_LINES = 50;
const LEVELS: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };

/** `shoal daemon logs`: of one that has ended, too. */
export async function runLogs({ context, output, options }: Invocation<LogsOptions>): Promise<number> {
  if ((context.env["SHOAL_DAEMON"] ?? "") !== "")
    throw usageError("The log of a daemon is read where it runs", "Leave --daemon out.");
  const { logFile } = await profileOf(context, null);
  const tell = (line: string): void => {
    const entry = parse(line);
    output.event("log", entry);
    if (!output.json) output.data(shownLine(entry));
  };
  const lines = await lastLines(logFile, options.lines ?? USUAL_LINES);
  for (const line of lines) tell(line);
  if (lines.length === 0 && !options.follow) output.note(`Nothing is in ${shownPath(context, logFile)} yet.`);
  if (options.follow) await followLines(logFile, context.signal, tell);
  return EXIT_CODES.ok.code;
}

function parse(line: string): Record<string, unknown> {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === "object" && entry !== null) {
      const { level, time, msg, pid, ...fields } = entry as Record<string, unknown>;
      return { at: time ?? null, level: LEVELS[Number(level)] ?? "info", message: msg ?? "", pid, ...fields };
    }
  } catch {
    // Cut off by an end.
  }
  return { at: null, level: "info", message: line };
}

function shownLine({ at, level, message, pid: _pid, ...fields }: Record<string, unknown>): string {
  const rest = Object.keys(fields).length === 0 ? "" : `  ${cleanShort(safeJson(fields), 500)}`;
  const time = typeof at === "string" ? clean(at) : "";
  return `${time}  ${String(level).padEnd(5)}  ${cleanShort(String(message), 500)}${rest}`;
}
