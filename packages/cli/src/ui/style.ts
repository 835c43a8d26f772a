import { styleText } from "node:util";

/** Ways to paint text; each returns it unchanged when colour is off. */
export interface Style {
  readonly enabled: boolean;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly accent: (text: string) => string;
}

export type ColorMode = "auto" | "always" | "never";

/** Node 20's types lack the third parameter; without it newer versions look at process.stdout instead of our decision. */
const paint = styleText as (
  format: Parameters<typeof styleText>[0],
  text: string,
  options: { validateStream: boolean },
) => string;

/** Colour on a terminal, unless NO_COLOR is set to anything or TERM is "dumb"; --color wins over all. */
export function wantsColor(
  mode: ColorMode,
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (mode !== "auto") return mode === "always";
  return isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

export function createStyle(enabled: boolean): Style {
  const painter =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      enabled && text !== "" ? paint(format, text, { validateStream: false }) : text;
  return {
    enabled,
    bold: painter("bold"),
    dim: painter("dim"),
    good: painter("green"),
    warn: painter("yellow"),
    bad: painter("red"),
    accent: painter("cyan"),
  };
}
