import type { Command } from "../commands/command.ts";
import { GLOBAL_OPTIONS, type OptionSpecs } from "../commands/option.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { ENVIRONMENT } from "./environment.ts";
import { escape, item, literal, paragraph, section, subsection, title } from "./roff.ts";

/** shoal.1, in roff. */
export function programPage(table: readonly Command[], version: string): string {
  const lines = [
    ...title("shoal", 1, version),
    section("name"),
    "shoal \\- move files directly between people's computers",
    section("synopsis"),
    ".B shoal",
    "[flags] command [arguments] [flags]",
    section("description"),
    "Shoal shares files and folders, and fetches what others share, without a server in the middle: it is a BitTorrent program, and every other one",
    "in the world can take part. Transfers go on in the background;",
    ".B shoal daemon",
    "says how.",
    section("commands"),
    ...table.filter(({ hidden }) => hidden !== true).flatMap(commandLines),
    section("flags of every command"),
    ...optionLines(GLOBAL_OPTIONS),
    ...item("-h, --help", "What a command takes."),
    ...item("-V, --version", "The version."),
    section("exit status"),
    ...Object.values(EXIT_CODES).flatMap(({ code, meaning, fix }) => item(String(code), `${meaning}.`, fix)),
    section("environment"),
    ...ENVIRONMENT.flatMap(([name, about]) => item(name, `${about}.`)),
    ...paragraph("Each setting has a variable, too: SHOAL_LIMITS_DOWN for limits.down; see shoal-config(5)."),
    section("files"),
    ...item("~/.config/shoal/config.json", "Settings; see shoal-config(5)."),
    ...item("~/.local/state/shoal", "What shoal remembers: transfers, history, its key, its log."),
    section("see also"),
    "shoal\\-config(5)",
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(command: Command): string[] {
  const words = command.arguments.map(({ name, optional, many }) => {
    const word = `${name.toUpperCase()}${many === true ? "..." : ""}`;
    return optional === true ? `[${word}]` : word;
  });
  const examples = command.examples.flatMap(({ line, about }) => [
    ...literal([line]),
    ...paragraph(`${about}.`),
  ]);
  return [
    subsection(["shoal", command.name, ...words].join(" ")),
    `${escape(capital(command.summary))}.`,
    ...command.about.flatMap(paragraph),
    ...command.arguments.flatMap(({ name, description }) =>
      item(name.toUpperCase(), `${capital(description)}.`),
    ),
    ...optionLines(command.options),
    ".PP",
    command.examples.length === 1 ? "Example:" : "Examples:",
    ...examples,
  ];
}

function optionLines(options: OptionSpecs): string[] {
  return Object.values(options)
    .filter(({ hidden }) => !hidden)
    .flatMap(({ flags, description }) => item(flags, `${capital(description)}.`));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
