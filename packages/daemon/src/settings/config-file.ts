import { readFile, realpath, stat } from "node:fs/promises";
import { writeWhole } from "../files/write-whole.ts";
import { ConfigError } from "./config-error.ts";
import { type ConfigEntry, ConfigSyntaxError, editConfig, readConfig } from "./config-text.ts";

const MAX_BYTES = 1_048_576;

/** A user's configuration: JSON with comments, which is edited in place. */
export class ConfigFile {
  /** Absolute. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** What is in it; nothing when there is none. Throws ERR_CONFIG when it can't be read. */
  async read(): Promise<ConfigEntry[]> {
    return this.#parse(await this.text());
  }

  /** As it is; "" when there is none. Throws ERR_CONFIG. */
  async text(): Promise<string> {
    try {
      const { size } = await stat(this.path);
      if (size > MAX_BYTES) throw new Error("it is far too large");
      return (await readFile(this.path, "utf8")).replace(/^\uFEFF/, "");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw new ConfigError(`${this.path} can't be read: ${(error as Error).message}`, error);
    }
  }

  /** Changes values in place, or takes those out that are undefined. As a whole or not at all. Throws ERR_CONFIG. */
  async edit(values: Readonly<Record<string, unknown>>): Promise<void> {
    let text = await this.text();
    try {
      for (const [key, value] of Object.entries(values)) text = editConfig(text, key, value);
    } catch (error) {
      throw this.#explain(error);
    }
    await this.#write(text);
  }

  #parse(text: string): ConfigEntry[] {
    try {
      return readConfig(text);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof ConfigSyntaxError)) return error;
    return new ConfigError(`${this.path}, line ${error.line}: ${error.message}`, error);
  }

  async #write(text: string): Promise<void> {
    try {
      // Where it is a link to a file that is kept elsewhere, it stays one.
      const target = await realpath(this.path).catch(() => this.path);
      await writeWhole(target, text);
    } catch (error) {
      throw new ConfigError(`${this.path} can't be written: ${(error as Error).message}`, error);
    }
  }
}
