import type { Database } from "@shoal/server";
import type { Tables } from "../state/tables.ts";

type Value = number | string;

/** Settings of Transmission's that are switched off here, as programs have set them: they are shown again, and switched on without being named. */
export class SessionMemory {
  readonly #database: Database<Tables>;
  readonly #values: Map<string, Value>;

  private constructor(database: Database<Tables>, values: Map<string, Value>) {
    this.#database = database;
    this.#values = values;
  }

  static async open(database: Database<Tables>): Promise<SessionMemory> {
    const rows = await database.query.selectFrom("remoteMemory").selectAll().execute();
    return new SessionMemory(
      database,
      new Map(rows.map(({ name, value }) => [name, JSON.parse(value) as Value])),
    );
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name);
    return typeof value === "number" ? value : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** Resolves when it is durable. `values` are of a few names that are ours. */
  async set(values: Readonly<Record<string, Value>>): Promise<void> {
    const changed = Object.entries(values).filter(([name, value]) => this.#values.get(name) !== value);
    if (changed.length === 0) return;
    await this.#database.query
      .insertInto("remoteMemory")
      .values(changed.map(([name, value]) => ({ name, value: JSON.stringify(value) })))
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet((set) => ({ value: set.ref("excluded.value") })),
      )
      .execute();
    for (const [name, value] of changed) this.#values.set(name, value);
  }
}
