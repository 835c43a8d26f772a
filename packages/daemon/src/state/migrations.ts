import type { Migrations } from "@shoal/server";
import { sql } from "kysely";

/** How the tables came to be what they are. Only ever added to. */
export const MIGRATIONS: Migrations = {
  "001-start": {
    async up(db) {
      await db.schema
        .createTable("torrents")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("key", "text", (c) => c.notNull())
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("downloadDir", "text", (c) => c.notNull())
        .addColumn("rootName", "text")
        .addColumn("magnet", "text")
        .addColumn("label", "text")
        .addColumn("paused", "integer", (c) => c.notNull().defaultTo(0))
        .addColumn("sequential", "integer", (c) => c.notNull().defaultTo(0))
        .addColumn("row", "text")
        .addColumn("addedAt", "text", (c) => c.notNull())
        .addColumn("finishedAt", "text")
        .addColumn("removedAt", "text")
        .execute();
      await db.schema
        .createTable("history")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("at", "text", (c) => c.notNull())
        .addColumn("key", "text", (c) => c.notNull())
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("size", "integer", (c) => c.notNull())
        .addColumn("outcome", "text", (c) => c.notNull())
        .addColumn("code", "text")
        .addColumn("message", "text")
        .execute();
      await db.schema.createIndex("history_at").on("history").column("at").execute();
      await db.schema
        .createTable("tokens")
        .addColumn("id", "text", (c) => c.primaryKey())
        .addColumn("name", "text", (c) => c.notNull().unique())
        .addColumn("scope", "text", (c) => c.notNull())
        .addColumn("hash", "text", (c) => c.notNull())
        .addColumn("createdAt", "text", (c) => c.notNull())
        .addColumn("lastUsedAt", "text")
        .execute();
      await db.schema
        .createTable("days")
        .addColumn("day", "text", (c) => c.primaryKey())
        .addColumn("downloaded", "integer", (c) => c.notNull())
        .addColumn("uploaded", "integer", (c) => c.notNull())
        .execute();
    },
  },
  "002-shares": {
    async up(db) {
      await db.schema
        .alterTable("torrents")
        .addColumn("seedOnly", "integer", (c) => c.notNull().defaultTo(0))
        .execute();
      await db.schema
        .createTable("shares")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("path", "text", (c) => c.notNull())
        .addColumn("wish", "text", (c) => c.notNull())
        .addColumn("addedAt", "text", (c) => c.notNull())
        .execute();
    },
  },
  "003-queue-goals-labels": {
    async up(db) {
      const add = (name: string, type: "text" | "integer", fallback: string | number | null): Promise<void> =>
        db.schema
          .alterTable("torrents")
          .addColumn(name, type, (c) => (fallback === null ? c : c.notNull().defaultTo(fallback)))
          .execute();
      await add("labels", "text", "[]");
      await add("firstLast", "integer", 0);
      await add("forced", "integer", 0);
      await add("rank", "integer", 0);
      await add("goals", "text", "{}");
      await add("reached", "text", null);
      await add("sharingMs", "integer", 0);
      await add("downloadingMs", "integer", 0);
      await add("activeAt", "text", null);
      await add("wishes", "text", null);
      await sql`update torrents set rank = id`.execute(db);
      await sql`update torrents set labels = json_array(label) where label is not null`.execute(db);
      await db.schema.alterTable("torrents").dropColumn("label").execute();
      await db.schema
        .createTable("labels")
        .addColumn("name", "text", (c) => c.primaryKey())
        .addColumn("folder", "text")
        .addColumn("goals", "text", (c) => c.notNull())
        .execute();
    },
  },
  "004-completion-notices": {
    async up(db) {
      await db.schema.alterTable("torrents").addColumn("finalDir", "text").execute();
      await db.schema
        .alterTable("torrents")
        .addColumn("completing", "integer", (c) => c.notNull().defaultTo(0))
        .execute();
      await db.schema
        .createTable("notices")
        .addColumn("id", "integer", (c) => c.primaryKey())
        .addColumn("at", "text", (c) => c.notNull())
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("message", "text", (c) => c.notNull())
        .addColumn("torrentId", "integer")
        .addColumn("seenAt", "text")
        .execute();
    },
  },
  "005-ledger": {
    async up(db) {
      await db.schema
        .createTable("deliveries")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("at", "integer", (c) => c.notNull())
        .addColumn("up", "integer", (c) => c.notNull())
        .addColumn("key", "text", (c) => c.notNull())
        .addColumn("fileId", "text", (c) => c.notNull())
        .addColumn("path", "text", (c) => c.notNull())
        .addColumn("piece", "integer", (c) => c.notNull())
        .addColumn("kind", "text")
        .addColumn("peer", "text")
        .addColumn("client", "text")
        .addColumn("bytes", "integer", (c) => c.notNull())
        .execute();
      await db.schema
        .createTable("events")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("at", "text", (c) => c.notNull())
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("code", "text")
        .addColumn("message", "text", (c) => c.notNull())
        .addColumn("torrent", "integer")
        .execute();
      await db.schema
        .createTable("counters")
        .addColumn("name", "text", (c) => c.primaryKey())
        .addColumn("value", "integer", (c) => c.notNull())
        .execute();
      await db.schema.alterTable("history").addColumn("torrent", "integer").execute();
      await db.schema
        .createTable("retired")
        .addColumn("torrent", "integer", (c) => c.primaryKey())
        .addColumn("wishes", "text", (c) => c.notNull())
        .addColumn("metainfo", "blob")
        .execute();
      await db.schema
        .createTable("trash")
        .addColumn("torrent", "integer", (c) => c.primaryKey())
        .addColumn("at", "integer", (c) => c.notNull())
        .addColumn("batch", "text", (c) => c.notNull())
        .addColumn("folder", "text")
        .addColumn("step", "text", (c) => c.notNull())
        .execute();
    },
  },
  "006-watch-folders": {
    async up(db) {
      await db.schema
        .createTable("watchFolders")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("dir", "text", (c) => c.notNull().unique())
        .addColumn("labels", "text", (c) => c.notNull())
        .addColumn("downloadDir", "text")
        .addColumn("paused", "integer", (c) => c.notNull())
        .addColumn("after", "text", (c) => c.notNull())
        .addColumn("addedAt", "text", (c) => c.notNull())
        .execute();
    },
  },
  "007-limits": {
    async up(db) {
      await db.schema
        .alterTable("torrents")
        .addColumn("limits", "text", (c) => c.notNull().defaultTo("{}"))
        .execute();
      await db.schema
        .createTable("switches")
        .addColumn("name", "text", (c) => c.primaryKey())
        .addColumn("on", "integer", (c) => c.notNull())
        .addColumn("at", "integer", (c) => c.notNull())
        .execute();
    },
  },
  "008-audit": {
    async up(db) {
      await db.schema
        .createTable("audit")
        .addColumn("id", "integer", (c) => c.primaryKey().autoIncrement())
        .addColumn("at", "text", (c) => c.notNull())
        .addColumn("who", "text")
        .addColumn("client", "text")
        .addColumn("action", "text", (c) => c.notNull())
        .addColumn("target", "text", (c) => c.notNull())
        .addColumn("status", "integer", (c) => c.notNull())
        .execute();
    },
  },
  "009-known-files": {
    async up(db) {
      await db.schema
        .createTable("knownTorrents")
        .addColumn("key", "text", (c) => c.primaryKey())
        .addColumn("name", "text", (c) => c.notNull())
        .addColumn("magnet", "text", (c) => c.notNull())
        .execute();
      await db.schema
        .createTable("knownFiles")
        .addColumn("fileId", "text", (c) => c.notNull())
        .addColumn("key", "text", (c) => c.notNull())
        .addColumn("fileIndex", "integer", (c) => c.notNull())
        .addColumn("path", "text", (c) => c.notNull())
        .addColumn("size", "integer", (c) => c.notNull())
        .addPrimaryKeyConstraint("knownFiles_file", ["key", "fileIndex"])
        .execute();
      await db.schema.createIndex("knownFiles_id").on("knownFiles").column("fileId").execute();
    },
  },
  "010-titles": {
    async up(db) {
      await db.schema.alterTable("torrents").addColumn("title", "text").execute();
    },
  },
  "011-peers": {
    async up(db) {
      await db.schema
        .alterTable("torrents")
        .addColumn("peers", "text", (c) => c.notNull().defaultTo("[]"))
        .execute();
    },
  },
  "012-remote-memory": {
    async up(db) {
      await db.schema
        .alterTable("torrents")
        .addColumn("remote", "text", (c) => c.notNull().defaultTo("{}"))
        .execute();
      await db.schema
        .createTable("remoteMemory")
        .addColumn("name", "text", (c) => c.primaryKey())
        .addColumn("value", "text", (c) => c.notNull())
        .execute();
    },
  },
  "013-watch-taken": {
    async up(db) {
      await db.schema
        .createTable("watchTaken")
        .addColumn("path", "text", (c) => c.primaryKey())
        .addColumn("state", "text", (c) => c.notNull())
        .execute();
    },
  },
};
