import stringWidth from "string-width";

import type { TextSink } from "../context.ts";
import { bar } from "./bar.ts";
import { truncate, wrap } from "./table.ts";

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

  /** `line` in as many as the terminal needs to break it between words. */
  wrapped(line: string): string[] {
    const columns = this.#sink.columns || 80;
    return stringWidth(line) <= columns ? [line] : wrap(line, columns);
  }

  /** Takes the area off the screen. */
  clear(): void {
    this.#lines = [];
    this.#erase();
    if (this.#cursorHidden) this.#sink.write("\u001b[?25h");
    this.#cursorHidden = false;
  }

  #draw(): void {
    // Some terminals say 0 when they don't know.
    const width = Math.max(10, (this.#sink.columns || 80) - 1);
    const rows = Math.max(3, (this.#sink.rows || 24) - 1);
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

/** Cells that a bar keeps on a narrow terminal, and blanks between the parts of a line. */
const MIN_BAR = 6;
const GAP = "   ";

/**
 * A line that is too long gets a shorter bar, then loses its last parts, and what is left is cut: without its colours, as cutting
 * between escape codes is not worth the trouble.
 */
function fit(line: string, width: number): string {
  const over = stringWidth(line) - width;
  if (over <= 0) return line;
  let shorter = line.replace(/█*░*(?<=[█░]{7})/, (cells) => shortenBar(cells, over));
  while (stringWidth(shorter) > width) {
    const end = shorter.trimEnd().lastIndexOf(GAP);
    if (end < 0 || shorter.slice(0, end).trim() === "") return truncate(shorter.replace(COLOURS, ""), width);
    shorter = shorter.slice(0, end).trimEnd();
  }
  // A part that was dropped may have held the code that ends a colour.
  return shorter.includes("\u001b") ? `${shorter}\u001b[0m` : shorter;
}

function shortenBar(cells: string, over: number): string {
  const length = Math.max(MIN_BAR, cells.length - over);
  return bar(cells.lastIndexOf("█") < 0 ? 0 : (cells.lastIndexOf("█") + 1) / cells.length, length);
}
