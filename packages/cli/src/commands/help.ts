import { EXIT_CODES } from "../exit-codes.ts";
import type { Style } from "../ui/style.ts";
import { columnsOf, renderTable, wrap } from "../ui/table.ts";
import type { Command } from "./command.ts";
import { GLOBAL_OPTIONS } from "./option.ts";
import type { OptionSpecs } from "./option.ts";

/** Fits the terminals that people have. */
const WIDTH = 80;
const TWO_COLUMNS = columnsOf("", "");

/** Nouns of the table with what they are about. */
export const NOUNS: Readonly<Record<string, string>> = {
  torrent: "everything that is done to one transfer, and to .torrent files",
  label: "labels with folders and goals",
  limit: "speed limits, slow mode and its hours",
  log: "what was moved, and what happened",
  watchdir: "folders in which .torrent files are waited for",
  daemon: "shoal in the background",
  config: "settings",
  profile: "several nodes on one computer",
  token: "passwords for programs that drive shoal",
};

/** Help for shoal, for a noun ("torrent") or for a command ("torrent create"); null when there is no such topic. */
export function helpPage(topic: string, table: readonly Command[], style: Style): string[] | null {
  if (topic === "") return overview(table, style);
  const command = table.find(({ name }) => name === topic);
  if (command !== undefined) return commandPage(command, style);
  const below = table.filter(({ name }) => name.startsWith(`${topic} `));
  if (below.length === 0) return null;
  return [
    `${style.bold(`shoal ${topic}`)}: ${NOUNS[topic] ?? ""}`,
    "",
    ...summaries(below, style),
    "",
    `More about one: shoal help ${below[0]?.name ?? topic}`,
  ];
}

function overview(table: readonly Command[], style: Style): string[] {
  return [
    `${style.bold("Usage")}  shoal <command> [flags]`,
    "       shoal LINK   the same as shoal get LINK",
    "",
    style.bold("Commands"),
    ...summaries(
      table.filter(({ name }) => !name.includes(" ")),
      style,
    ),
    "",
    style.bold("More, by subject"),
    ...nounRows(table),
    "",
    "What one of them takes: shoal help torrent, shoal help torrent files",
    "",
    style.bold("Flags of every command"),
    ...optionRows(GLOBAL_OPTIONS, true),
    "",
    style.bold("Exit codes"),
    ...exitRows(Object.values(EXIT_CODES)),
  ];
}

/** Each noun in a line, or more, with the verbs that it has. */
function nounRows(table: readonly Command[]): string[] {
  const nouns = new Map<string, string[]>();
  for (const { name } of table) {
    const [noun = "", verb] = name.split(" ");
    if (verb !== undefined) nouns.set(noun, [...(nouns.get(noun) ?? []), verb]);
  }
  return explained(
    [...nouns].map(([noun, verbs]) => [`  ${noun}`, `${NOUNS[noun] ?? ""}: ${verbs.join(", ")}`]),
  );
}

function summaries(commands: readonly Command[], style: Style): string[] {
  return renderTable(
    TWO_COLUMNS,
    commands
      .filter(({ hidden }) => hidden !== true)
      .map(({ name, summary }) => [`  ${style.accent(name)}`, summary]),
  );
}

function commandPage(command: Command, style: Style): string[] {
  const { bold, dim } = style;
  const usage = [`shoal ${command.name}`, ...command.arguments.map(argumentUsage)];
  if (Object.keys(command.options).length > 0) usage.push("[flags]");
  const lines = [
    `${bold(`shoal ${command.name}`)}: ${command.summary}`,
    "",
    `${bold("Usage")}  ${usage.join(" ")}`,
    "",
  ];
  if (command.arguments.length > 0) {
    lines.push(
      ...renderTable(
        TWO_COLUMNS,
        command.arguments.map(({ name, description }) => [`  ${name.toUpperCase()}`, description]),
      ),
      "",
    );
  }
  for (const paragraph of command.about) lines.push(...wrap(paragraph, WIDTH), "");
  if (Object.keys(command.options).length > 0)
    lines.push(bold("Flags"), ...optionRows(command.options, false), "");
  lines.push(bold("Flags of every command"), ...optionRows(GLOBAL_OPTIONS, true), "");
  lines.push(bold(command.examples.length === 1 ? "Example" : "Examples"));
  for (const { line, about } of command.examples) lines.push(`  ${line}`, `      ${dim(about)}`);
  const exits = ["ok", ...command.exits, "usage"] as const;
  const codes = [...new Set(exits)].map((name) => EXIT_CODES[name]).toSorted((a, b) => a.code - b.code);
  lines.push("", bold("Exit codes"), ...exitRows(codes));
  return lines;
}

function exitRows(codes: readonly { readonly code: number; readonly meaning: string }[]): string[] {
  return explained(codes.map(({ code, meaning }) => [`  ${String(code).padStart(3)}`, meaning]));
}

function argumentUsage({ name, optional, many }: Command["arguments"][number]): string {
  const word = `${name.toUpperCase()}${many === true ? "…" : ""}`;
  return optional === true ? `[${word}]` : word;
}

function optionRows(options: OptionSpecs, withHelp: boolean): string[] {
  const rows = Object.values(options)
    .filter((spec) => !spec.hidden)
    .map((spec) => [spec.flags, spec.description] as const);
  if (withHelp) rows.push(["-h, --help", "this page"], ["-V, --version", "the version"]);
  // Long flags without a short one stand under each other.
  const shown = rows.map(
    ([flags, about]) => [`  ${flags.startsWith("--") ? "    " : ""}${flags}`, about] as const,
  );
  return explained(shown);
}

/** What is explained, and beside it the explanation in as many lines as it takes. */
function explained(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.max(...rows.map(([what]) => what.length));
  return renderTable(
    TWO_COLUMNS,
    rows.flatMap(([what, about]) =>
      wrap(about, WIDTH - left - 2).map((line, at) => [at === 0 ? what : "", line]),
    ),
  );
}
