import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  createTorrent,
  type CreateOptions,
  fingerprintContent,
  type Log,
  parseMetainfo,
  primaryKey,
  ShoalError,
} from "@shoal/engine";
import type { NewShare, Share } from "@shoal/schema";
import { ApiError, type Database } from "@shoal/server";
import { writeWhole } from "../files/write-whole.ts";
import picomatch from "picomatch";
import type { Tables } from "../state/tables.ts";
import type { Transfers } from "../transfers.ts";
import { knownContent } from "./known-content.ts";
import { type MadeKey, madeKey, MadeTorrents } from "./made-torrents.ts";
import { NO_WISHES } from "../transfer-record.ts";

/** Shares that have come to their end and can still be asked for. */
const MOST_ENDED = 256;
/** Paths that may wait for their turn. */
const MOST_WAITING = 1_000;

/** How paths are to be shared. */
export type ShareWish = Omit<NewShare, "paths">;

type Changing<T> = { -readonly [K in keyof T]: T[K] };

interface Entry {
  readonly view: Changing<Share>;
  readonly wish: ShareWish;
  readonly abort: AbortController;
}

export interface ShareParts {
  readonly transfers: Transfers;
  readonly database: Database<Tables>;
  /** For .torrent files made here. */
  readonly torrentsDir: string;
  readonly stateDir: string;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes torrents of what the user wants to share, one after another, and adds them as transfers. What waits outlives the process. */
export class Shares {
  readonly #parts: ShareParts;
  readonly #made: MadeTorrents;
  readonly #entries: Map<number, Entry> = new Map();
  readonly #listeners: Set<(share: Share) => void> = new Set();
  #working: Promise<void> | null = null;
  #closed = false;

  private constructor(parts: ShareParts) {
    this.#parts = parts;
    this.#made = new MadeTorrents(parts.stateDir);
  }

  /** Goes on with what an earlier run has not got to. */
  static async open(parts: ShareParts): Promise<Shares> {
    const shares = new Shares(parts);
    const rows = await parts.database.query.selectFrom("shares").selectAll().orderBy("id").execute();
    for (const { id, path, wish, addedAt } of rows)
      shares.#enter(id, path, JSON.parse(wish) as ShareWish, addedAt);
    shares.#work();
    return shares;
  }

