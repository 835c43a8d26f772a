import { randomBytes } from "node:crypto";
import {
  type AddOptions,
  type InfoHashes,
  type Log,
  moveTree,
  parseMagnet,
  parseMetainfo,
  primaryKey,
  type Session,
  ShoalError,
  type Torrent,
  type TorrentRow,
} from "@shoal/engine";
import type { TrashEntry } from "@shoal/schema";
import { ApiError, type Database } from "@shoal/server";
import type { Selectable } from "kysely";
import type { Tables, TorrentTable, TrashTable } from "../state/tables.ts";
import type { TorrentFiles } from "../state/torrent-files.ts";
import type { Transfer } from "../transfer.ts";
import { historyRow } from "../ledger/history-row.ts";
import { retiredRow } from "./retired.ts";
import { emptyTrash, tidyTrash, trashFolder } from "./trash-folder.ts";

/** What could not be deleted is tried again after this. */
const RETRY_MS = 60_000;
const MAX_TIMER_MS = 2_147_483_647;

export interface TrashParts {
  readonly session: Session;
  readonly database: Database<Tables>;
  readonly files: TorrentFiles;
  /** How long a removal can be undone, milliseconds; null: not at all. */
  readonly keepMs: () => number | null;
  readonly owner: TrashOwner;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What the trash asks and tells those who have the list. */
export interface TrashOwner {
  list(): readonly Transfer[];
  /** Off the list; true unless it was not on it. */
  detach(transfer: Transfer): boolean;
  /** On the list again, as nothing has happened. */
  attach(transfer: Transfer): void;
  /** Writes what is known of it now. */
  saveNow(transfer: Transfer): Promise<void>;
  /** Adds the torrent of a row to the session, at rest as far as possible. */
  begin(row: Selectable<TorrentTable>, how?: { readonly paused: true }): Promise<Torrent>;
  /** Puts the transfer of a row on the list. Throws what `Session.add` throws. */
  load(row: Selectable<TorrentTable>, how: "restored"): Promise<Transfer>;
  /** Files (absolute paths) that others need, too. */
  neededElsewhere(torrent: Torrent): Promise<ReadonlySet<string>>;
}

type Source = Pick<AddOptions, "magnet" | "torrentBytes" | "infoHash">;
type Entry = TrashTable & { readonly row: Selectable<TorrentTable> };

/**
 * Transfers that were removed: for a while they can be brought back, with settings, resume data and files. Each step is in the database before it
 * is done, so that a crash leaves nothing half done.
 */
export class Trash {
  readonly #parts: TrashParts;
  readonly #entries: Map<number, Entry> = new Map();
  #timer: NodeJS.Timeout | null = null;
  /** One thing after another. */
  #work: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: TrashParts) {
    this.#parts = parts;
  }

  /** Before the list is loaded: ends what was being brought back. */
  async open(): Promise<void> {
    const { query } = this.#parts.database;
    const rows = await query.selectFrom("torrents").selectAll().where("removedAt", "is not", null).execute();
    const known = new Map(
      (await query.selectFrom("trash").selectAll().execute()).map((entry) => [entry.torrent, entry]),
    );
    for (const row of rows) {
      // Rows of earlier versions: nothing is left of them but that.
      const entry = known.get(row.id) ?? {
        torrent: row.id,
        at: 0,
        batch: "",
        folder: null,
        step: "removed" as const,
      };
      this.#entries.set(row.id, { ...entry, row });
    }
    for (const entry of this.#entries.values())
      if (entry.step === "restoring") await this.#endRestoring(entry).catch(this.#onTrouble(entry));
  }

  /** After the list was loaded: ends removals that were under way, and deletes what is due. */
  async start(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (entry.step !== "removing") continue;
      await this.#resumeRemoval(entry).catch(this.#onTrouble(entry));
    }
    this.#schedule();
  }

