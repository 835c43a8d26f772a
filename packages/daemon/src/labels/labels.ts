import type { Goals } from "@shoal/schema";
import { ApiError, type Database } from "@shoal/server";
import type { Tables } from "../state/tables.ts";

/** What holds for all transfers of one label. */
export interface Label {
  readonly name: string;
  /** Where their downloads go; absolute. */
  readonly folder: string | null;
  readonly goals: Goals;
}

const MOST_LABELS = 1_000;

/** Labels about which something was said; a transfer may have others, too. */
export class Labels {
  readonly #database: Database<Tables>;
  readonly #byName: Map<string, Label> = new Map();
  readonly #listeners: Set<() => void> = new Set();

  private constructor(database: Database<Tables>) {
    this.#database = database;
  }

  static async open(database: Database<Tables>): Promise<Labels> {
    const labels = new Labels(database);
    for (const row of await database.query.selectFrom("labels").selectAll().execute())
      labels.#byName.set(row.name, { ...row, goals: JSON.parse(row.goals) as Goals });
    return labels;
  }

  list(): Label[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): Label | undefined {
    return this.#byName.get(name);
  }

  /** Those about which something was said, in the order of the names. */
  namedBy(names: readonly string[]): Label[] {
    return names.flatMap((name) => this.#byName.get(name) ?? []);
  }

  /** Where a download with these labels goes: the first folder of any of them. */
  folderFor(names: readonly string[]): string | null {
    return this.namedBy(names).find(({ folder }) => folder !== null)?.folder ?? null;
  }

  /** Resolves when it is durable. Throws ApiError ERR_TOO_MANY. */
  async set(label: Label): Promise<void> {
    if (!this.#byName.has(label.name) && this.#byName.size >= MOST_LABELS)
      throw new ApiError(409, "ERR_TOO_MANY", `There are ${MOST_LABELS} labels already`);
    const row = { ...label, goals: JSON.stringify(label.goals) };
    await this.#database.query
      .insertInto("labels")
      .values(row)
      .onConflict((c) => c.column("name").doUpdateSet(row))
      .execute();
    this.#byName.set(label.name, label);
    this.#tell();
  }

  /** Forgets what was said about it. False when nothing was. */
  async remove(name: string): Promise<boolean> {
    if (!this.#byName.has(name)) return false;
    await this.#database.query.deleteFrom("labels").where("name", "=", name).execute();
    this.#byName.delete(name);
    this.#tell();
    return true;
  }

  /** Something was said about a label, or taken back. Returns what ends it. */
  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
