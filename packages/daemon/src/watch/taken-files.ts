import { lstat } from "node:fs/promises";
import type { Database } from "@shoal/server";
import type { Tables } from "../state/tables.ts";

/** Files that could be neither renamed nor deleted when they were added: their transfers may be gone, and they are not added again. */
export class TakenFiles {
  readonly #database: Database<Tables>;
  /** State by path. */
  readonly #states: Map<string, string>;

  private constructor(database: Database<Tables>, states: Map<string, string>) {
    this.#database = database;
    this.#states = states;
  }

  static async open(database: Database<Tables>): Promise<TakenFiles> {
    const rows = await database.query.selectFrom("watchTaken").selectAll().execute();
    return new TakenFiles(database, new Map(rows.map(({ path, state }) => [path, state])));
  }

  /** Throws when the file is gone. */
  async has(path: string): Promise<boolean> {
    const known = this.#states.get(path);
    return known !== undefined && known === (await stateOf(path));
  }

  async add(path: string): Promise<void> {
    const state = await stateOf(path);
    this.#states.set(path, state);
    await this.#database.query.replaceInto("watchTaken").values({ path, state }).execute();
  }

  /** Those in a folder that is not watched any more. */
  async forget(dir: string): Promise<void> {
    const { query } = this.#database;
    for (const path of this.#states.keys()) {
      if (!path.startsWith(dir)) continue;
      this.#states.delete(path);
      await query.deleteFrom("watchTaken").where("path", "=", path).execute();
    }
  }
}

async function stateOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await lstat(path);
  return `${ino} ${size} ${mtimeMs}`;
}
