import type { Context } from "../context.ts";
import type { Failure } from "../errors.ts";
import type { GlobalOptions } from "../commands/option.ts";
import { safeJson } from "./clean.ts";
import type { LiveArea } from "./live.ts";
import { createStyle, wantsColor } from "./style.ts";
import type { Style } from "./style.ts";

/** Off a terminal, a status line is written this often at most. */
const STATUS_MS = 10_000;

const HASHING_MS = 500;

/** Numbers of a check, and what else its event tells. */
interface CheckedFields extends Readonly<Record<string, unknown>> {
  readonly checkedPieces: number;
  readonly pieceCount: number;
}

/** Problems told in one command; what follows would only be more of the same. */
const MAX_TOLD = 200;

/** stderr is a terminal that can move its cursor, and somebody wants to see more than the result there. */
function drawsBars({ stdout, stderr, env }: Context, options: GlobalOptions): boolean {
  const json = options.json || options.jsonFields !== null;
  return (
    stderr.isTTY === true && env["TERM"] !== "dumb" && !options.quiet && !(json && stdout.isTTY === true)
  );
}

/** Version of the shape of all JSON documents. */
const SCHEMA = 1;

/**
 * The one way out for a command: data to stdout, everything else to stderr. With --json stdout carries JSON only. Lines given
 * here must be clean already.
 */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** 0, 1 or 2. */
  readonly verbosity: number;
  /** Bars are drawn. */
  readonly interactive: boolean;
  /** For stdout. */
  readonly style: Style;
  /** For stderr. */
  readonly noteStyle: Style;
  readonly #context: Context;
  readonly #fields: readonly string[] | null;
  readonly #live: LiveArea | null;
  readonly #told: Set<string> = new Set();
  #statusAt: number;
  #hashingAt = -Infinity;

  /** An output that can draw bars; what drawing needs is loaded only where somebody can see them. */
  static async open(context: Context, options: GlobalOptions): Promise<Output> {
    if (!drawsBars(context, options)) return new Output(context, options);
    const { LiveArea } = await import("./live.ts");
    return new Output(context, options, new LiveArea(context.stderr, () => context.now()));
  }

  /** `live`: null leaves the screen alone. */
  constructor(context: Context, options: GlobalOptions, live: LiveArea | null = null) {
    const { stdout, stderr, env } = context;
    this.#context = context;
    this.json = options.json || options.jsonFields !== null;
    this.#fields = options.jsonFields;
    this.quiet = options.quiet;
    this.verbosity = Math.min(2, Math.max(options.verbose, env["SHOAL_LOG"] === "debug" ? 2 : 0));
    this.style = createStyle(wantsColor(options.color, stdout.isTTY === true, env));
    this.noteStyle = createStyle(wantsColor(options.color, stderr.isTTY === true, env));
    this.interactive = live !== null;
    this.#live = live;
    this.#statusAt = context.now();
  }

  /** stdout is a pipe or file: somebody reads the result there, not the sentences. */
  get piped(): boolean {
    return this.#context.stdout.isTTY !== true;
  }

  /** Columns of the terminal, for layouts; 80 when there is none or it doesn't say. */
  get columns(): number {
    return this.#context.stderr.columns || 80;
  }

  /** Rows of the terminal, for layouts; 24 when it doesn't say. */
  get terminalRows(): number {
    return this.#context.stderr.rows || 24;
  }

  /** A line of the result; nothing with --json. */
  data(line = ""): void {
    if (!this.json) this.#write(() => this.#context.stdout.write(`${line}\n`));
  }

  /** Bytes of the result, as they are. */
  bytes(bytes: Uint8Array): void {
    this.#write(() => this.#context.stdout.write(bytes));
  }

  /** The one JSON document of a command that isn't streaming; nothing without --json. */
  document(fields: Readonly<Record<string, unknown>>): void {
    if (this.json) this.#writeJson({ schema: SCHEMA, ...this.#chosen(fields) });
  }

  /** The document of a list: --json=a,b chooses fields of its rows, unless it names the list itself. */
  rows(name: string, rows: readonly object[], rest: Readonly<Record<string, unknown>> = {}): void {
    const fields = this.#fields;
    if (fields === null || fields.includes(name)) this.document({ ...rest, [name]: rows });
    else if (this.json)
      this.#writeJson({
        schema: SCHEMA,
        [name]: rows.map((row) =>
          Object.fromEntries(Object.entries(row).filter(([field]) => fields.includes(field))),
        ),
      });
  }

  /** A line of a streaming command; nothing without --json. */
  event(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.json) this.#writeJson({ schema: SCHEMA, event, ...this.#chosen(fields) });
  }

  /** How far the check of what was there before is, as an event twice a second. */
  checked(fields: CheckedFields): void {
    const now = this.#context.now();
    if (fields.checkedPieces < fields.pieceCount && now - this.#hashingAt < HASHING_MS) return;
    this.#hashingAt = now;
    this.event("checked", { ...fields });
  }

  /** How far the hashing of `path` is, as an event twice a second. */
  hashing(path: string, bytesDone: number, bytesTotal: number): void {
    const now = this.#context.now();
    if (bytesDone < bytesTotal && now - this.#hashingAt < HASHING_MS) return;
    this.#hashingAt = now;
    this.event("hashing", { path, bytesDone, bytesTotal });
  }

  /** A sentence on stderr; nothing with -q. */
  note(line = ""): void {
    if (!this.quiet) this.#say(line);
  }

  /** A sentence that matters even with -q. */
  warn(line: string): void {
    this.#say(line, this.noteStyle.warn);
  }

  /** A problem that doesn't end the command, as sentence and event; the same one (a file of many pieces) is told once. */
  problem(code: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#told.has(message) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(message);
    this.warn(message);
    this.event("warning", { ...fields, code, message });
  }

  /** With -v. */
  detail(line: string): void {
    if (this.verbosity > 0) this.note(this.noteStyle.dim(line));
  }

  /** Ends a command: one sentence on stderr, with --json an error event on stdout too. */
  failure(failure: Failure): void {
    this.done();
    if (this.json)
      this.#writeJson({ schema: SCHEMA, event: "error", code: failure.code, message: failure.message });
    this.#say(failure.message, this.noteStyle.bad);
  }

  /** Lines redrawn in place on a terminal. */
  live(lines: readonly string[], force = false): void {
    this.#live?.set(lines, force);
  }

  /** One line each 10 seconds where there is no terminal. */
  status(line: () => string): void {
    if (this.interactive || this.quiet) return;
    const now = this.#context.now();
    if (now - this.#statusAt < STATUS_MS) return;
    this.#statusAt = now;
    this.note(line());
  }

  /** Takes the live lines off the screen. */
  done(): void {
    this.#live?.clear();
  }

  #chosen(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const names = this.#fields;
    if (names === null) return fields;
    return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
  }

  #writeJson(value: Record<string, unknown>): void {
    this.#write(() => this.#context.stdout.write(`${safeJson(value)}\n`));
  }

  /** On stderr; on a terminal in lines that end between words. */
  #say(text: string, paint: (line: string) => string = (line) => line): void {
    const lines = this.#live?.wrapped(text) ?? [text];
    this.#write(() => this.#context.stderr.write(`${lines.map(paint).join("\n")}\n`));
  }

  #write(write: () => void): void {
    if (this.#live === null) write();
    else this.#live.above(write);
  }
}
