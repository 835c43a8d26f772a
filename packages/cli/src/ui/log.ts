import type { Log } from "../engine.ts";
import { cleanShort, safeJson } from "./clean.ts";
import type { Output } from "./output.ts";

/** The engine's log on stderr, for -vv: level, message and fields on one line. */
export function logTo(output: Output): Log {
  const write =
    (level: string) =>
    (message: string, fields?: Record<string, unknown>): void => {
      const shown = fields === undefined ? "" : ` ${cleanShort(safeJson(fields), 500)}`;
      output.detail(`${level} ${cleanShort(message)}${shown}`);
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