  /** The last one first. */
  list(): TrashEntry[] {
    const keepMs = this.#parts.keepMs() ?? 0;
    return [...this.#entries.values()]
      .filter(({ step }) => step === "removed")
      .sort((a, b) => b.at - a.at || b.torrent - a.torrent)
      .map(({ torrent, at, folder, row }) => ({
        id: torrent,
        name: row.name,
        removedAt: new Date(at).toISOString(),
        untilAt: new Date(at + keepMs).toISOString(),
        filesDeleted: folder !== null,
      }));
  }

  /**
   * Takes a transfer off the list; its files stay, or with `deleteFiles` those go that the download has made and nobody else has. `batch`:
   * what is removed under the same one comes back together. Throws why files could not be taken away; they stay then.
   */
  async put(transfer: Transfer, deleteFiles: boolean, batch: string): Promise<void> {
    const { database, files, now, owner } = this.#parts;
    if (!owner.detach(transfer)) return;
    const { id, torrent, record } = transfer;
    const name = `${id}-${randomBytes(4).toString("hex")}`;
    const entry: TrashTable = {
      torrent: id,
      at: now(),
      batch,
      folder: deleteFiles ? trashFolder(torrent.downloadDir, name) : null,
      step: "removing",
    };
    let row: Selectable<TorrentTable>;
    try {
      await owner.saveNow(transfer);
      const { query } = database;
      row = await query.selectFrom("torrents").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
      const retired = retiredRow(row, await files.find(record.key));
      await database.batch([
        query
          .updateTable("torrents")
          .set({ removedAt: new Date(entry.at).toISOString() })
          .where("id", "=", id)
          .compile(),
        query.insertInto("trash").values(entry).compile(),
        query.replaceInto("retired").values(retired).compile(),
        ...(record.finishedAt === null && !record.seedOnly
          ? [
              query
                .insertInto("history")
                .values(historyRow(transfer, "cancelled", now()))
                .compile(),
            ]
          : []),
      ]);
    } catch (error) {
      owner.attach(transfer);
      throw error;
    }
    this.#entries.set(id, { ...entry, row });
    const needed = deleteFiles ? await owner.neededElsewhere(torrent) : null;
    await this.#inTurn(() => this.#takeAway(this.#entries.get(id)!, torrent, needed));
    this.#schedule();
  }

  /** Brings back what was removed last. Throws ApiError ERR_NOT_FOUND, and what `restore` throws. */
  async undo(): Promise<Transfer[]> {
    const [last] = this.list();
    if (last === undefined) throw nothingThere();
    const { batch } = this.#entries.get(last.id)!;
    const together = this.list().filter(({ id }) => this.#entries.get(id)!.batch === batch);
    const restored: Transfer[] = [];
    for (const { id } of together.reverse()) restored.push(await this.restore(id));
    return restored;
  }

  /** Throws ApiError ERR_NOT_FOUND, ERR_DUPLICATE_TORRENT when it was added anew meanwhile, and ERR_FILE_EXISTS when its files' names are taken. */
  restore(id: number): Promise<Transfer> {
    return this.#inTurn(async () => {
      const entry = this.#find(id);
      const twin = this.#parts.owner.list().find(({ record }) => record.key === entry.row.key);
      if (twin !== undefined)
        throw new ApiError(
          409,
          "ERR_DUPLICATE_TORRENT",
          `${entry.row.name} was added anew, as number ${twin.id}`,
          `To have the removed one back, remove that one first: shoal rm ${twin.id}`,
        );
      await this.#setStep(entry, { step: "restoring" });
      const restoring = { ...entry, step: "restoring" as const };
      try {
        await this.#endRestoring(restoring);
      } catch (error) {
        await this.#setStep(entry, { step: "removed" });
        throw error;
      }
      return this.#parts.owner.load({ ...entry.row, removedAt: null }, "restored");
    });
  }

  /** Deletes for good. Throws ApiError ERR_NOT_FOUND. */
  purge(id: number): Promise<void> {
    return this.#inTurn(() => this.#purge(this.#find(id)));
  }

  /** The torrent is about to be added anew to the same folder: files that went with it come back. */
  async makeWay(source: Source, downloadDir: string): Promise<void> {
    if (this.#entries.size === 0) return;
    const key = keyOf(source);
    await this.#inTurn(async () => {
      for (const entry of this.#entries.values()) {
        const { row, folder, step } = entry;
        if (row.key !== key || row.downloadDir !== downloadDir || step !== "removed") continue;
        if (folder === null) continue;
        await moveTree(folder, downloadDir).catch(this.#onTrouble(entry));
        await tidyTrash(folder);
        await this.#setStep(entry, { folder: null });
      }
    });
  }

