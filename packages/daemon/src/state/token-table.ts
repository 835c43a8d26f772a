import { type Database, type Scope, SCOPES, type TokenRecord, type TokenStore } from "@shoal/server";
import type { Tables } from "./tables.ts";

/** Tokens in the node's database. */
export function tokenTable({ query }: Database<Tables>): TokenStore {
  return {
    async all() {
      const rows = await query.selectFrom("tokens").selectAll().execute();
      return rows.flatMap((row): TokenRecord[] => (isScope(row.scope) ? [{ ...row, scope: row.scope }] : []));
    },
    async add(token) {
      await query.insertInto("tokens").values(token).execute();
    },
    async remove(id) {
      const { numDeletedRows } = await query
        .deleteFrom("tokens")
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    async used(id, at) {
      await query.updateTable("tokens").set({ lastUsedAt: at }).where("id", "=", id).execute();
    },
  };
}

function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
