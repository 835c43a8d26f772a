import { mkdir } from "node:fs/promises";
import {
  createSession,
  type Log,
  openHttp,
  ProcessLock,
  type Session,
  type SessionOptions,
} from "@shoal/engine";
import { Identity } from "@shoal/network";
import type { AddTorrent, GetFile } from "@shoal/schema";
import { type Database, Tokens } from "@shoal/server";
import { Completions } from "./completion/completions.ts";
import { CompletionHook } from "./completion/hook.ts";
import { NoticeBoard } from "./notices/notice-board.ts";
import { TorrentFetcher } from "./fetch/torrent-fetcher.ts";
import { Doctor } from "./doctor/doctor.ts";
import { History } from "./ledger/history.ts";
import { Limits } from "./limits/limits.ts";
import { Ledger } from "./ledger/ledger.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { Live } from "./live/live.ts";
import { LogTap } from "./live/log-tap.ts";
import { Notices } from "./live/notices.ts";
import { tellOfTransfers } from "./live/transfer-notices.ts";
import { LogFile } from "./log/log-file.ts";
import type { Profile } from "./profile.ts";
import { assertRoom } from "./space/assert-room.ts";
import { FileIndex } from "./files/file-index.ts";
import { getFile } from "./files/get-file.ts";
import { Shares } from "./shares/shares.ts";
import type { Settings } from "./settings/settings.ts";
import { Moves } from "./edits/moves.ts";
import { Labels } from "./labels/labels.ts";
import { SharingGoals } from "./goals/sharing-goals.ts";
import { limitQueue, TransferQueue } from "./queue/transfer-queue.ts";
import { openState } from "./state/open-state.ts";
import type { Tables } from "./state/tables.ts";
import { tokenTable } from "./state/token-table.ts";
import { newTransfer } from "./new-transfer.ts";
import type { Transfer } from "./transfer.ts";
import { Transfers } from "./transfers.ts";
import { WatchFolders } from "./watch/watch-folders.ts";

export interface NodeOptions {
  readonly profile: Profile;
  readonly settings: Settings;
  readonly session: Partial<Omit<SessionOptions, "stateDir" | "log">>;
  /** The environment of programs that are run for the user. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads along with the log file. */
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface NodeParts {
  readonly file: LogFile;
  readonly lock: ProcessLock;
  readonly identity: Identity;
  readonly session: Session;
  readonly transfers: Transfers;
  readonly completions: Completions;
  readonly moves: Moves;
  readonly labels: Labels;
  readonly goals: SharingGoals;
  readonly board: NoticeBoard;
  readonly ledger: Ledger;
  readonly history: History;
  readonly limits: Limits;
  readonly shares: Shares;
  readonly fileIndex: FileIndex;
  readonly watchFolders: WatchFolders;
  readonly tokens: Tokens;
  readonly database: Database<Tables>;
  readonly log: LogTap;
  readonly notices: Notices;
}

/** One running node: the engine, what the user wants of it, and the state of both. */
export class ShoalNode {
  readonly profile: Profile;
  readonly settings: Settings;
  readonly identity: Identity;
  readonly session: Session;
  readonly transfers: Transfers;
  readonly completions: Completions;
  /** What is kept for people until they look in again. */
  readonly board: NoticeBoard;
  readonly ledger: Ledger;
  readonly history: History;
  readonly limits: Limits;
  readonly shares: Shares;
  readonly fileIndex: FileIndex;
  readonly torrentFetcher: TorrentFetcher;
  readonly watchFolders: WatchFolders;
  readonly moves: Moves;
  readonly labels: Labels;
  readonly queue: TransferQueue;
  readonly #goals: SharingGoals;
  readonly doctor: Doctor;
  readonly tokens: Tokens;
  /** For what a person may want to know at once. */
  readonly notices: Notices;
  readonly log: Log;
  /** Who changed what. */
  readonly audit: AuditLog;
  /** What goes on, for who watches. */
  readonly live: Live;
  readonly #database: Database<Tables>;
  readonly #lock: ProcessLock;
  readonly #file: LogFile;

  private constructor(options: NodeOptions, parts: NodeParts) {
    this.profile = options.profile;
    this.settings = options.settings;
    this.#lock = parts.lock;
    this.#file = parts.file;
    this.identity = parts.identity;
    this.session = parts.session;
    this.transfers = parts.transfers;
    this.completions = parts.completions;
    this.moves = parts.moves;
    this.labels = parts.labels;
    this.#goals = parts.goals;
    this.queue = new TransferQueue(parts);
    this.board = parts.board;
    this.ledger = parts.ledger;
    this.history = parts.history;
    this.limits = parts.limits;
    this.shares = parts.shares;
    this.fileIndex = parts.fileIndex;
    this.watchFolders = parts.watchFolders;
    this.settings.on(["downloads.reserve"], () =>
      this.session.limits.setSettings({ diskReserve: this.settings.get("downloads.reserve") }),
    );
    this.watchFolders.start((wanted) => this.add(wanted));
    this.tokens = parts.tokens;
    this.#database = parts.database;
    this.log = parts.log;
    this.notices = parts.notices;
    this.torrentFetcher = new TorrentFetcher(openHttp(options.session), () =>
      options.settings.get("downloads.privateUrls"),
    );
    this.audit = new AuditLog(parts.database, parts.log, options.now);
    this.live = new Live({ ...parts, downloadDir: () => this.downloadDir, now: options.now });
    tellOfTransfers(parts.session, parts.transfers, this.notices);
    const { offline, host, listen, proxy, proxyListen } = options.session;
    this.doctor = new Doctor({
      ...parts,
      profile: options.profile,
      settings: options.settings,
      isKept: offline === true || isLoopbackHost(host),
      isToListen: listen !== false && (proxy === undefined || proxyListen === true),
      now: options.now,
    });
  }

