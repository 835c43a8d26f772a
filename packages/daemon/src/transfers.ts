import { randomUUID } from "node:crypto";
import {
  type Hold,
  encodeTorrent,
  type Log,
  type Metainfo,
  parseMetainfo,
  primaryKey,
  type Session,
  type ShoalError,
  type Torrent,
  type TorrentEvent,
} from "@shoal/engine";
import { ApiError, type Database } from "@shoal/server";
import type { Selectable } from "kysely";
import type { Tables, TorrentTable } from "./state/tables.ts";
import { TorrentFiles } from "./state/torrent-files.ts";
import { neededElsewhere } from "./trash/needed-elsewhere.ts";
import { reborn } from "./trash/retired.ts";
import { Trash } from "./trash/trash.ts";
import { importedState } from "./import/imported.ts";
import { type HoldName, Transfer } from "./transfer.ts";
import { placeOf } from "./completion/incomplete-place.ts";
import { newRecord, recordOf, wishColumns, type Wishes, type TransferRecord } from "./transfer-record.ts";
import { FileChoice } from "./edits/file-choice.ts";
import { linkOf } from "./link-of.ts";
import { type BeginHow, selectBy, sharedPlace, storedTorrent } from "./stored-torrent.ts";
import type { NewTransfer } from "./new-transfer.ts";
import { TransferRows } from "./transfer-rows.ts";

const GOAL_FIELDS = { ratio: "ratio", time: "timeMs", idle: "idleMs" } as const;

/** What is needed besides the engine. */
export interface TransferParts {
  readonly session: Session;
  readonly database: Database<Tables>;
  /** Folder of the .torrent files. */
  readonly torrentsDir: string;
  /** Where downloads lie until they are complete, absolute; null: where they belong. */
  readonly incompleteDir: () => string | null;
  /** How long a removal can be undone, milliseconds; null: not at all. */
  readonly trashKeepMs: () => number | null;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Restored: it had been removed; again: as one was that was gone. */
export type AddedHow = "new" | "restored" | "again";

/** What happens to transfers; `torrent` is what the engine tells of one. */
export type TransferEvent =
  | { readonly type: "added"; readonly transfer: Transfer; readonly how: AddedHow }
  | {
      readonly type: "removed" | "finished" | "changed" | "resumed" | "retried";
      readonly transfer: Transfer;
    }
  | { readonly type: "torrent"; readonly transfer: Transfer; readonly event: TorrentEvent };

/** All transfers of one node: they outlive the process. */
export class Transfers {
  /** What was removed lately. */
  readonly trash: Trash;
  readonly #parts: TransferParts;
  readonly #files: TorrentFiles;
  readonly #byId: Map<number, Transfer> = new Map();
  readonly #byTorrent: Map<Torrent, Transfer> = new Map();
  readonly #rows: TransferRows;
  readonly #listeners: Set<(event: TransferEvent) => void> = new Set();
  /** Of which the engine has told something. */
  readonly #stirred: WeakSet<Transfer> = new WeakSet();

  private constructor(parts: TransferParts, files: TorrentFiles) {
    this.#parts = parts;
    this.#files = files;
    this.#rows = new TransferRows({ ...parts, isListed: (transfer) => this.has(transfer) });
    this.trash = new Trash({ ...parts, files, keepMs: parts.trashKeepMs, owner: this });
  }

  /** Takes up what an earlier run left. */
  static async open(parts: TransferParts): Promise<Transfers> {
    const transfers = new Transfers(parts, await TorrentFiles.open(parts.torrentsDir));
    await transfers.trash.open();
    parts.session.explainHolds((torrent) => transfers.#byTorrent.get(torrent)?.hold ?? null);
    parts.session.on((event) => {
      if (event.type === "torrent") transfers.#onEvent(event.torrent, event.event);
    });
    // Who comes first in the queue runs first; the list is in the order of the numbers.
    for (const row of await transfers.#rows.listed()) {
      await transfers.#take(row).catch((error: unknown) => {
        // It stays in the database, and is tried again by the next run.
        parts.log.error("a transfer could not be taken up", { id: row.id, name: row.name, error });
      });
    }
    const byNumber = transfers.list().sort((a, b) => a.id - b.id);
    transfers.#byId.clear();
    for (const transfer of byNumber) transfers.#byId.set(transfer.id, transfer);
    await transfers.trash.start();
    return transfers;
  }

