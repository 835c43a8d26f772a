import type { TextSink } from "../dist/context.js";

/** A terminal that understands just what the live area uses: cursor up, erase to the end, erase the line, hide and show. */
export class Screen implements TextSink {
  readonly isTTY = true;
  readonly columns: number;
  readonly rows = 24;
  /** Everything ever written. */
  raw = "";
  cursorHidden = false;
  readonly #lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(columns = 80) {
    this.columns = columns;
  }

  /** What is on the screen, without the empty line of the cursor. */
  get lines(): string[] {
    const lines = this.#lines.map((line) => line.trimEnd());
    while (lines.length > 0 && lines[lines.length - 1] === "") lines.pop();
    return lines;
  }

  write(text: string | Uint8Array): boolean {
    const written = typeof text === "string" ? text : new TextDecoder().decode(text);
    this.raw += written;
    for (const part of written.match(/\u001b\[[?\d;]*[A-Za-z]|[\r\n]|[^\u001b\r\n]+/g) ?? [])
      this.#apply(part);
    return true;
  }

  #apply(part: string): void {
    if (part === "\n") {
      this.#row++;
      this.#column = 0;
      this.#lines[this.#row] ??= "";
    } else if (part === "\r") {
      this.#column = 0;
    } else if (part === "\u001b[K") {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
    } else if (part === "\u001b[J") {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
      this.#lines.length = this.#row + 1;
    } else if (part.endsWith("A")) {
      this.#row = Math.max(0, this.#row - Number(part.slice(2, -1)));
    } else if (part === "\u001b[?25l" || part === "\u001b[?25h") {
      this.cursorHidden = part.endsWith("l");
    } else if (!part.startsWith("\u001b")) {
      const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
      this.#lines[this.#row] = line.slice(0, this.#column) + part + line.slice(this.#column + part.length);
      this.#column += part.length;
    }
  }
}