  /** Where downloads go unless they are told otherwise; absolute. */
  get downloadDir(): string {
    return this.settings.get("downloads.dir");
  }

  /** Throws ERR_LOCKED when the profile runs already, and what an identity, a database or a session throws that can't be opened. */
  static async open(options: NodeOptions): Promise<ShoalNode> {
    const { profile } = options;
    await mkdir(profile.stateDir, { recursive: true, mode: 0o700 });
    const lock = await ProcessLock.acquire(profile.stateDir, "daemon", `the profile "${profile.name}"`);
    try {
      return await ShoalNode.#openLocked(options, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static async #openLocked(options: NodeOptions, lock: ProcessLock): Promise<ShoalNode> {
    const { profile, settings, now } = options;
    const file = new LogFile(profile.logFile, settings.get("log.level"));
    settings.on(["log.level"], () => (file.level = settings.get("log.level")));
    const log = new LogTap([file, options.log], now);
    const notices = new Notices(now);
    const identity = await Identity.load(profile.identityFile);
    const downloadDir = settings.get("downloads.dir");
    const { database, trouble } = await openState({ profile, downloadDir, log, now });
    let session: Session | null = null;
    try {
      const tokens = await Tokens.load(tokenTable(database), now);
      session = await createSession({
        ...options.session,
        diskReserve: settings.get("downloads.reserve"),
        stateDir: profile.stateDir,
        log,
      });
      const limits = await Limits.open({ session, database, settings, now });
      const ledger = await Ledger.open({ session, database, notices, settings, log, now });
      limitQueue(session, settings);
      const labels = await Labels.open(database);
      const transfers = await Transfers.open({
        session,
        database,
        torrentsDir: profile.torrentsDir,
        incompleteDir: () => settings.get("downloads.incompleteDir"),
        trashKeepMs: () => settings.get("trash.keep"),
        log,
        now,
      });
      const limit = (): number => settings.get("history.limit");
      const history = new History({ database, transfers, limit, log, now });
      const board = await NoticeBoard.open(database, notices, now);
      if (trouble !== null) board.add({ kind: "failed", message: trouble });
      const command = (): readonly string[] | null => settings.get("downloads.onComplete");
      const hook = new CompletionHook({ command, env: options.env, log });
      const completions = new Completions({ transfers, hook, board, log });
      const { stateDir, torrentsDir } = profile;
      const shares = await Shares.open({ transfers, database, torrentsDir, stateDir, log, now });
      const fileIndex = await FileIndex.open(database, transfers, log);
      const watchFolders = await WatchFolders.open({
        database,
        board,
        log,
        now,
      });
      const goals = new SharingGoals({ transfers, labels, settings, now });
      log.info("started", {
        profile: profile.name,
        peerId: identity.peerId,
        transfers: transfers.list().length,
      });
      return new ShoalNode(options, {
        file,
        lock,
        identity,
        session,
        transfers,
        completions,
        moves: new Moves({ transfers, board, log }),
        labels,
        goals,
        board,
        ledger,
        history,
        limits,
        shares,
        fileIndex,
        watchFolders,
        tokens,
        database,
        log,
        notices,
      });
    } catch (error) {
      await session?.close();
      await database.close();
      throw error;
    }
  }

  /** Adds a transfer as a program or person asks for it. Throws what `newTransfer`, `assertRoom` and `Transfers.add` throw. */
  async add(wanted: AddTorrent): Promise<Transfer> {
    const transfer = await newTransfer(wanted, this);
    const { source, downloadDir, paused } = transfer;
    if (source.torrentBytes !== undefined && !paused && wanted.ignoreSpace !== true) {
      const incomplete = this.settings.get("downloads.incompleteDir");
      const folders = incomplete === null ? [downloadDir] : [incomplete, downloadDir];
      const reserve = this.settings.get("downloads.reserve");
      await assertRoom({ torrentBytes: source.torrentBytes, folders, reserve });
    }
    const added = await this.transfers.add(transfer);
    if (wanted.first === true) await this.queue.move([added], "top");
    return added;
  }

  /** Fetches a file by its id, or the beginning of it; see `getFile`. */
  getFile(prefix: string, how: GetFile): Promise<Transfer> {
    const { fileIndex, transfers } = this;
    return getFile(
      { fileIndex, transfers, database: this.#database, add: (wanted) => this.add(wanted) },
      prefix,
      how,
    );
  }

  /** Ends everything in good order: nothing that was told is lost. */
  async close(): Promise<void> {
    this.live.close();
    await this.audit.close();
    this.torrentFetcher.close();
    await this.watchFolders.close();
    this.doctor.close();
    this.limits.close();
    await this.shares.close();
    await this.fileIndex.close();
    await this.completions.close();
    this.#goals.close();
    await this.moves.close();
    await this.transfers.close();
    await this.history.close();
    await this.board.close();
    await this.session.close();
    await this.ledger.close();
    await this.#database.close();
    this.log.info("stopped");
    this.#file.close();
    this.#lock.release();
  }
}

/** What binds everything to this computer. */
function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.[\d.]+|::1|localhost|lo)$/.test(host);
}
