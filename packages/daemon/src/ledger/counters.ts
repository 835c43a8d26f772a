import type { Compiled, Database } from "@shoal/server";
import type { Tables } from "../state/tables.ts";

/** Whole numbers that only grow, over all runs. */
export type CounterName =
  | "sessions"
  /** Milliseconds in which a node ran. */
  | "activeMs"
  | "deliveriesDropped"
  /** When that happened first, milliseconds since 1970. */
  | "deliveriesDroppedAt";

/** Counters in memory, and what has to be written of them. */
export class Counters {
  readonly #database: Database<Tables>;
  readonly #values: Map<string, number>;
  readonly #changed: Set<CounterName> = new Set();

  private constructor(database: Database<Tables>, values: Map<string, number>) {
    this.#database = database;
    this.#values = values;
  }

  static async load(database: Database<Tables>): Promise<Counters> {
    const rows = await database.query.selectFrom("counters").selectAll().execute();
    return new Counters(database, new Map(rows.map(({ name, value }) => [name, value])));
  }

  get(name: CounterName): number {
    return this.#values.get(name) ?? 0;
  }

  add(name: CounterName, amount: number): void {
    if (amount === 0) return;
    this.#values.set(name, this.get(name) + amount);
    this.#changed.add(name);
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  /** What writes those that changed since the last call. */
  changes(): Compiled[] {
    const statements = [...this.#changed].map((name) => {
      const value = Math.round(this.get(name));
      return this.#database.query
        .insertInto("counters")
        .values({ name, value })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
        .compile();
    });
    this.#changed.clear();
    return statements;
  }
}
