import { formatMagnet, type Log, type Metainfo, primaryKey, safePaths } from "@shoal/engine";
import { ApiError, type Compiled, type Database } from "@shoal/server";
import type { Tables } from "../state/tables.ts";
import type { Transfer } from "../transfer.ts";
import type { Transfers } from "../transfers.ts";
import { fileId } from "./file-id.ts";

/** Rows written at a time. */
const BATCH = 500;
/** Shortest prefix of a file id that names a file. */
const MIN_PREFIX = 6;
/** Torrents of which a file is shown. */
const MOST_PLACES = 50;

/** A file of a torrent that is or was here. */
export interface KnownFile {
  readonly fileId: string;
  /** Hex of the torrent's primary info-hash. */
  readonly key: string;
  readonly torrentName: string;
  /** In the torrent's layout. */
  readonly fileIndex: number;
  /** Below the download folder, as the torrent has it. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly magnet: string;
}

/** Which files there are in all torrents of which the metadata was ever known here, by file id. */
export class FileIndex {
  readonly #database: Database<Tables>;
  readonly #transfers: Transfers;
  readonly #log: Log;
  readonly #known: Set<string>;
  readonly #unlisten: () => void;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(database: Database<Tables>, transfers: Transfers, log: Log, known: Set<string>) {
    this.#database = database;
    this.#transfers = transfers;
    this.#log = log;
    this.#known = known;
    this.#unlisten = transfers.on((event) => {
      const isNew = event.type === "torrent" ? event.event.type === "metadata" : event.type === "added";
      if (isNew) this.#later(event.transfer);
    });
    for (const transfer of transfers.list()) if (!known.has(transfer.record.key)) this.#later(transfer);
  }

  /** Torrents that nothing else tells of any more are forgotten. */
  static async open(database: Database<Tables>, transfers: Transfers, log: Log): Promise<FileIndex> {
    const { query } = database;
    const gone = query
      .selectFrom("knownTorrents")
      .select("key")
      .where("key", "not in", query.selectFrom("torrents").select("key"))
      .where("key", "not in", query.selectFrom("history").select("key"));
    await database.batch([
      query.deleteFrom("knownFiles").where("key", "in", gone).compile(),
      query.deleteFrom("knownTorrents").where("key", "in", gone).compile(),
    ]);
    const rows = await query.selectFrom("knownTorrents").select("key").execute();
    return new FileIndex(database, transfers, log, new Set(rows.map(({ key }) => key)));
  }

  /**
   * Where the one file is whose id begins so; in torrents that are on the list first. Throws ApiError ERR_VALIDATION, ERR_NOT_FOUND, and
   * ERR_AMBIGUOUS when there are several.
   */
  async find(prefix: string): Promise<readonly [KnownFile, ...KnownFile[]]> {
    const text = prefix.toLowerCase();
    if (text.length < MIN_PREFIX || !/^[0-9a-f]+(?::\d*)?$/.test(text))
      throw new ApiError(
        400,
        "ERR_VALIDATION",
        `A file id is at least ${MIN_PREFIX} digits from 0 to 9 and a to f`,
      );
    await this.#work;
    const rows = await this.#database.query
      .selectFrom("knownFiles")
      .innerJoin("knownTorrents", "knownTorrents.key", "knownFiles.key")
      .select(["fileId", "knownFiles.key", "fileIndex", "path", "size", "name as torrentName", "magnet"])
      .where("fileId", ">=", text)
      .where("fileId", "<", `${text}~`)
      .limit(MOST_PLACES)
      .execute();
    // The whole id of a v1 file may be the beginning of another one's.
    const exact = rows.filter(({ fileId: id }) => id === text);
    const found = exact.length > 0 ? exact : rows;
    const [first] = found;
    if (first === undefined)
      throw new ApiError(404, "ERR_NOT_FOUND", `No file is known whose id begins with ${text}`);
    const others = new Set(found.map(({ fileId: id }) => id)).size;
    if (others > 1)
      throw new ApiError(
        409,
        "ERR_AMBIGUOUS",
        `${others} files have ids that begin with ${text}`,
        "Give more of it.",
      );
    const [best = first, ...rest] = found.toSorted(
      (a, b) => Number(this.transferOf(b) !== null) - Number(this.transferOf(a) !== null),
    );
    return [best, ...rest];
  }

  /** The transfer on the list that has it. */
  transferOf({ key }: KnownFile): Transfer | null {
    return this.#transfers.list().find(({ record }) => record.key === key) ?? null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    await this.#work;
  }

  #later(transfer: Transfer): void {
    this.#work = this.#work
      .then(() => this.#take(transfer))
      .catch((error: unknown) => {
        this.#log.warn("the files of a transfer could not be listed", { id: transfer.id, error });
      });
  }

  async #take(transfer: Transfer): Promise<void> {
    if (this.#closed || this.#known.has(transfer.record.key)) return;
    const metainfo = await this.#transfers.metainfo(transfer);
    if (metainfo === null) return;
    const key = primaryKey(metainfo.infoHashes);
    const statements = this.#rowsOf(key, metainfo);
    for (let at = 0; at < statements.length; at += BATCH)
      await this.#database.batch(statements.slice(at, at + BATCH));
    this.#known.add(key);
  }

  #rowsOf(key: string, metainfo: Metainfo): Compiled[] {
    const { query } = this.#database;
    const { name, multiFile, layout, infoHashes, trackers } = metainfo;
    const { paths } = safePaths(name, multiFile, layout.files);
    const magnet = formatMagnet({
      infoHashes,
      name,
      trackers: trackers.flat(),
      webSeeds: [],
      peers: [],
      exactLength: null,
      selectOnly: null,
    });
    const rows = layout.files
      .filter(({ pad, symlink, size }) => !pad && symlink === null && size > 0)
      .map(({ index, size }) =>
        query
          .insertInto("knownFiles")
          .orReplace()
          .values({ fileId: fileId(metainfo, index), key, fileIndex: index, path: paths[index]!, size })
          .compile(),
      );
    // Last: a torrent whose files are not all there is listed anew.
    return [...rows, query.insertInto("knownTorrents").orReplace().values({ key, name, magnet }).compile()];
  }
}
