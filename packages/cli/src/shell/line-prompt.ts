import { createInterface, type Interface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";

import type { Context } from "../context.ts";
import { truncate } from "../ui/table.ts";

/** What is typed: a line, nothing (Ctrl-C), or the end (Ctrl-D). */
export type Typed = { readonly line: string } | "cancelled" | "ended";

export interface PromptOptions {
  readonly prompt: string;
  /** The latest first. */
  readonly history: readonly string[];
  /** What Tab makes of the line: candidates, and what of it they stand for. */
  readonly complete: (line: string) => Promise<readonly [readonly string[], string]>;
}

/**
 * One line to type on a terminal, with a status line above it. What is told meanwhile goes above both, and what was typed so far
 * stays as it is.
 */
export class LinePrompt {
  readonly #output: Writable;
  readonly #columns: () => number;
  readonly #lines: Interface;
  readonly #typed: Promise<Typed>;
  #status: string;
  /** Whether a status line is on the screen now. */
  #isShown = false;

  constructor({ stdin, stderr }: Context, { prompt, history, complete }: PromptOptions, status: string) {
    this.#output = stderr as unknown as Writable;
    this.#columns = () => stderr.columns || 80;
    this.#status = status;
    const lines = createInterface({
      input: stdin as unknown as Readable,
      output: this.#output,
      terminal: true,
      prompt,
      history: [...history],
      historySize: 1_000,
      completer: (line: string) =>
        complete(line).then(
          ([words, of]): [string[], string] => [[...words], of],
          (): [string[], string] => [[], line],
        ),
    });
    this.#lines = lines;
    this.#typed = new Promise((resolve) => {
      let isOver = false;
      const end = (typed: Typed): void => {
        // Enter has moved on to the next line by itself; closing comes after everything else.
        if (!isOver && typeof typed === "string") this.#output.write("\n");
        isOver = true;
        resolve(typed);
      };
      lines.once("line", (line) => end({ line }));
      lines.once("SIGINT", () => end("cancelled"));
      lines.once("close", () => end("ended"));
    });
    this.#draw([], false);
  }

  /** Shows `line` above what is typed; "" takes it away. */
  set status(line: string) {
    if (line === this.#status) return;
    this.#status = line;
    this.#draw([], true);
  }

  /** Writes lines that stay above everything. */
  above(lines: readonly string[]): void {
    this.#draw(lines, true);
  }

  /** What is typed. */
  read(): Promise<Typed> {
    return this.#typed;
  }

  /** Leaves what was typed where it is; what is written next stands below it. */
  close(): void {
    this.#lines.close();
  }

  /** Takes what is here off the screen, then shows the lines, the status and the prompt with what was typed. */
  #draw(lines: readonly string[], again: boolean): void {
    let text = "";
    if (again) {
      const rows = this.#lines.getCursorPos().rows + Number(this.#isShown);
      text += `${rows === 0 ? "" : `\u001b[${rows}A`}\r\u001b[J`;
    }
    for (const line of lines) text += `${line}\n`;
    const status = truncate(this.#status, Math.max(10, this.#columns() - 1));
    if (status !== "") text += `\u001b[2m${status}\u001b[22m\n`;
    this.#isShown = status !== "";
    this.#output.write(text);
    // readline would go up by as many rows as it had drawn: they are gone.
    (this.#lines as { prevRows?: number }).prevRows = 0;
    this.#lines.prompt(true);
  }
}