  /** Forgets those of which neither the trash nor the history tells any more. */
  forgetRetired(): Promise<void> {
    return this.#inTurn(async () => {
      const { query } = this.#parts.database;
      const gone = await query
        .selectFrom("retired")
        .select(["torrent", "wishes"])
        .where("torrent", "not in", query.selectFrom("trash").select("torrent"))
        .where(
          "torrent",
          "not in",
          query
            .selectFrom("history")
            .select("torrent")
            .where("torrent", "is not", null)
            .$castTo<{ torrent: number }>(),
        )
        .execute();
      for (const { torrent, wishes } of gone) {
        const row = JSON.parse(wishes) as Selectable<TorrentTable>;
        if (hasData(row)) await this.#forgetResume(row);
        await query.deleteFrom("retired").where("torrent", "=", torrent).execute();
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#work;
  }

  /** From a torrent that is in the session. */
  async #takeAway(entry: Entry, torrent: Torrent, needed: ReadonlySet<string> | null): Promise<void> {
    const { session } = this.#parts;
    let failure: Error | null = null;
    let { folder } = entry;
    try {
      await session.remove(torrent, {
        keepResume: true,
        ...(folder === null
          ? {}
          : {
              deleteData: true,
              trashDir: folder,
              spares: (path: string) => needed?.has(path) === true,
            }),
      });
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      // What has gone already comes back: all or nothing.
      if (folder !== null) await moveTree(folder, torrent.downloadDir).catch(this.#onTrouble(entry));
      folder = null;
    }
    // A move may have ended meanwhile.
    const { downloadDir } = torrent;
    await this.#setStep({ ...entry, row: { ...entry.row, downloadDir } }, { step: "removed", folder });
    if (failure !== null) throw failure;
  }

  async #resumeRemoval(entry: Entry): Promise<void> {
    if (entry.folder === null || entry.row.row === null) {
      await this.#setStep(entry, { step: "removed" });
      return;
    }
    // Which files are its own is known to its resume data.
    const { owner } = this.#parts;
    const torrent = await owner.begin(entry.row, { paused: true });
    await this.#takeAway(entry, torrent, await owner.neededElsewhere(torrent));
  }

