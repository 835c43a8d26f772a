import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { writeWhole } from "../paths.ts";

const FILE = "shell-history";
const KEPT = 1_000;
/** What may be a secret is not written down: codes ("7-maple-otter"), passwords, and lines that begin with a blank. */
const SECRET = /^\s|(?:^|\s)\d+(?:-[a-z]+){2,}(?:\s|$)|passw|--token/i;

/** Lines typed into the shell, the latest first, in a file that only its user can read. */
export class History {
  readonly #file: string;
  readonly #lines: string[];

  private constructor(file: string, lines: string[]) {
    this.#file = file;
    this.#lines = lines;
  }

  static async load(stateDir: string): Promise<History> {
    const file = join(stateDir, FILE);
    const text = await readFile(file, "utf8").catch(() => "");
    const lines = text.split("\n").filter((line) => line !== "");
    return new History(file, lines.slice(-KEPT).reverse());
  }

  /** The latest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Takes a line up and writes all down. A history that can't be written is no reason to stop. */
  async add(line: string): Promise<void> {
    if (line.trim() === "" || SECRET.test(line) || line === this.#lines[0]) return;
    this.#lines.unshift(line);
    this.#lines.splice(KEPT);
    const text = `${this.#lines.toReversed().join("\n")}\n`;
    await writeWhole(this.#file, FILE, Buffer.from(text), 0o600).catch(() => undefined);
  }
}