  list(): Share[] {
    return [...this.#entries.values()].map(({ view }) => ({ ...view }));
  }

  /** Throws ApiError ERR_NOT_FOUND. */
  get(id: number): Share {
    return { ...this.#find(id).view };
  }

  /** Tells of each change; of hashing after each piece. */
  on(listener: (share: Share) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Throws what can be told at once: a path that is not there, or options that can't be. Then nothing has changed. */
  async add({ paths, ...wish }: NewShare): Promise<Share[]> {
    if (paths.length > 1 && wish.name !== undefined)
      throw new ApiError(400, "ERR_VALIDATION", "A name is for one torrent, but several paths are given");
    const waiting = [...this.#entries.values()].filter(({ view }) => view.state === "waiting").length;
    if (waiting + paths.length > MOST_WAITING)
      throw new ApiError(
        429,
        "ERR_BUSY",
        `${waiting} paths wait to be shared already`,
        "Share the rest later.",
      );
    for (const path of paths) await assertReadable(path);
    const { query } = this.#parts.database;
    const addedAt = new Date(this.#parts.now()).toISOString();
    const text = JSON.stringify(wish);
    const rows = await query
      .insertInto("shares")
      .values(paths.map((path) => ({ path, wish: text, addedAt })))
      .returning("id")
      .execute();
    const added = rows.map(({ id }, index) => this.#enter(id, paths[index]!, wish, addedAt));
    this.#work();
    return added.map(({ view }) => ({ ...view }));
  }

  /** Gives up what is not shared yet. Throws ApiError ERR_NOT_FOUND, and ERR_DONE when it is too late. */
  async cancel(id: number): Promise<void> {
    const { view, abort } = this.#find(id);
    if (view.state !== "waiting" && view.state !== "hashing")
      throw new ApiError(
        409,
        "ERR_DONE",
        view.state === "shared"
          ? `It is transfer ${view.torrentId} already`
          : "It has come to its end already",
      );
    abort.abort();
    await this.#end(view, { state: "cancelled" });
  }

  /** What is not finished goes on in the next run. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { abort } of this.#entries.values()) abort.abort();
    await this.#working;
  }

  #enter(id: number, path: string, wish: ShareWish, addedAt: string): Entry {
    const view: Share = {
      id,
      path,
      state: "waiting",
      doneBytes: 0,
      totalBytes: null,
      torrentId: null,
      unchanged: false,
      warnings: [],
      error: null,
      addedAt,
    };
    const entry: Entry = { view, wish, abort: new AbortController() };
    this.#entries.set(id, entry);
    return entry;
  }

  #find(id: number): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new ApiError(404, "ERR_NOT_FOUND", `There is no share ${id}`);
    return entry;
  }

  #work(): void {
    this.#working ??= this.#workAll().finally(() => {
      this.#working = null;
    });
  }

  async #workAll(): Promise<void> {
    for (;;) {
      const entry = [...this.#entries.values()].find(({ view }) => view.state === "waiting");
      if (entry === undefined || this.#closed) return;
      await this.#share(entry);
    }
  }

  async #share(entry: Entry): Promise<void> {
    const { view, abort } = entry;
    this.#change(view, { state: "hashing" });
    try {
      const torrentId = await this.#add(entry);
      if (torrentId !== null) await this.#end(view, { state: "shared", torrentId });
    } catch (error) {
      if (abort.signal.aborted || this.#closed) return;
      const known = error instanceof ShoalError || error instanceof ApiError;
      if (!known) this.#parts.log.error("sharing failed", { path: view.path, error });
      const { message } = error as Error;
      await this.#end(view, {
        state: "failed",
        error: { code: known ? error.code : "ERR_INTERNAL", message },
      });
    }
  }

  /** The number of the transfer; null when it was given up meanwhile. */
  async #add({ view, wish, abort: { signal } }: Entry): Promise<number | null> {
    const { transfers } = this.#parts;
    const { path } = view;
    const found = await this.#torrentOf(view, wish, signal);
    if (signal.aborted) return null;
    const place = { downloadDir: dirname(path), rootName: basename(path) };
    const { name } = parseMetainfo(found.bytes);
    try {
      const transfer = await transfers.add({
        source: { torrentBytes: found.bytes },
        downloadDir: place.downloadDir,
        ...NO_WISHES,
        labels: wish.labels ?? [],
        peers: [],
        trackers: [],
        share: {
          rootName: name === place.rootName ? null : place.rootName,
          hashed: found.fresh,
          verify: wish.verify ?? "stat",
        },
      });
      return transfer.id;
    } catch (error) {
      const twin =
        error instanceof ShoalError && error.code === "ERR_DUPLICATE_TORRENT"
          ? transfers.twinOf(error)
          : null;
      if (twin === null) throw error;
      if (!twin.mayRun || twin.torrent.state === "error") await transfers.resume(twin);
      return twin.id;
    }
  }

  /** The torrent of what lies there: the one made before, or of which it was fetched, when nothing has changed since. */
  async #torrentOf(
    view: Changing<Share>,
    wish: ShareWish,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array; readonly fresh: boolean }> {
    const { path } = view;
    const { exclude = [] } = wish;
    const options = createOptions(wish);
    const leavesOut = exclude.length === 0 ? undefined : picomatch([...exclude], { dot: true });
    if (wish.verify !== "full") {
      const look = await fingerprintContent(path, signal, leavesOut);
      const { fingerprint, warnings } = look;
      const bytes =
        (await this.#remembered(madeKey(path, options, exclude, fingerprint))) ??
        (await knownContent(this.#parts, { path, look }, wish));
      if (bytes !== null) {
        this.#change(view, { unchanged: true, warnings: [...warnings] });
        return { bytes, fresh: false };
      }
    }
    const made = await createTorrent(
      path,
      options,
      ({ done, total }) => this.#change(view, { doneBytes: done, totalBytes: total }),
      signal,
      leavesOut,
    );
    this.#change(view, { warnings: [...made.warnings] });
    const file = join(this.#parts.torrentsDir, `${primaryKey(made.metainfo.infoHashes)}.torrent`);
    await writeWhole(file, made.bytes);
    await this.#made.remember(madeKey(path, options, exclude, made.fingerprint), file);
    return { bytes: made.bytes, fresh: true };
  }

  /** Whatever is wrong with it, the files are hashed then. */
  async #remembered(key: MadeKey): Promise<Uint8Array | null> {
    const file = await this.#made.find(key);
    if (file === null) return null;
    try {
      const bytes = new Uint8Array(await readFile(file));
      parseMetainfo(bytes);
      return bytes;
    } catch {
      return null;
    }
  }

  #change(view: Changing<Share>, change: Partial<Share>): void {
    if (view.state === "cancelled") return;
    Object.assign(view, change);
    for (const listener of this.#listeners) listener({ ...view });
  }

  async #end(view: Changing<Share>, change: Partial<Share>): Promise<void> {
    this.#change(view, change);
    await this.#parts.database.query.deleteFrom("shares").where("id", "=", view.id).execute();
    const ended = [...this.#entries.values()].filter(
      ({ view: { state } }) => state !== "waiting" && state !== "hashing",
    );
    for (const { view: old } of ended.slice(0, -MOST_ENDED)) this.#entries.delete(old.id);
  }
}

async function assertReadable(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    throw isMissing
      ? new ApiError(404, "ERR_NOT_FOUND", `${path} does not exist`)
      : new ApiError(409, "ERR_DISK", `${path} can't be read (${code ?? "unknown reason"})`);
  }
}

function createOptions(wish: ShareWish): CreateOptions {
  const { kind = "hybrid", pieceSize, name, trackers = [], webSeeds = [], comment, source } = wish;
  return {
    kind,
    // Each tracker in a tier of its own: all are tried in turn.
    trackers: [...new Set(trackers)].map((url) => [url]),
    webSeeds: [...new Set(webSeeds)],
    private: wish.private ?? false,
    ...(pieceSize === undefined ? {} : { pieceLength: pieceSize }),
    ...(name === undefined ? {} : { name }),
    ...(comment === undefined ? {} : { comment }),
    ...(source === undefined ? {} : { source }),
  };
}
