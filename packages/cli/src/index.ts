export { runCommandLine } from "./cli.ts";
export { COMMANDS } from "./commands/table.ts";
export type { ArgumentSpec, Command, Declaration, Example } from "./commands/command.ts";
export type { OptionSpec, OptionSpecs } from "./commands/option.ts";
export type { Context, StopReason, TextSink, TextSource } from "./context.ts";
export { CLI_ERROR_TABLE, ERROR_EXITS } from "./errors.ts";
export type { CliErrorCode } from "./errors.ts";
export { EXIT_CODES } from "./exit-codes.ts";
export type { ExitCodeEntry, ExitName } from "./exit-codes.ts";
