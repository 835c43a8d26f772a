import stringWidth from "string-width";

import type { TextSink } from "../context.ts";
import { truncate } from "./table.ts";

/** Redraws are at least this far apart. */
const FRAME_MS = 100;

/**
 * Lines at the bottom of a terminal that are redrawn in place; everything else is written above them.
 * Lines are plain text, or painted by `paint` after they were cut to the terminal's width.
 */
export class LiveArea {
  readonly #sink: TextSink;
  readonly #now: () => number;
  #lines: readonly string[] = [];
  #drawn: readonly string[] = [];
  #drawnAt = -Infinity;
  #cursorHidden = false;

  constructor(sink: TextSink, now: () => number) {
    this.#sink = sink;
    this.#now = now;
  }

  /** Shows `lines` instead of what was shown; drops the frame when the last one is too recent, unless `force`. */
  set(lines: readonly string[], force = false): void {
    this.#lines = lines;
    const now = this.#now();
    if (!force && now - this.#drawnAt < FRAME_MS) return;
    this.#drawnAt = now;
    this.#draw();
  }

  /** Writes text that stays, above the area; `write` is called while the area is off the screen. */
  above(write: () => void): void {
    this.#erase();
    write();
    this.#draw();
  }

  /** Takes the area off the screen. */
  clear(): void {
    this.#lines = [];
    this.#erase();
    if (this.#cursorHidden) this.#sink.write("\u001b[?25h");
    this.#cursorHidden = false;
  }

  #draw(): void {
    const width = Math.max(10, (this.#sink.columns ?? 80) - 1);
    const rows = Math.max(3, (this.#sink.rows ?? 24) - 1);
    const lines = this.#lines.slice(0, rows).map((line) => fit(line, width));
    if (lines.length === 0 && this.#drawn.length === 0) return;
    let text = this.#cursorHidden ? "" : "\u001b[?25l";
    this.#cursorHidden = true;
    text += up(this.#drawn.length);
    for (const line of lines) text += `${line}\u001b[K\n`;
    // Lines that were there before and are not any more.
    if (lines.length < this.#drawn.length) text += "\u001b[J";
    this.#drawn = lines;
    this.#sink.write(text);
  }

  #erase(): void {
    if (this.#drawn.length === 0) return;
    this.#sink.write(`${up(this.#drawn.length)}\u001b[J`);
    this.#drawn = [];
  }
}

function up(lines: number): string {
  return lines === 0 ? "" : `\u001b[${lines}A\r`;
}

const COLOURS = /\u001b\[\d+m/g;

/** A painted line that is too long loses its colours: cutting between escape codes is not worth the trouble. */
function fit(line: string, width: number): string {
  return stringWidth(line) <= width ? line : truncate(line.replace(COLOURS, ""), width);
}