  list(): Transfer[] {
    return [...this.#byId.values()];
  }

  /** Something of ours, not the engine's, may have changed about a transfer, which may be gone. Returns what ends it. */
  onChange(listener: (transfer: Transfer) => void): () => void {
    return this.#rows.onChange(listener);
  }

  /** The transfer of one of the engine's torrents. */
  of(torrent: Torrent): Transfer | undefined {
    return this.#byTorrent.get(torrent);
  }

  /** Whether this very transfer is on the list. */
  has(transfer: Transfer): boolean {
    return this.#byId.get(transfer.id) === transfer;
  }

  find(id: number): Transfer | undefined {
    return this.#byId.get(id);
  }

  /** Throws ApiError ERR_NOT_FOUND. */
  get(id: number): Transfer {
    const transfer = this.#byId.get(id);
    if (transfer === undefined) throw new ApiError(404, "ERR_NOT_FOUND", `There is no transfer ${id}`);
    return transfer;
  }

  on(listener: (event: TransferEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The one that is there already, of which an ERR_DUPLICATE_TORRENT tells. */
  twinOf({ details }: ShoalError): Transfer | null {
    return this.list().find(({ hash }) => hash === details["id"]) ?? null;
  }

  /** What its .torrent file says, without waking it up; null while that is unknown. */
  async metainfo({ torrent, record }: Transfer): Promise<Metainfo | null> {
    if (torrent.metainfo !== null) return torrent.metainfo;
    return torrent.row() === null ? null : parseMetainfo(await this.#files.load(record.key));
  }

  /** Its .torrent file, with the trackers as they are now; null while its files are not known. */
  async torrentBytes(transfer: Transfer): Promise<Uint8Array | null> {
    const metainfo = await this.metainfo(transfer);
    const { tiers } = transfer.torrent;
    return metainfo === null ? null : encodeTorrent({ ...metainfo, trackers: tiers });
  }

  /** The .torrent file of a transfer that may be gone, by its key; null when there is none any more. */
  torrentFile(key: string): Promise<Uint8Array | null> {
    return this.#files.find(key);
  }

  /** Where its .torrent file lies, or will lie. */
  metainfoFile({ record }: Transfer): string {
    return this.#files.path(record.key);
  }

  /** Throws what `Session.add` throws; then nothing has changed. */
  async add(wanted: NewTransfer): Promise<Transfer> {
    const { session } = this.#parts;
    const { source, paused, sequential, firstLast, limits, share, imported } = wanted;
    const { downloadDir, finalDir } =
      share === undefined && imported === undefined
        ? await placeOf(wanted, this.#parts.incompleteDir())
        : { downloadDir: wanted.downloadDir, finalDir: null };
    const magnet = linkOf(source, wanted.trackers);
    const files = wanted.files ?? (source.torrentBytes === undefined ? new FileChoice() : null);
    const wishes = { ...wanted, files };
    const addedAt = imported?.addedAt ?? this.#time();
    await this.trash.makeWay(source, downloadDir);
    // It rests only once its files are known, and then its .torrent file is kept.
    const load = (): Promise<Uint8Array> => this.#files.load(primaryKey(torrent.infoHashes));
    const torrent = await session.add({
      ...source,
      load,
      downloadDir,
      paused,
      sequential,
      firstLast,
      forced: wanted.forced,
      limits,
      peers: wanted.peers,
      trackers: wanted.trackers,
      ...selectBy(files, magnet),
      ...(imported === undefined ? {} : importedState(imported)),
      ...(share === undefined
        ? {}
        : { ...sharedPlace(share.rootName), hashed: share.hashed, verify: share.verify }),
    });
    const key = primaryKey(torrent.infoHashes);
    const { id } = await this.#rows.insert({
      key,
      name: torrent.name,
      downloadDir,
      magnet,
      ...wishColumns(wishes),
      rank: torrent.rank,
      seedOnly: Number(share !== undefined),
      rootName: share?.rootName ?? null,
      peers: JSON.stringify(wanted.peers),
      finalDir,
      addedAt,
    });
    const transfer = new Transfer(
      newRecord(id, wishes, { key, magnet, addedAt, seedOnly: share !== undefined, finalDir }),
      torrent,
    );
    transfer.record.finishedAt = imported?.finishedAt ?? null;
    this.#enter(transfer);
    await this.#keepMetainfo(transfer);
    await this.saveNow(transfer);
    this.#tell({ type: "added", transfer, how: "new" });
    // Before it was known here.
    if (torrent.row()?.complete === true) this.#finish(transfer);
    return transfer;
  }

  /** Resolves when it is at rest and will be after a crash. */
  async pause(transfer: Transfer): Promise<void> {
    transfer.record.paused = true;
    this.#rows.mark(transfer);
    await Promise.all([transfer.torrent.pause(), this.save()]);
  }

  /** A rule stops it until `release`, whatever its user does meanwhile. `why` is what people read. */
  async hold(transfer: Transfer, rule: HoldName, why: Hold): Promise<void> {
    transfer.holds.set(rule, why);
    this.touch(transfer);
    await transfer.torrent.pause();
  }

  /** The rule stops it no more: it goes on, unless something else keeps it. */
  release(transfer: Transfer, rule: HoldName): void {
    if (!transfer.holds.delete(rule)) return;
    this.touch(transfer);
    if (transfer.mayRun) transfer.torrent.resume();
  }

  async resume(transfer: Transfer): Promise<void> {
    const { record } = transfer;
    record.paused = false;
    // Who goes on all the same wants more than that goal.
    if (record.reached !== null) record.goals = { ...record.goals, [GOAL_FIELDS[record.reached]]: null };
    this.#rows.mark(transfer);
    if (record.reached !== null) this.#tell({ type: "changed", transfer });
    if (transfer.torrent.error !== null) this.#tell({ type: "retried", transfer });
    if (transfer.mayRun) transfer.torrent.resume();
    this.#tell({ type: "resumed", transfer });
    await this.save();
  }

  /** Changes what the user wants of it. Resolves when that is durable. */
  async change(transfer: Transfer, changes: Partial<Wishes>): Promise<void> {
    const { record, torrent } = transfer;
    // Throws when they can't be; those that are not named stay.
    if (changes.limits !== undefined) torrent.setLimits(changes.limits);
    Object.assign(record, changes, { limits: { ...record.limits, ...changes.limits } });
    this.#rows.mark(transfer);
    if (changes.forced !== undefined) torrent.setForced(changes.forced);
    this.#tell({ type: "changed", transfer });
    await Promise.all([
      changes.sequential === undefined ? null : torrent.setSequential(changes.sequential),
      changes.firstLast === undefined ? null : torrent.setFirstLast(changes.firstLast),
      this.save(),
    ]);
  }

  /** Takes it off the list, from where `trash` brings it back; see `Trash.put`. */
  remove(transfer: Transfer, deleteFiles: boolean, batch: string = randomUUID()): Promise<void> {
    return this.trash.put(transfer, deleteFiles, batch);
  }

  /** For the trash: off the list; true unless it was not on it. */
  detach(transfer: Transfer): boolean {
    if (!this.has(transfer)) return false;
    this.#byId.delete(transfer.id);
    this.#byTorrent.delete(transfer.torrent);
    this.#rows.forget(transfer);
    this.#tell({ type: "removed", transfer });
    return true;
  }

  /** For the trash: on the list again, as nothing has happened. */
  attach(transfer: Transfer): void {
    this.#enter(transfer);
    this.touch(transfer);
    this.#tell({ type: "added", transfer, how: "restored" });
  }

  /** For the trash: files (absolute paths) that others than this torrent have, too. */
  neededElsewhere(torrent: Torrent): Promise<ReadonlySet<string>> {
    return neededElsewhere(torrent, this.list());
  }

  /** Writes what has changed. */
  save(): Promise<void> {
    return this.#rows.save();
  }

  /** Writes what is kept of these. */
  saveNow(...transfers: readonly Transfer[]): Promise<void> {
    for (const transfer of transfers) this.#rows.mark(transfer);
    return this.save();
  }

  async close(): Promise<void> {
    this.#rows.close();
    await this.trash.close();
    // Of those that were at rest all the time nothing has changed.
    for (const transfer of this.#byId.values())
      if (this.#stirred.has(transfer) || !transfer.torrent.isAtRest) this.#rows.mark(transfer);
    await this.save();
  }

  /** Adds a transfer as one was that is gone: see `retiredRow`. Throws what `Session.add` throws. */
  async addAgain(wishes: string, metainfo: Uint8Array | null): Promise<Transfer> {
    const row = reborn(wishes, await this.#rows.columns(), this.#time());
    if (metainfo !== null) await this.#files.keep(row.key, metainfo);
    const stored = await this.#rows.insert(row);
    try {
      return await this.load(stored, "again");
    } catch (error) {
      await this.#rows.delete(stored.id);
      throw error;
    }
  }

  /** Puts the transfer of a row on the list. Throws what `Session.add` throws. */
  async load(stored: Selectable<TorrentTable>, how: AddedHow): Promise<Transfer> {
    const transfer = await this.#take(stored);
    this.touch(transfer);
    this.#tell({ type: "added", transfer, how });
    return transfer;
  }

  async #take(stored: Selectable<TorrentTable>): Promise<Transfer> {
    const record = recordOf(stored);
    const transfer = new Transfer(record, await this.begin(stored, {}, record));
    transfer.hasTorrentFile = stored.row !== null;
    if (!transfer.hasTorrentFile) await this.#keepMetainfo(transfer);
    this.#enter(transfer);
    return transfer;
  }

  /** Adds the torrent of a row to the session, at rest as far as possible. */
  async begin(
    stored: Selectable<TorrentTable>,
    how: BeginHow = {},
    record: TransferRecord = recordOf(stored),
  ): Promise<Torrent> {
    return this.#parts.session.add(await storedTorrent(stored, this.#files, how, record));
  }

  #enter(transfer: Transfer): void {
    this.#byId.set(transfer.id, transfer);
    this.#byTorrent.set(transfer.torrent, transfer);
  }

  #onEvent(torrent: Torrent, event: TorrentEvent): void {
    const transfer = this.#byTorrent.get(torrent);
    if (transfer === undefined) return;
    if (event.type === "metadata") {
      this.#keepMetainfo(transfer).catch((error: unknown) => {
        this.#parts.log.error("a torrent file could not be written", { id: transfer.id, error });
      });
    }
    this.#stirred.add(transfer);
    this.touch(transfer);
    this.#tell({ type: "torrent", transfer, event });
    if (event.type === "complete") this.#finish(transfer);
  }

  #finish(transfer: Transfer): void {
    const { record, torrent } = transfer;
    if (record.seedOnly || record.finishedAt !== null) return;
    record.finishedAt = this.#time();
    // What was there from the start has not been fetched: nobody waits for it.
    record.completing = record.finalDir !== null || torrent.stats().downloaded > 0;
    if (record.completing) this.#tell({ type: "finished", transfer });
  }

  #tell(event: TransferEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #keepMetainfo(transfer: Transfer): Promise<void> {
    const { torrent, record } = transfer;
    if (torrent.metainfo === null) return;
    record.key = primaryKey(torrent.infoHashes);
    await this.#files.keep(record.key, encodeTorrent(torrent.metainfo));
    transfer.hasTorrentFile = true;
    this.touch(transfer);
  }

  /** What is kept of it is written soon. */
  touch(transfer: Transfer): void {
    this.#rows.touch(transfer);
  }

  #time(): string {
    return new Date(this.#parts.now()).toISOString();
  }
}