  async #endRestoring({ torrent, folder, row }: Entry): Promise<void> {
    if (folder !== null) {
      await moveTree(folder, row.downloadDir);
      await tidyTrash(folder);
    }
    const { database } = this.#parts;
    const { query } = database;
    await database.batch([
      query.updateTable("torrents").set({ removedAt: null }).where("id", "=", torrent).compile(),
      query.deleteFrom("trash").where("torrent", "=", torrent).compile(),
      query.deleteFrom("retired").where("torrent", "=", torrent).compile(),
      query.deleteFrom("history").where("torrent", "=", torrent).where("outcome", "=", "cancelled").compile(),
    ]);
    this.#entries.delete(torrent);
  }

  async #purge(entry: Entry): Promise<void> {
    const { database, files, owner } = this.#parts;
    const { torrent, folder, row } = entry;
    if (folder !== null) await emptyTrash(folder);
    const twin = owner.list().find(({ record }) => record.key === row.key);
    // What has stayed may be shared or gone on with as long as it is known: `forgetRetired`.
    if (folder !== null || !hasData(row)) await this.#forgetResume(row);
    const others = [...this.#entries.values()].filter((other) => other.row.key === row.key);
    if (twin === undefined && others.length === 1) await files.remove(row.key);
    const { query } = database;
    await database.batch([
      query.deleteFrom("torrents").where("id", "=", torrent).compile(),
      query.deleteFrom("trash").where("torrent", "=", torrent).compile(),
    ]);
    this.#entries.delete(torrent);
  }

  /** Unless it is that of a transfer that is on the list, or in the trash besides this one. */
  async #forgetResume(row: Selectable<TorrentTable>): Promise<void> {
    const { session, owner } = this.#parts;
    const isNeeded =
      owner
        .list()
        .some(({ record, torrent }) => record.key === row.key && torrent.downloadDir === row.downloadDir) ||
      [...this.#entries.values()].some(
        (other) =>
          other.torrent !== row.id && other.row.key === row.key && other.row.downloadDir === row.downloadDir,
      );
    if (isNeeded) return;
    try {
      await session.forgetResume(hashesOf(row), row.downloadDir);
    } catch (error) {
      // Somebody else works on it: then it is theirs.
      if (!(error instanceof ShoalError) || error.code !== "ERR_LOCKED") throw error;
    }
  }

  async #setStep(entry: Entry, change: Partial<Pick<TrashTable, "step" | "folder">>): Promise<void> {
    const { database } = this.#parts;
    const { query } = database;
    const { torrent, row } = entry;
    await database.batch([
      query.updateTable("trash").set(change).where("torrent", "=", torrent).compile(),
      query.updateTable("torrents").set({ downloadDir: row.downloadDir }).where("id", "=", torrent).compile(),
    ]);
    this.#entries.set(torrent, { ...entry, ...change });
  }

  #find(id: number): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.step !== "removed") throw nothingThere(id);
    return entry;
  }

  #schedule(): void {
    if (this.#closed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const keepMs = this.#parts.keepMs() ?? 0;
    let next = Infinity;
    for (const { at, step } of this.#entries.values())
      if (step === "removed") next = Math.min(next, at + keepMs);
    if (next === Infinity) return;
    const wait = Math.min(MAX_TIMER_MS, Math.max(0, next - this.#parts.now()));
    this.#timer = setTimeout(() => void this.#purgeDue(), wait).unref();
  }

  async #purgeDue(): Promise<void> {
    const { keepMs, now } = this.#parts;
    const due = now() - (keepMs() ?? 0);
    for (const { torrent, at, step } of [...this.#entries.values()]) {
      if (step !== "removed" || at > due || this.#closed) continue;
      await this.#inTurn(async () => {
        const entry = this.#entries.get(torrent);
        if (entry?.step !== "removed") return;
        await this.#purge(entry).catch(async (error: unknown) => {
          this.#onTrouble(entry)(error);
          await this.#setStep({ ...entry, at: now() + RETRY_MS }, {});
        });
      });
    }
    this.#schedule();
  }

  /** What goes wrong with one removal does not keep the others. */
  #onTrouble({ torrent, row }: Entry): (error: unknown) => void {
    return (error) =>
      this.#parts.log.error("a removal could not be ended", { id: torrent, name: row.name, error });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => undefined);
    return done;
  }
}

function nothingThere(id: number | null = null): ApiError {
  const message = id === null ? "There is no removal to undo" : `Transfer ${id} can't be brought back`;
  const advice =
    "Removals can be undone for a while: shoal config get trash.keep. Later: shoal history --retry ID";
  return new ApiError(404, "ERR_NOT_FOUND", message, advice);
}

/** Throws ProtocolError for a source that is none. */
function keyOf({ magnet, torrentBytes, infoHash = "" }: Source): string {
  if (torrentBytes !== undefined) return primaryKey(parseMetainfo(torrentBytes).infoHashes);
  if (magnet === undefined) return infoHash.toLowerCase().slice(0, 40);
  return primaryKey((typeof magnet === "string" ? parseMagnet(magnet) : magnet).infoHashes);
}

/** Something of it was there. */
function hasData({ row }: Selectable<TorrentTable>): boolean {
  return row !== null && (JSON.parse(row) as TorrentRow).have > 0;
}

/** As far as they are known. */
function hashesOf({ key, row }: Selectable<TorrentTable>): InfoHashes {
  const { v1, v2 } = row === null ? { v1: key, v2: null } : (JSON.parse(row) as TorrentRow);
  const bytes = (hex: string | null): Uint8Array | null =>
    hex === null ? null : new Uint8Array(Buffer.from(hex, "hex"));
  return { v1: bytes(v1), v2: bytes(v2) };
}
