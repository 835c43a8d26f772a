import { cell } from "./table-cell.ts";

/** Codes of ShoalError with their meaning, as the engine's `ERROR_TABLE`. */
export type ErrorTable = Readonly<Record<string, string>>;

/** Exit codes of the command line by name, as the CLI's `EXIT_CODES`. */
export type ExitCodeTable = Readonly<Record<string, { code: number; meaning: string; fix: string }>>;

const HEAD = `# Errors

<!-- Written by \`npm run docs\` from the tables in the source; a test compares. Edit the tables, not this file. -->

Every error that Shoal raises on purpose carries a code. Programs branch on the code; the message is for people, names
the thing at fault, and may change between versions.
`;

const EXIT_HEAD = `
## Exit codes of the command line

| code | name | meaning | what to do |
| ---: | --- | --- | --- |
`;

/** The text of docs/errors.md. The second part is left out while there is no command line to describe. */
export function renderErrors(errors: ErrorTable, exitCodes: ExitCodeTable | null): string {
  const rows = Object.entries(errors).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |\n`);
  const text = `${HEAD}\n## Error codes\n\n| code | meaning |\n| --- | --- |\n${rows.join("")}`;
  if (exitCodes === null) return text;
  const exits = Object.entries(exitCodes)
    .sort(([, a], [, b]) => a.code - b.code)
    .map(([name, exit]) => `| ${exit.code} | \`${name}\` | ${cell(exit.meaning)} | ${cell(exit.fix)} |\n`);
  return text + EXIT_HEAD + exits.join("");
}
