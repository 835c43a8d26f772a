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

const CODES_HEAD = `
## Error codes

HTTP is the status of an answer of the API with that code (some answers have a nearer one), command the exit code of a command that ends with it.

| code | meaning | HTTP | command |
| --- | --- | ---: | ---: |
`;

const EXIT_HEAD = `
## Exit codes of the command line

| code | name | meaning | what to do |
| ---: | --- | --- | --- |
`;

/** Error codes besides the engine's. */
export interface OtherErrors {
  /** What the API answers with, as the schema's `API_ERROR_TABLE`; a code of the engine has no meaning of its own. */
  readonly api: Readonly<Record<string, { readonly status: number; readonly meaning?: string }>>;
  /** As the CLI's `CLI_ERROR_TABLE`. */
  readonly cli: ErrorTable;
  /** Which exit each code leads to, as the CLI's `ERROR_EXITS`. */
  readonly exits: Readonly<Record<string, string>>;
}

/** The text of docs/errors.md. The exit codes are left out while there is no command line to describe. */
export function renderErrors(
  errors: ErrorTable,
  exitCodes: ExitCodeTable | null,
  { api, cli, exits }: OtherErrors = { api: {}, cli: {}, exits: {} },
): string {
  const meanings: Record<string, string> = { ...errors };
  for (const [code, { meaning }] of Object.entries(api)) meanings[code] ??= meaning ?? "";
  for (const [code, meaning] of Object.entries(cli)) meanings[code] ??= meaning;
  const rows = Object.entries(meanings).map(([code, meaning]) => {
    const exit = exitCodes?.[exits[code] ?? ""]?.code ?? "";
    return `| \`${code}\` | ${cell(meaning)} | ${api[code]?.status ?? ""} | ${exit} |\n`;
  });
  const text = `${HEAD}${CODES_HEAD}${rows.join("")}`;
  if (exitCodes === null) return text;
  const ends = Object.entries(exitCodes)
    .sort(([, a], [, b]) => a.code - b.code)
    .map(([name, exit]) => `| ${exit.code} | \`${name}\` | ${cell(exit.meaning)} | ${cell(exit.fix)} |\n`);
  return text + EXIT_HEAD + ends.join("");
}
